"""The database of a town, running or stopped, for commands that only read."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg

from mqttown_cli.folder import DataFolder, FolderError
from mqttown_cli.postgres import EmbeddedPostgres

__all__ = ["database_of", "open_database"]


@contextmanager
def database_of(folder: DataFolder, url: str | None = None) -> Iterator[str]:
    """URL of a town's database; the embedded one of a stopped town is started for the while.

    Args:
        folder: data directory.
        url: of a PostgreSQL of the user's own, when the town was started with `--database`.

    Raises:
        FolderError: there is no town in that directory.
    """
    if url is not None:
        yield url
    elif folder.held():
        yield folder.running()["database"]
    elif folder.postgres.exists():
        folder.lock()  # so that no `up` starts the same cluster meanwhile
        try:
            with EmbeddedPostgres(folder.postgres) as server:
                yield server.url
        finally:
            folder.unlock()
    else:
        raise FolderError(f"there is no town in {folder.path}; name its directory with --data, or its --database")


@asynccontextmanager
async def open_database(folder: DataFolder, url: str | None = None) -> AsyncIterator[asyncpg.Connection]:
    """Connect to a town's database, see `database_of`."""
    with database_of(folder, url) as found:
        connection = await asyncio.wait_for(asyncpg.connect(found), 20)
        try:
            yield connection
        finally:
            await connection.close()
