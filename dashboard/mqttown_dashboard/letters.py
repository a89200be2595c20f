"""Letters to people: by any service that Apprise knows, or into a file where a town is only tried out."""

import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import quote

import orjson
import structlog

__all__ = ["Letters"]

_FILE: Final = "file:"

log = structlog.get_logger(__name__)


class Letters:
    """Sends letters.

    Args:
        way: `file:PATH` writes JSON lines there; else a URL of Apprise's with `{to}` in it, like
            `mailtos://user:password@smtp.example.org?to={to}`; None sends nothing.

    Raises:
        ValueError: it is no such URL, or has no place for the address, or Apprise is not installed (extra `mail`).
    """

    def __init__(self, way: str | None) -> None:
        self._way = way
        self._sending: set[asyncio.Task[None]] = set()
        if way is not None and not way.startswith(_FILE):
            try:
                import apprise  # noqa: PLC0415  an extra
            except ModuleNotFoundError as error:
                raise ValueError("MQTTOWN_MAIL needs the extra `mail`: pip install 'mqttown-town[mail]'") from error
            if "{to}" not in way or apprise.Apprise.instantiate(way.replace("{to}", "somebody%40example.org")) is None:
                raise ValueError("MQTTOWN_MAIL: file:PATH, or a URL that Apprise knows with {to} where the address goes")

    @property
    def sends(self) -> bool:
        """Whether anything can be sent."""
        return self._way is not None

    def send(self, to: str, title: str, body: str) -> None:
        """Send a letter, later; what goes wrong is logged, without the letter."""
        task = asyncio.create_task(self._send(to, title, body), name="mqttown[dashboard].letter")
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, to: str, title: str, body: str) -> None:
        if self._way is None:
            return
        if self._way.startswith(_FILE):
            await asyncio.to_thread(_append, Path(self._way.removeprefix(_FILE)), to, title, body)
            return
        import apprise  # noqa: PLC0415

        post = apprise.Apprise()
        post.add(self._way.replace("{to}", quote(to, safe="")))
        if not await post.async_notify(body=body, title=title):
            log.warning("a letter could not be sent")


def _append(file: Path, to: str, title: str, body: str) -> None:
    file.touch(mode=0o600)
    with file.open("ab") as out:
        out.write(orjson.dumps({"to": to, "title": title, "body": body}) + b"\n")
