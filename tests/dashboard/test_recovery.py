"""A forgotten password: a letter with a token, good once, that tells strangers nothing."""

import asyncio
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from mqttown_dashboard.letters import Letters

PASSWORD = "seven grey trams"


def test_the_way_back_in(another: Any, tmp_path: Path) -> None:
    box = tmp_path / "letters"
    api = f"{another(MQTTOWN_MAIL=f'file:{box}')}api/v1"

    def send(method: str, path: str, body: Any = None, token: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.request(method, f"{api}{path}", json=body, headers=headers, timeout=15)

    def sign_in(password: str) -> httpx.Response:
        return send("POST", "/sessions", {"name": "wanda", "password": password})

    send("POST", "/accounts", {"name": "wanda", "password": PASSWORD})
    token = sign_in(PASSWORD).json()["access_token"]
    assert send("PUT", "/me/mail", {"mail": "no address"}, token).status_code == 422
    assert send("PUT", "/me/mail", {"mail": "wanda@example.org\nBcc: x@example.org"}, token).status_code == 422
    answers = [send("POST", "/accounts/forgotten", {"name": name}) for name in ("wanda", "nobody-of-that-name")]
    assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"null")] * 2
    assert not box.exists(), "without an address there is no letter"
    assert send("PUT", "/me/mail", {"mail": "wanda@example.org"}, token).status_code == 204
    assert send("GET", "/me/mail", None, token).json() == {"mail": "wanda@example.org", "sent": True}
    assert send("POST", "/accounts/forgotten", {"name": "wanda"}).status_code == 202
    letter = asyncio.run(_first_line(box))
    assert letter["to"] == "wanda@example.org"
    found = re.search(r"token=(mqf_[\w-]+)", letter["body"])
    assert found is not None
    again = {"token": found[1], "new_password": "eight green trams"}
    assert send("POST", "/accounts/recovered", again | {"token": found[1] + "x"}).status_code == 403
    assert send("POST", "/accounts/recovered", again).status_code == 204
    assert send("GET", "/me", None, token).status_code == 401, "all sessions are ended"
    assert [sign_in(PASSWORD).status_code, sign_in("eight green trams").status_code] == [401, 201]
    used = send("POST", "/accounts/recovered", again)
    assert (used.status_code, found[1] in used.text) == (403, False)
    send("POST", "/accounts/forgotten", {"name": "wanda"})
    assert send("POST", "/accounts/forgotten", {"name": "wanda"}).status_code == 429


async def _first_line(file: Path) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while not file.exists() or not file.read_bytes().endswith(b"\n"):  # noqa: ASYNC110, ASYNC240  another process writes it
            await asyncio.sleep(0.02)
    return dict(json.loads(file.read_text(encoding="utf-8").splitlines()[0]))  # noqa: ASYNC240


def test_a_town_without_post_says_so(another: Any) -> None:
    answer = httpx.post(f"{another(MQTTOWN_MAIL='')}api/v1/accounts/forgotten", json={"name": "anybody"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # Apprise's, on Python 3.11
async def test_a_letter_goes_by_a_service_that_apprise_knows() -> None:
    pytest.importorskip("apprise", reason="the extra `mail` is not installed")
    got: list[tuple[str, dict[str, Any]]] = []
    came = threading.Event()

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(200)
            self.end_headers()
            came.set()

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        letters = Letters(f"json://127.0.0.1:{server.server_port}/{{to}}")
        letters.send("wanda@example.org", "Title", "Body")
        assert await asyncio.to_thread(came.wait, 10)
        await asyncio.gather(*letters._sending)
    finally:
        server.shutdown()
        server.server_close()
    assert "wanda" in got[0][0]
    assert (got[0][1]["title"], got[0][1]["message"]) == ("Title", "Body")


@pytest.mark.parametrize("way", ["nonsense", "mailtos://user:password@smtp.example.org"])
def test_a_way_that_can_not_be_meant_is_refused(way: str) -> None:
    pytest.importorskip("apprise", reason="the extra `mail` is not installed")
    with pytest.raises(ValueError, match="MQTTOWN_MAIL"):
        Letters(way)
