"""Attacks on the HTTP side: paths, bodies, headers, tokens, other people's agents, streams without end."""

import base64
import contextlib
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import psutil
import pytest

pytestmark = pytest.mark.town
PASSWORD = "seven grey trams"
Sign = Callable[..., httpx.Client]


@pytest.fixture
def signed_in(town: Any, anyone: httpx.Client) -> Iterator[Sign]:
    """Sign somebody up and in; returns a client with their access token, and the tokens in `tokens`."""
    opened: list[httpx.Client] = []

    def sign(name: str) -> httpx.Client:
        assert anyone.post("/accounts", json={"name": name, "password": PASSWORD}).status_code in {201, 409}
        tokens = anyone.post("/sessions", json={"name": name, "password": PASSWORD}).json()
        client = httpx.Client(base_url=town.api, headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=20)
        client.tokens = tokens  # type: ignore[attr-defined]
        opened.append(client)
        return client

    yield sign
    for client in opened:
        client.close()


def raw(town: Any, request: bytes, source: str = "127.0.0.77", patience: float = 1) -> bytes:
    """Send bytes as they are; what comes back until the server closes or, `patience` seconds long, says nothing."""
    host, port = town.api.removeprefix("http://").partition("/")[0].split(":")
    with socket.create_connection((host, int(port)), 5, source_address=(source, 0)) as link:
        link.sendall(request)
        link.settimeout(patience)
        answer = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            while piece := link.recv(65_536):
                answer += piece
    return answer


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_climb_out_of_the_page_folder(town: Any) -> None:
    """Ask for files outside the page's folder: `../`, percent-encoded, doubled, with backslashes and a zero byte.

    404 or 400 each; no secret comes back.
    """
    secret = town.secrets["tokens"]["operator"].encode()
    for path in ("/../secrets.json", "/..%2f..%2fsecrets.json", "/%2e%2e/%2e%2e/secrets.json", "/assets/..%5c..%5csecrets.json",
                 "/....//....//secrets.json", "/%00", "//etc/passwd", "/assets/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
                 f"/{town.data}/secrets.json"):  # fmt: skip
        answer = raw(town, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(), patience=20)
        assert status_of(answer) in {400, 404, 405, 503}, (path, answer[:200])
        assert secret not in answer
        assert b"root:" not in answer


def test_paths_as_ids(anyone: httpx.Client) -> None:
    """Give paths, zero bytes, 10,000 letters and SQL as the id of an agent or a building.

    404 or 422, as problem JSON without a traceback.
    """
    for name in ("..%2f..%2fetc%2fpasswd", "%00", "x" * 10_000, "'%20OR%201=1--", "%2e%2e", "olga%0d%0aX-Injected:1", "🙂"):
        for kind in ("agents", "buildings"):
            answer = anyone.get(f"/{kind}/{name}")
            assert answer.status_code in {404, 422}, (name, answer.text[:200])
            assert answer.headers["content-type"] == "application/problem+json"
            assert "Traceback" not in answer.text
            assert "x-injected" not in answer.headers


def test_sql_in_every_parameter(anyone: httpx.Client) -> None:
    """Put SQL into every parameter of the events.

    422 each; none is handed to the database.
    """
    for name in ("agent", "district", "building", "kind", "since_tick", "limit", "order", "cursor", "until_tick"):
        answer = anyone.get("/events", params={name: "1; DROP TABLE town.events; --"})
        assert answer.status_code == 422, (name, answer.text)
        assert answer.json()["code"] == "bad_parameters"


def test_ask_for_everything_at_once(anyone: httpx.Client) -> None:
    """Ask for pages of 10^9, of minus one, and of 10^400 items.

    422: a page holds at most 1,000.
    """
    for path in ("/events", "/agents", "/buildings"):
        for limit in ("1000000000", "-1", "1" + "0" * 400, "1e9", "NaN", "0"):
            assert anyone.get(path, params={"limit": limit}).status_code == 422, (path, limit)


def test_tamper_with_a_cursor(anyone: httpx.Client) -> None:
    """Give back cursors that were changed: other types, huge numbers, deep lists, SQL, junk.

    422 each, or an honest empty page.
    """
    for parts in (["' OR 1=1"], [10**30, 0], [1.5, 2], [None, None], [[1], [2]], {"a": 1}, [2**63, 2**63], [-1, -1], [1, 2**40]):
        cursor = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")
        answer = anyone.get("/events", params={"cursor": cursor, "limit": 1})
        assert answer.status_code in {200, 422}, (parts, answer.text)
        assert "Traceback" not in answer.text
    for cursor in ("%%%", "A", "====", "W" * 400, "[[[["):
        assert anyone.get("/events", params={"cursor": cursor}).status_code == 422


def test_a_body_without_end(town: Any, anyone: httpx.Client) -> None:
    """Send bodies of 1 MB: announced, in chunks that announce nothing, and with a length that is a lie.

    413 or 400 at once; nothing is kept of it.
    """
    body = b'{"name": "big", "password": "' + b"x" * 1_000_000 + b'"}'
    assert anyone.post("/accounts", content=body).status_code == 413
    chunks = (body[start : start + 8_192] for start in range(0, len(body), 8_192))
    assert anyone.post("/accounts", content=chunks).status_code == 413
    head = b"POST /api/v1/accounts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    for lie in (b"Content-Length: -5\r\n", b"Content-Length: 99999999999999999999\r\n", b"Content-Length: abc\r\n"):
        assert status_of(raw(town, head + lie + b"Connection: close\r\n\r\n{}")) in {0, 400, 413}


def test_smuggle_a_second_request(town: Any) -> None:
    """Send a request with both a length and chunks, in the hope that two readers see two different ends.

    Refused, or read as one request: no second answer comes.
    """
    hidden = b"GET /api/v1/agents HTTP/1.1\r\nHost: localhost\r\n\r\n"
    request = (
        b"POST /api/v1/accounts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden
    )
    answer = raw(town, request)
    assert b'"items"' not in answer.partition(b"\r\n\r\n")[0]
    assert status_of(answer) in {400, 411, 413, 422}, answer[:200]


def test_inject_a_header(town: Any, anyone: httpx.Client) -> None:
    """Put line ends into ids, resume positions and paths that come back in headers.

    No header of the attacker's is in any answer.
    """
    for path in ("/api/v1/agents/a%0d%0aSet-Cookie:%20x=1/actions/b%0d%0aSet-Cookie:%20x=1", "/x%0d%0aSet-Cookie:%20x=1"):
        answer = raw(town, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert b"set-cookie" not in answer.partition(b"\r\n\r\n")[0].lower()
    with anyone.stream("GET", "/stream", headers={"Last-Event-ID": "x-99999999999999999999"}) as answer:
        assert answer.status_code == 200
        assert next(line for line in answer.iter_lines() if line.startswith("event:")) == "event: snapshot"


def test_read_from_a_foreign_page(anyone: httpx.Client) -> None:
    """Have a page of another origin read the API in somebody's browser, and send changes from it.

    No answer allows another origin, there are no cookies, and a preflight is answered with nothing.
    """
    origin = {"Origin": "https://evil.example"}
    for answer in (
        anyone.get("/agents", headers=origin),
        anyone.options("/accounts", headers={**origin, "Access-Control-Request-Method": "POST"}),
        anyone.post("/sessions", json={"name": "nobody", "password": "x" * 12}, headers=origin),
    ):
        assert [name for name in answer.headers if name.startswith("access-control-")] == []
        assert "set-cookie" not in answer.headers


def test_the_hidden_side_without_a_token(anyone: httpx.Client) -> None:
    """Read another's memories, knowledge and actions without a token, and with the names of trusted hosts.

    401.
    """
    for headers in ({}, {"Host": "localhost"}, {"X-Forwarded-For": "127.0.0.1"}, {"X-Forwarded-Host": "localhost"}):
        for path in ("memories?query=x", "knows", "actions"):
            assert anyone.get(f"/agents/olga/{path}", headers=headers).status_code == 401, (path, headers)


def forged(claims: dict[str, Any], key: str, algorithm: str, **headers: Any) -> str:
    return jwt.encode(claims, key, algorithm, headers=headers)


@pytest.mark.parametrize("how", ["none", "empty-key", "other-key", "path-as-kid", "foreign-issuer", "stripped"])
def test_forge_a_token(town: Any, signed_in: Sign, anyone: httpx.Client, how: str) -> None:
    """Forge an access token: algorithm `none`, an empty key, another key, a path as the key's name, another town, no signature.

    401 each.
    """
    token = signed_in("tilda").tokens["access_token"]  # type: ignore[attr-defined]
    claims = jwt.decode(token, options={"verify_signature": False})
    kid = jwt.get_unverified_header(token)["kid"]
    claims["sub"] = "operator"
    made = {
        "none": lambda: forged(claims, "", "none", kid=kid),
        "empty-key": lambda: _by_hand(claims, {"alg": "HS256", "kid": kid}, b""),
        "other-key": lambda: forged(claims, "k" * 40, "HS256", kid=kid),
        "path-as-kid": lambda: forged(claims, "k" * 40, "HS256", kid="../../../../dev/null"),
        "foreign-issuer": lambda: forged({**claims, "iss": "mqttown/elsewhere"}, "k" * 40, "HS256", kid=kid),
        "stripped": lambda: token.rpartition(".")[0] + ".",
    }[how]()
    answer = anyone.get("/accounts", headers={"Authorization": f"Bearer {made}"})
    assert answer.status_code == 401, answer.text


def _by_hand(claims: dict[str, Any], header: dict[str, Any], key: bytes) -> str:
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    body = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims))
    signed = base64.urlsafe_b64encode(hmac.new(key, body, hashlib.sha256).digest()).rstrip(b"=")
    return (body + b"." + signed).decode()


def test_use_another_owners_agents(signed_in: Sign) -> None:
    """Revoke, give keys to, and read the memories of an agent of another owner.

    403 each; the agent is still there.
    """
    owner, thief = signed_in("una"), signed_in("theo")
    assert owner.post("/agents", json={"id": "unas-own", "district": "punavuori"}).status_code == 201
    for answer in (
        thief.delete("/me/agents/unas-own"),
        thief.get("/me/agents/unas-own/keys"),
        thief.post("/me/agents/unas-own/keys", json={"tag": "mine"}),
        thief.delete("/me/agents/unas-own/keys/second"),
        thief.get("/agents/unas-own/memories", params={"query": "x"}),
        thief.get("/agents/unas-own/knows"),
    ):
        assert answer.status_code == 403, answer.text
    assert [agent["id"] for agent in owner.get("/me/agents").json()] == ["unas-own"]
    assert owner.delete("/me/agents/unas-own").status_code == 204


def test_act_at_the_door_as_another(town: Any, anyone: httpx.Client, journal: Any) -> None:
    """Act, observe and recall at the REST door as the victim, with one's own good key and with none.

    401 and 403; the victim has done nothing.
    """
    key = town.register("door-thief")["password"]
    action = {"id": "rest-forged", "action": "say", "parameters": {"text": "I am Olga"}}
    for headers, status in (({}, 401), ({"Authorization": f"Bearer {key}"}, 403)):
        assert anyone.post("/agents/olga/actions", json=action, headers=headers).status_code == status
        assert anyone.get("/agents/olga/observation", headers=headers).status_code == status
        assert anyone.post("/agents/olga/memories/recall", json={"query": "x"}, headers=headers).status_code == status
    town.operator.delete("/me/agents/door-thief")


def test_make_oneself_operator(signed_in: Sign, anyone: httpx.Client) -> None:
    """Sign up with a role of one's choice, under the operator's name, and change one's own role.

    422, 409 and 403.
    """
    assert anyone.post("/accounts", json={"name": "mallory", "password": PASSWORD, "role": "operator"}).status_code == 422
    assert anyone.post("/accounts", json={"name": "operator", "password": PASSWORD}).status_code == 409
    mallory = signed_in("mallory")
    assert mallory.patch("/accounts/mallory", json={"role": "operator"}).status_code == 403
    assert mallory.get("/accounts").status_code == 403
    assert mallory.post("/accounts/invited", json={"name": "friend", "password": PASSWORD}).status_code == 403
    assert mallory.get("/me").json()["role"] == "owner"


def test_widen_an_api_key(signed_in: Sign, town: Any, anyone: httpx.Client) -> None:
    """Use an API key for reading to register agents, to make a wider key, and to change the password.

    403 each.
    """
    ivo = signed_in("ivo")
    key = ivo.post("/me/api-keys", json={"label": "reader", "scopes": ["read"]}).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    assert anyone.get("/me", headers=headers).status_code == 200
    assert anyone.post("/agents", json={"id": "by-reader"}, headers=headers).status_code == 403
    wider = {"label": "wider", "scopes": ["read", "agents", "operate"]}
    assert anyone.post("/me/api-keys", json=wider, headers=headers).status_code == 403
    change = {"password": PASSWORD, "new_password": "eight grey trams"}
    assert anyone.put("/me/password", json=change, headers=headers).status_code == 403


def test_use_a_refresh_token_twice(signed_in: Sign, anyone: httpx.Client) -> None:
    """Use a stolen refresh token after its owner has used it.

    401, and the whole session ends: thief and owner have to sign in again.
    """
    tokens = signed_in("rita").tokens  # type: ignore[attr-defined]
    form = {"refresh_token": tokens["refresh_token"]}
    renewed = anyone.post("/sessions/refresh", json=form)
    assert renewed.status_code in {200, 201}
    assert anyone.post("/sessions/refresh", json=form).status_code == 401
    again = anyone.post("/sessions/refresh", json={"refresh_token": renewed.json()["refresh_token"]})
    assert again.status_code == 401


def test_guess_a_password(signed_in: Sign, anyone: httpx.Client) -> None:
    """Guess a password 30 times.

    After a few attempts 429 with the time to wait; before that 401, the same for accounts that are and that are not.
    """
    signed_in("petra")
    codes: list[int] = []
    details = set()
    for number in range(30):
        name = ("petra", "not-there")[number % 2]
        answer = anyone.post("/sessions", json={"name": name, "password": f"guess number {number}"})
        codes.append(answer.status_code)
        if answer.status_code == 401:
            details.add(answer.json()["detail"])
    assert set(codes) == {401, 429}
    assert codes.count(401) <= 12
    assert len(details) == 1


def test_names_of_the_towns_own(town: Any) -> None:
    """Register an agent under the name of a service, of a host, or of one that has been revoked.

    409 each.
    """
    town.register("once-upon")
    assert town.operator.delete("/me/agents/once-upon").status_code == 204
    for name in ("orchestrator", "cli", "dashboard", "memory", "gateway", "host-1", "host-42", "once-upon", "olga"):
        assert town.operator.post("/agents", json={"id": name}).status_code == 409, name


def test_more_agents_than_allowed(signed_in: Sign) -> None:
    """Register 22 agents with one account.

    20 are made, the other two refused with 409.
    """
    greta = signed_in("greta")
    codes = [greta.post("/agents", json={"id": f"greta-{number}", "district": "punavuori"}).status_code for number in range(22)]
    assert codes == [201] * 20 + [409] * 2
    for number in range(20):
        greta.delete(f"/me/agents/greta-{number}")


def test_streams_without_end(town: Any) -> None:
    """Open 200 live streams and read none of them.

    Others are answered as ever, after less than four seconds of the page's own work, and it grows by less than 64 MiB.
    """
    pid = town.running["pids"]["dashboard"]
    host, port = town.api.removeprefix("http://").partition("/")[0].split(":")
    before, began = _resident(pid), _worked(pid)
    with contextlib.ExitStack() as held:
        for _ in range(200):
            link = held.enter_context(socket.create_connection((host, int(port)), 5, source_address=("127.0.0.78", 0)))
            link.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert town.operator.get("/clock").status_code == 200
        assert _worked(pid) - began < 4
        assert _resident(pid) - before < 64 * 1024 * 1024


def test_half_a_request(town: Any) -> None:
    """Open 200 connections that send half of a header and then wait.

    Others are answered as ever, after less than four seconds of the page's own work.
    """
    pid = town.running["pids"]["dashboard"]
    began = _worked(pid)
    host, port = town.api.removeprefix("http://").partition("/")[0].split(":")
    with contextlib.ExitStack() as held:
        for _ in range(200):
            link = held.enter_context(socket.create_connection((host, int(port)), 5, source_address=("127.0.0.79", 0)))
            link.sendall(b"GET /api/v1/clock HTTP/1.1\r\nHost: loc")
        assert town.operator.get("/clock").status_code == 200
        assert _worked(pid) - began < 4


def test_a_flood_of_requests(anyone: httpx.Client, town: Any) -> None:
    """Send 1,300 requests from one address.

    The last hundred are answered 429 with the time to wait; another address is answered as ever.
    """
    codes = [anyone.get("/clock").status_code for _ in range(1_300)]
    assert set(codes) == {200, 429}
    assert codes.count(200) <= 1_200 * 2  # a minute may end on the way
    assert town.operator.get("/clock").status_code == 200


def _resident(process: int) -> int:
    with open(f"/proc/{process}/statm", encoding="ascii") as told:  # noqa: PTH123  one line
        return int(told.read().split()[1]) * 4096


def _worked(process: int) -> float:
    """Seconds of processor time so far, which nobody else's work on this machine has a part in."""
    times = psutil.Process(process).cpu_times()
    return times.user + times.system
