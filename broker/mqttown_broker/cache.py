"""The credentials of PostgreSQL in memory, kept fresh by its notifications, and kept when it is away."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self

import asyncpg
import structlog

from mqttown_broker.credentials import Credential
from mqttown_broker.login import Refused

__all__ = ["CredentialCache"]

log = structlog.get_logger(__name__)

CHANNEL: Final = "credentials"
READS_AT_A_TIME: Final = 4
"""A flood of wrong keys can't take more of the database than this."""
READ_SECONDS: Final = 2.0
CHECK_SECONDS: Final = 5.0
"""How often the listening connection is tried, so that a silent loss is noticed."""
AGAIN_SECONDS: Final = 0.2
CLOSE_SECONDS: Final = 0.3
_DATABASE_ERRORS: Final = (OSError, TimeoutError, asyncpg.exceptions.PostgresError, asyncpg.exceptions.InterfaceError)
_COLUMNS: Final = "SELECT agent, tag, key_hash, kind, home_district, expires, revoked, scope, mosquitto_hash FROM town.credentials"


class CredentialCache:
    """All credentials by name and tag. Use as a context manager.

    Args:
        database: PostgreSQL URL.
        changed: awaited with the name whose credentials changed, or with None when anyone's may have.
    """

    def __init__(self, database: str, changed: Callable[[str | None], Awaitable[None]]) -> None:
        self._database = database
        self._changed = changed
        self._names: dict[str, dict[str, Credential]] = {}
        self._announced: asyncio.Queue[str | None] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._pool: asyncpg.Pool | None = None
        self._listening: asyncpg.Connection | None = None
        self._broken = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Read all credentials and begin to listen.

        Raises:
            OSError, asyncpg.exceptions.PostgresError: the database can't be reached at the start.
        """
        self._pool = await asyncpg.create_pool(self._database, min_size=1, max_size=READS_AT_A_TIME)
        self._listening = await self._listen()
        await self._read_all()
        self._tasks = [
            asyncio.create_task(self._keep_listening(), name="credentials listener"),
            asyncio.create_task(self._follow(), name="credentials follower"),
        ]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop listening and let go of the database."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        opened: tuple[Any, ...] = (self._listening, self._pool)
        for open_one in opened:
            if open_one is not None:
                try:
                    async with asyncio.timeout(CLOSE_SECONDS):
                        await open_one.close()
                except _DATABASE_ERRORS:
                    open_one.terminate()

    def __len__(self) -> int:
        """How many names are known."""
        return len(self._names)

    def names(self) -> list[str]:
        """All names that are known, in the order of the alphabet."""
        return sorted(self._names)

    def known(self, name: str) -> Mapping[str, Credential] | None:
        """The credentials of a name by tag, from memory."""
        return self._names.get(name)

    async def read(self, name: str) -> Mapping[str, Credential] | None:
        """The credentials of a name by tag, from the database.

        Raises:
            Refused: the database is away.
        """
        assert self._pool is not None, "entered"
        try:
            rows = await self._pool.fetch(f"{_COLUMNS} WHERE agent = $1", name, timeout=READ_SECONDS)
        except _DATABASE_ERRORS as error:
            raise Refused(f"not in memory, and the database is away: {error!r}") from error
        if rows:
            self._names[name] = {row["tag"]: Credential(**row) for row in rows}
        else:
            self._names.pop(name, None)
        return self._names.get(name)

    async def _read_all(self) -> None:
        assert self._pool is not None, "entered"
        names: dict[str, dict[str, Credential]] = {}
        for row in await self._pool.fetch(_COLUMNS):
            names.setdefault(row["agent"], {})[row["tag"]] = Credential(**row)
        self._names = names

    async def _listen(self) -> asyncpg.Connection:
        connection: asyncpg.Connection = await asyncpg.connect(self._database, timeout=READ_SECONDS)
        self._broken = broken = asyncio.Event()
        connection.add_termination_listener(lambda _: broken.set())
        await connection.add_listener(CHANNEL, lambda *told: self._announced.put_nowait(told[3] or None))
        return connection

    async def _keep_listening(self) -> None:
        while True:
            assert self._listening is not None, "entered"
            await self._until_broken(self._listening)
            self._listening.terminate()
            log.warning("the database is away; known keys still open the gate")
            while True:
                await asyncio.sleep(AGAIN_SECONDS)
                with contextlib.suppress(*_DATABASE_ERRORS):
                    self._listening = await self._listen()
                    break
            log.info("the database is back")
            self._announced.put_nowait(None)  # whatever was announced meanwhile was not heard

    async def _until_broken(self, connection: asyncpg.Connection) -> None:
        while not self._broken.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_SECONDS):
                    await self._broken.wait()
                    return
            try:
                await connection.execute("SELECT 1", timeout=READ_SECONDS)
            except _DATABASE_ERRORS:
                return

    async def _follow(self) -> None:
        while True:
            name = await self._announced.get()
            try:
                await (self.read(name) if name is not None else self._read_all())
            except (Refused, *_DATABASE_ERRORS) as error:
                log.warning("a change of credentials could not be read; trying again", error=repr(error))
                await asyncio.sleep(AGAIN_SECONDS)
                self._announced.put_nowait(name)
            else:
                await self._changed(name)
