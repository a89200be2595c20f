"""Keeps in the database when each key last let somebody in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import asyncpg
import structlog

__all__ = ["kept_uses"]

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 5.0
WRITE_SECONDS: Final = 5.0
_WRITE: Final = (
    "INSERT INTO town.credential_uses (agent, tag, last) VALUES ($1, $2, $3) "
    "ON CONFLICT (agent, tag) DO UPDATE SET last = EXCLUDED.last"
)
_DATABASE_ERRORS: Final = (OSError, TimeoutError, asyncpg.exceptions.PostgresError, asyncpg.exceptions.InterfaceError)


@asynccontextmanager
async def kept_uses(database: str, used: dict[tuple[str, str], float]) -> AsyncIterator[None]:
    """Write what comes into `used` (seconds since 1970, by name and tag) every few seconds, and take it out."""

    async def keep() -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await _write(database, used)

    keeping = asyncio.create_task(keep(), name="uses of keys")
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await _write(database, used)


async def _write(database: str, used: dict[tuple[str, str], float]) -> None:
    if not used:
        return
    rows = [(name, tag, datetime.fromtimestamp(when, UTC)) for (name, tag), when in sorted(used.items())]
    used.clear()
    try:
        async with asyncio.timeout(WRITE_SECONDS):
            connection = await asyncpg.connect(database)
            try:
                await connection.executemany(_WRITE, rows)
            finally:
                connection.terminate()
    except _DATABASE_ERRORS as error:
        log.info("when keys were last used could not be written", error=repr(error))  # a convenience, and it is told again
