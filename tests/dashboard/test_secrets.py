"""No secret that is made or sent comes into a log, an error or a place where it does not belong."""

import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

PASSWORD = "eleven red herons"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", *subject]
    subprocess.run([*made, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return cert, key


def test_secrets_are_in_no_log(another_process: Any, tmp_path: Path) -> None:
    process, page = another_process(MQTTOWN_DATA=str(tmp_path))
    api = f"{page}api/v1"

    def send(method: str, path: str, token: str | None = None, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.request(method, f"{api}{path}", headers=headers, json=body, timeout=10)

    send("POST", "/accounts", None, {"name": "logged", "password": PASSWORD})
    send("POST", "/sessions", None, {"name": "logged", "password": f"{PASSWORD}!"})
    tokens = send("POST", "/sessions", None, {"name": "logged", "password": PASSWORD}).json()
    made = send("POST", "/me/api-keys", tokens["access_token"], {"label": "k", "scopes": ["read", "agents"]}).json()
    again = [send("POST", "/sessions/refresh", None, {"refresh_token": tokens["refresh_token"]}) for _ in range(2)]
    assert [answer.status_code for answer in again] == [200, 401], "the second is logged, without the token"
    send("GET", "/agents/aino/knows", "aino-key")
    send("GET", f"/agents/{made['key']}/knows", made["key"])
    refused = send("POST", "/accounts", None, {"name": "x y", "password": PASSWORD, "more": PASSWORD})
    assert PASSWORD not in refused.json()["detail"]
    send("GET", "/observation", tokens["access_token"])
    process.terminate()
    out, errors = process.communicate(timeout=15)
    assert "a refresh token came twice" in errors, "what happens is logged"
    keys = (tmp_path / "portal-keys.json").read_text(encoding="utf-8")
    secrets = {
        "password": PASSWORD,
        "API key": made["key"],
        "access token": tokens["access_token"],
        "refresh token": tokens["refresh_token"],
        "next refresh token": again[0].json()["refresh_token"],
        "agent's key": "aino-key",
        "operator's token": "operator-token",
        "signing key": keys.partition('"secret": "')[2][:64],
    }
    assert len(secrets["signing key"]) == 64
    assert [name for name, secret in secrets.items() if secret in out + errors] == []


def test_the_page_over_tls(another_process: Any, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    _, page = another_process(MQTTOWN_TLS_CERT=str(cert), MQTTOWN_TLS_KEY=str(key))
    assert page.startswith("https://")
    import ssl  # noqa: PLC0415

    answer = httpx.get(f"{page}api/v1/clock", verify=ssl.create_default_context(cafile=str(cert)))
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self';" in policy, "no inline scripts"
    assert (answer.headers["x-content-type-options"], answer.headers["referrer-policy"]) == ("nosniff", "same-origin")
    assert answer.headers["cache-control"] == "no-store"


def test_a_forwarded_address_is_believed_of_trusted_proxies_alone(another_process: Any) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7"}
    addresses = []
    for trusted in ("", "127.0.0.1"):
        _, page = another_process(MQTTOWN_TRUSTED_PROXIES=trusted)
        httpx.post(f"{page}api/v1/accounts", json={"name": "proxied", "password": PASSWORD})
        signed = httpx.post(f"{page}api/v1/sessions", json={"name": "proxied", "password": PASSWORD}, headers=headers).json()
        token = {"Authorization": f"Bearer {signed['access_token']}"}
        sessions = httpx.get(f"{page}api/v1/sessions", headers=token).json()
        addresses.append(next(session["address"] for session in sessions if session["current"]))
    assert addresses == ["127.0.0.1", "203.0.113.7"]
