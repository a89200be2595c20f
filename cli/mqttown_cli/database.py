"""The database of a town, running or stopped, for commands that only read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from mqttown_cli.folder import DataFolder, FolderError
from mqttown_cli.postgres import EmbeddedPostgres

__all__ = ["open_database"]


@asynccontextmanager
async def open_database(folder: DataFolder, url: str | None = None) -> AsyncIterator[asyncpg.Connection]:
    """Connect to a town's database; the embedded one of a stopped town is started for the while.

    Args:
        folder: data directory.
        url: of a PostgreSQL of the user's own, when the town was started with `--database`.

    Raises:
        FolderError: there is no town in that directory.
    """
    async with AsyncExitStack() as stack:
        if url is None and folder.held():
            url = folder.running()["database"]
        elif url is None:
            if not folder.postgres.exists():
                raise FolderError(f"there is no town in {folder.path}; name its directory with --data, or its --database")
            folder.lock()  # so that no `up` starts the same cluster meanwhile
            server = EmbeddedPostgres(folder.postgres)
            server.start()
            stack.callback(server.stop)
        connection = await asyncio.wait_for(asyncpg.connect(url), 20)
        stack.push_async_callback(connection.close)
        yield connection
