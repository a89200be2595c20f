"""The second factor: in force once confirmed, asked for at sign-in, each code good once, its secret nowhere in plain."""

import asyncio
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pyotp

PASSWORD = "seven grey trams"


def test_a_code_beside_the_password(another: Any, tmp_path: Path, journal_url: str) -> None:
    api = f"{another(MQTTOWN_DATA=str(tmp_path))}api/v1"

    def send(method: str, path: str, body: Any = None, token: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.request(method, f"{api}{path}", json=body, headers=headers, timeout=15)

    def sign_in(**more: str) -> httpx.Response:
        return send("POST", "/sessions", {"name": "twofold", "password": PASSWORD, **more})

    send("POST", "/accounts", {"name": "twofold", "password": PASSWORD})
    token = sign_in().json()["access_token"]
    made = send("POST", "/me/second-factor", None, token).json()
    assert made["uri"].startswith("otpauth://totp/")
    otp = pyotp.TOTP(made["secret"])

    def code_of(later: int = 0) -> str:
        """Of now, or of the next 30 seconds; a clock may be wrong by as much."""
        return str(otp.at(int(time.time()) + later))

    first = code_of()
    assert sign_in().status_code == 201, "not in force before it is confirmed"
    assert send("PUT", "/me/second-factor", {"code": "000000"}, token).status_code == 403
    assert send("PUT", "/me/second-factor", {"code": first}, token).status_code == 204
    assert send("GET", "/me/second-factor", None, token).json() == {"in_force": True}
    bare, wrong = sign_in(), sign_in(code="000000")
    assert [(answer.status_code, answer.json()["code"]) for answer in (bare, wrong)] == [(401, "second_factor")] * 2
    assert send("POST", "/sessions", {"name": "twofold", "password": "wrong"}).json()["code"] == "not_allowed", "the password first"
    assert sign_in(code=first).status_code == 401, "a code is good once"
    assert sign_in(code=code_of(30)).status_code == 201
    assert send("POST", "/me/second-factor", None, token).status_code == 409
    assert made["secret"] not in asyncio.run(_kept(journal_url))
    assert (tmp_path / "portal-second-factor.key").stat().st_mode & 0o077 == 0
    assert send("DELETE", "/me/second-factor", {"code": first}, token).status_code == 403
    asyncio.run(_kept(journal_url, "UPDATE portal.second_factors SET last_step = 0 RETURNING *"))
    assert send("DELETE", "/me/second-factor", {"code": code_of()}, token).status_code == 204
    assert sign_in().status_code == 201


async def _kept(url: str, statement: str = "SELECT * FROM portal.second_factors") -> str:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(statement)
    await connection.close()
    return "".join(str(tuple(row.values())) for row in rows)
