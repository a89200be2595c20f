"""What stands before every route: how often an address may ask, and what a browser may do with an answer."""

import re
from pathlib import PurePosixPath
from typing import Final

import orjson
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mqttown.archive import MAX_PACKED_BYTES
from mqttown_dashboard.problems import MEDIA_TYPE, ProblemError
from mqttown_dashboard.throttle import Throttle, too_many

__all__ = ["BodyShield", "RateShield", "ResponseHeaders", "address_of"]

MAX_BODY_BYTES: Final = 65_536
"""As on the wire."""
CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; font-src 'self'; img-src 'self' data: blob:; "
    "style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Scripts and styles of our own files only, none inline."""
HSTS: Final = "max-age=31536000"


_PROGRAM: Final = re.compile(r"/api/v1/me/residents/[^/]+/code")


def _most(scope: Scope) -> int:
    """Bytes that the body of a request may have; only an owner's program, which is read after its sender is known, may be large."""
    return MAX_PACKED_BYTES if scope["method"] == "PUT" and _PROGRAM.fullmatch(scope["path"]) else MAX_BODY_BYTES


def _too_large(most: int) -> ProblemError:
    return ProblemError(413, "too_large", f"A body holds at most {most} bytes here.", allowed=most)


def address_of(scope: Scope) -> str:
    """Address of the client, or of what the trusted proxies say it is."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


class RateShield:
    """Refuses an address that asks too often, before anything else is done for it."""

    def __init__(self, app: ASGIApp, throttle: Throttle) -> None:
        self._app = app
        self._throttle = throttle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 429."""
        wait = self._throttle.request(address_of(scope)) if scope["type"] == "http" else None
        if wait is None:
            await self._app(scope, receive, send)
            return
        await _refuse(too_many(wait, "requests a minute from one address"), send)


class BodyShield:
    """Refuses a body of more than 64 KiB (5 MiB for a program), by what it says of its length, and by what comes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = _most(scope)
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or int(told) > most:
            await _refuse(_too_large(most), send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                raise HTTPException(413, str(_too_large(most)))
            return message

        await self._app(scope, counted, send)


class ResponseHeaders:
    """Says in every answer what a browser may do with it, and how long it may keep it.

    Args:
        app: the application.
        tls: whether the page is HTTPS, and shall never be asked for without.
    """

    def __init__(self, app: ASGIApp, *, tls: bool) -> None:
        self._app = app
        self._headers = [
            (b"content-security-policy", CONTENT_POLICY.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
        ]
        if tls:
            self._headers.append((b"strict-transport-security", HSTS.encode()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and add the headers to the answer."""

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                kept = PurePosixPath(scope["path"]).parts[:2] == ("/", "assets") and message["status"] == 200
                if kept:
                    extra = [(b"cache-control", b"public, max-age=31536000, immutable")]
                elif b"cache-control" not in present and scope["path"].startswith("/api/"):
                    extra = [(b"cache-control", b"no-store")]
                else:
                    extra = []
                message["headers"] = [*message["headers"], *self._headers, *extra]
            await send(message)

        await self._app(scope, receive, headed if scope["type"] == "http" else send)


async def _refuse(error: ProblemError, send: Send) -> None:
    headers = {"content-type": MEDIA_TYPE, **error.headers}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": raw})
    await send({"type": "http.response.body", "body": orjson.dumps(error.problem.model_dump())})
