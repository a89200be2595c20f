"""Every route, asked by every role: who is let in is what the table of access says."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from mqttown_dashboard.access import rows
from mqttown_dashboard.app import create_api

PAGE = Path(__file__).parents[2] / "docs" / "contract" / "access.md"
ROLES = ("anyone", "agent", "owner", "researcher", "operator", "service")
HERE = {"agent_id": "aino", "building_id": "cafe-satama", "name": "nobody-here", "session": "0a", "key_id": "0a", "tag": "none"}
HERE |= {"action_id:path": "a-1", "version": "1", "number": "1", "provider": "local", "district_id": "ranta", "event_id": "e-3-0"}


def table() -> dict[tuple[str, str], set[str]]:
    """Of each route in the page, the roles that it is for."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").partition("## Topics")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > len(ROLES) and cells[0] in {"GET", "POST", "PUT", "PATCH", "DELETE"}:
            found[cells[0], cells[1].strip("`")] = {role for role, mark in zip(ROLES, cells[2:], strict=False) if mark == "yes"}
    return found


@pytest.fixture(scope="module")
def tokens(stage: Any) -> dict[str, str | None]:
    """A token of each kind of caller, by name; `stranger` owns nothing."""
    owner, stranger = stage.account("anna"), stage.account("stranger")
    stage.account("professor")
    stage.send("PATCH", "/accounts/professor", "operator-token", {"role": "researcher"})
    return {
        "anyone": None,
        "agent": "aino-key",
        "owner": owner["access_token"],
        "stranger": stranger["access_token"],
        "researcher": "researcher-token",
        "professor": stage.account("professor")["access_token"],
        "operator": "operator-token",
        "service": "metrics-token",
        "wrong": "no-token-of-anybody",
        "forged": "mqt_0a0a0a0a_" + "x" * 43,
    }


def let_in(who: str, path: str, roles: set[str]) -> bool:
    """Whether the table lets a caller in."""
    if "anyone" in roles:
        return True
    if who == "stranger":
        return "owner" in roles and "{agent_id}" not in path
    if who == "agent":
        return "agent" in roles and "{agent_id}" in path
    return {"professor": "researcher"}.get(who, who) in roles


def test_the_page_has_every_route() -> None:
    assert {(row.method, row.path) for row in rows(create_api())} == set(table())


def test_a_route_that_declares_nothing_is_found() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/bare", lambda: None)
    with pytest.raises(LookupError, match="/bare"):
        list(rows(app))


@pytest.mark.parametrize(("method", "path"), sorted(table()), ids=str)
def test_who_is_let_in(stage: Any, tokens: dict[str, str | None], method: str, path: str) -> None:
    roles = table()[method, path]
    if (method, path) == ("DELETE", "/api/v1/sessions/current"):
        tokens = tokens | {who: stage.account(name)["access_token"] for who, name in (("owner", "anna"), ("stranger", "stranger"))}
        tokens["professor"] = stage.account("professor")["access_token"]
    place = re.sub(r"\{([\w:]+)\}", lambda found: HERE[found[1]], path)
    persons = {"owner", "stranger", "professor"}
    for who, token in tokens.items():
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        query = {"wait": "0"} if "/agents/" in path else {}
        with httpx.stream(method, stage.page.rstrip("/") + place, headers=headers, params=query, timeout=10) as answer:
            refused = answer.status_code in (401, 403)
            said = answer.read().decode() if refused else ""
        wanted = let_in(who, path, roles)
        if wanted and roles != {"anyone"} and "account" in scope_of(path, method):
            wanted = who in persons
        assert answer.status_code < 500 or answer.status_code == 503, (who, said)  # 503: this stage has no key for it
        # 401 on a public route is about the body: a wrong password, a token that is none.
        assert refused is not wanted or "anyone" in roles, f"{who}: {answer.status_code} {said}"


def scope_of(path: str, method: str) -> str:
    """The scope that a route needs."""
    return next(row.access.scope for row in rows(create_api()) if (row.method, row.path) == (method, path))


def test_an_api_key_opens_what_it_was_made_for(stage: Any) -> None:
    session = stage.account("keyed")["access_token"]
    made = stage.send("POST", "/me/api-keys", session, {"label": "reader", "scopes": ["read"]}).json()
    assert stage.send("GET", "/me", made["key"]).json()["name"] == "keyed"
    for method, path in (("POST", "/agents"), ("GET", "/accounts"), ("POST", "/me/api-keys"), ("DELETE", "/sessions/current")):
        answer = stage.send(method, path, made["key"], {"label": "more", "id": "more"} if method == "POST" else None)
        assert answer.status_code == 403, path
