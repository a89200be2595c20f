"""Accounts, sessions and API keys: what they open, when they end, and what the database keeps of them."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from asyncpg.exceptions import InsufficientPrivilegeError

from mqttown_dashboard.portal import prepare
from mqttown_dashboard.secret import Passwords
from mqttown_dashboard.tokens import ACCESS_SECONDS, KEY_SECONDS, Claims, TokenError, Tokens

PASSWORD = "seven grey trams"


def test_signing_in_and_out(stage: Any) -> None:
    tokens = stage.account("olavi")
    assert stage.send("GET", "/me", tokens["access_token"]).json()["role"] == "owner"
    assert [session["current"] for session in stage.send("GET", "/sessions", tokens["access_token"]).json()] == [True]
    assert stage.send("DELETE", "/sessions/current", tokens["access_token"]).status_code == 204
    assert stage.send("GET", "/me", tokens["access_token"]).status_code == 401, "an access token ends with its session"
    assert stage.send("POST", "/sessions/refresh", body={"refresh_token": tokens["refresh_token"]}).status_code == 401


def test_a_refresh_token_is_good_once_and_its_second_use_ends_the_session(stage: Any) -> None:
    first = stage.account("petra")
    second = stage.send("POST", "/sessions/refresh", body={"refresh_token": first["refresh_token"]})
    assert second.status_code == 200
    assert stage.send("GET", "/me", second.json()["access_token"]).status_code == 200
    assert stage.send("POST", "/sessions/refresh", body={"refresh_token": first["refresh_token"]}).status_code == 401
    for token in (first["access_token"], second.json()["access_token"]):
        assert stage.send("GET", "/me", token).status_code == 401
    assert stage.send("POST", "/sessions/refresh", body={"refresh_token": second.json()["refresh_token"]}).status_code == 401


def test_a_session_can_be_ended_from_another(stage: Any) -> None:
    here, there = stage.account("rita"), stage.account("rita")
    assert stage.send("DELETE", f"/sessions/{there['session']}", here["access_token"]).status_code == 204
    assert stage.send("GET", "/me", there["access_token"]).status_code == 401
    foreign = stage.account("simo")
    assert stage.send("DELETE", f"/sessions/{foreign['session']}", here["access_token"]).status_code == 404


def test_a_new_password_ends_the_other_sessions(stage: Any) -> None:
    here, there = stage.account("tuula"), stage.account("tuula")
    change = {"password": PASSWORD, "new_password": "eight green trams"}
    assert stage.send("PUT", "/me/password", here["access_token"], change | {"password": "wrong"}).status_code == 403
    assert stage.send("PUT", "/me/password", here["access_token"], change).status_code == 204
    assert stage.send("GET", "/me", here["access_token"]).status_code == 200
    assert stage.send("GET", "/me", there["access_token"]).status_code == 401
    assert stage.send("POST", "/sessions", body={"name": "tuula", "password": PASSWORD}).status_code == 401


def test_a_locked_account_is_out_at_once(stage: Any) -> None:
    tokens = stage.account("urho")
    key = stage.send("POST", "/me/api-keys", tokens["access_token"], {"label": "k"}).json()["key"]
    assert stage.send("PATCH", "/accounts/urho", "operator-token", {"locked": True}).json()["locked"]
    assert [stage.send("GET", "/me", token).status_code for token in (tokens["access_token"], key)] == [401, 401]
    assert stage.send("POST", "/sessions", body={"name": "urho", "password": PASSWORD}).status_code == 401
    stage.send("PATCH", "/accounts/urho", "operator-token", {"locked": False})
    assert stage.send("GET", "/me", key).status_code == 200


def test_an_api_key_is_shown_once_and_ends_when_revoked_or_over(stage: Any) -> None:
    token = stage.account("vera")["access_token"]
    made = stage.send("POST", "/me/api-keys", token, {"label": "laptop", "scopes": ["read", "agents"]}).json()
    assert re.fullmatch(rf"mqt_{made['id']}_[\w-]{{43}}", made["key"])
    listed = stage.send("GET", "/me/api-keys", token).json()
    assert [(row["id"], row["last_four"], "key" in row) for row in listed] == [(made["id"], made["key"][-4:], False)]
    assert stage.send("GET", "/me", made["key"][:-1]).status_code == 401
    assert stage.send("DELETE", f"/me/api-keys/{made['id']}", token).status_code == 204
    assert stage.send("GET", "/me", made["key"]).status_code == 401
    over = stage.send("POST", "/me/api-keys", token, {"label": "old", "expires": "2020-01-01T00:00:00Z"})
    assert (over.status_code, over.json()["path"]) == (422, "body.expires")
    operate = stage.send("POST", "/me/api-keys", token, {"label": "more", "scopes": ["operate"]})
    assert operate.status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        ({"name": "anna b", "password": PASSWORD}, 422, "body.name"),
        ({"name": "short", "password": "123456789"}, 422, "body.password"),
        ({"name": "operator", "password": PASSWORD}, 409, "body.name"),
        ({"name": "host-1", "password": PASSWORD}, 409, "body.name"),
        ({"name": "more", "password": PASSWORD, "role": "operator"}, 422, "body.role"),
    ],
)
def test_an_account_that_can_not_be(stage: Any, body: dict[str, str], status: int, path: str) -> None:
    answer = stage.send("POST", "/accounts", body=body)
    assert (answer.status_code, answer.json()["path"]) == (status, path)
    assert body["password"] not in answer.text


def test_the_same_answer_whether_the_account_exists_or_not(stage: Any) -> None:
    stage.account("wendla")
    answers = [
        stage.send("POST", "/sessions", body={"name": name, "password": "wrong"}) for name in ("wendla", "nobody-of-that-name")
    ]
    assert answers[0].status_code == answers[1].status_code == 401
    assert answers[0].json() == answers[1].json()


async def test_the_same_work_whether_the_account_exists_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords()
    known = await passwords.hash(PASSWORD)
    assert known.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    verified: list[str] = []
    verify = passwords._hasher.verify
    monkeypatch.setattr(passwords._hasher, "verify", lambda given, against: verified.append(against) or verify(given, against))
    assert await passwords.fits(PASSWORD, known)
    assert not await passwords.fits("wrong", known)
    assert not await passwords.fits("wrong", None)
    assert len(verified) == 3, "an unknown name costs one Argon2id too"
    assert verified[2].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_too_many_failures_rest_the_account_and_too_many_attempts_the_address(another: Any) -> None:
    page = another(MQTTOWN_SIGN_INS_PER_MINUTE="14", MQTTOWN_SIGN_UPS_PER_HOUR="1")
    made = [httpx.post(f"{page}api/v1/accounts", json={"name": name, "password": PASSWORD}) for name in ("xenia", "yrjo")]
    assert [answer.status_code for answer in made] == [201, 429]

    def sign_in(name: str, password: str) -> httpx.Response:
        return httpx.post(f"{page}api/v1/sessions", json={"name": name, "password": password})

    assert [sign_in("xenia", "wrong").status_code for _ in range(10)] == [401] * 10
    rested = sign_in("xenia", PASSWORD)
    assert rested.status_code == 429
    assert int(rested.headers["Retry-After"]) > 0
    assert [sign_in(f"name{n}", "wrong").status_code for n in range(4)] == [401, 401, 401, 429]


def test_a_town_may_be_closed_to_new_accounts(another: Any) -> None:
    page = another(MQTTOWN_SIGN_UP="false", MQTTOWN_REQUESTS_PER_MINUTE="3")
    body = {"name": "zelda", "password": PASSWORD}
    assert httpx.post(f"{page}api/v1/accounts", json=body).status_code == 403
    invited = httpx.post(f"{page}api/v1/accounts/invited", json=body, headers={"Authorization": "Bearer operator-token"})
    assert invited.status_code == 201
    answers = [httpx.get(f"{page}api/v1/clock") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429], "requests of an address are counted"
    assert answers[1].headers["content-type"] == "application/problem+json"
    assert answers[1].headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("content", [b"x" * 70_000, (b"x" * 7_000 for _ in range(10))], ids=["told", "in chunks"])
def test_a_large_body_is_refused(stage: Any, content: Any) -> None:
    answer = httpx.post(f"{stage.page}api/v1/accounts", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_what_is_kept_of_secrets_is_hashes(stage: Any, journal_url: str) -> None:
    tokens = stage.account("aatu")
    key = stage.send("POST", "/me/api-keys", tokens["access_token"], {"label": "k"}).json()["key"]

    async def all_of_it() -> str:
        connection = await asyncpg.connect(journal_url)
        kept = [
            str(tuple(row.values()))
            for table in ("accounts", "sessions", "refresh_tokens", "api_keys")
            for row in await connection.fetch(f"SELECT * FROM portal.{table}")
        ]
        await connection.close()
        return "\n".join(kept)

    kept = asyncio.run(all_of_it())
    assert "aatu" in kept
    assert [secret for secret in (PASSWORD, key, tokens["access_token"], tokens["refresh_token"]) if secret in kept] == []


async def test_the_dashboards_connections_may_read_views_and_write_accounts_alone(stage: Any, journal_url: str) -> None:
    rights = await prepare(journal_url)
    connection = await asyncpg.connect(journal_url, server_settings=rights)
    assert await connection.fetchval("SELECT current_user") == "mqttown_dashboard"
    assert await connection.fetchval("SELECT count(*) FROM public.events") > 0
    for forbidden in (
        "SELECT * FROM town.events",
        "SELECT home_district FROM town.credentials",
        "UPDATE town.agents SET owner = 'me'",
        "DELETE FROM town.credentials",
        "INSERT INTO town.writer VALUES (true, 99, 0)",
        "CREATE TABLE public.mine ()",
        "CREATE TABLE portal.mine ()",
    ):
        with pytest.raises(InsufficientPrivilegeError):
            await connection.execute(forbidden)
    await connection.close()


def test_signing_keys_change_and_old_tokens_stay_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    first = Tokens.open("mqttown/tiny", tmp_path, now)
    token = first.sign(Claims("anna", "s-1"))
    file = tmp_path / "portal-keys.json"
    assert file.stat().st_mode & 0o077 == 0
    later = Tokens.open("mqttown/tiny", tmp_path, now + KEY_SECONDS + 1)
    assert later.read(token) == Claims("anna", "s-1")
    assert later.sign(Claims("anna", "s-1")).partition(".")[0] != token.partition(".")[0], "signed with a new key"
    latest = Tokens.open("mqttown/tiny", tmp_path, now + 2 * KEY_SECONDS + 2)
    with pytest.raises(TokenError, match="no key"):
        latest.read(token)
    with pytest.raises(TokenError, match="not valid"):
        Tokens("mqttown/other", first._keys).read(token)
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: now - ACCESS_SECONDS - 60)
        old = first.sign(Claims("anna", "s-1"))
    with pytest.raises(TokenError, match="over"):
        first.read(old)


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"alg": "HS256", "kid": "other"}])
def test_a_token_that_nobody_signed_opens_nothing(stage: Any, header: dict[str, str]) -> None:
    import jwt  # noqa: PLC0415

    claims = {"iss": "mqttown/tiny", "sub": "anna", "sid": "x", "iat": 1, "exp": 2**33}
    key, algorithm = (None, "none") if header["alg"] == "none" else ("x" * 32, "HS256")
    token = jwt.encode(claims, key, algorithm, headers=header)  # type: ignore[arg-type]
    assert stage.send("GET", "/me", token).status_code == 401
