"""`python -m mqttown_memory`: the memory process; with `rebuild` it makes the index across the town anew and ends."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Final

__all__ = ["main"]

# Read when numpy is imported: a recall is too small a product to be worth a thread, and each thread costs memory.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import asyncpg
import structlog
from pydantic import ValidationError

from mqttown.link import Address, Link
from mqttown.log import log_to
from mqttown.process import FAILED, UNMENDABLE, say_ready, until_told
from mqttown_contract import topics
from mqttown_memory.archive import Archive
from mqttown_memory.chroma import TownSearch
from mqttown_memory.embedding import Embedding
from mqttown_memory.encoders import embedding_of
from mqttown_memory.following import Follower
from mqttown_memory.journal import Journal
from mqttown_memory.names import Names
from mqttown_memory.service import NAME, MemoryService, filters
from mqttown_memory.settings import MemorySettings
from mqttown_memory.table import EmbeddingChangedError, Table

log = structlog.get_logger(__name__)

LOSSES: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)  # type: ignore[attr-defined]  # exported by name list
"""Broker or database are gone: `LinkError` is an `OSError`."""


@contextlib.asynccontextmanager
async def _pool(settings: MemorySettings) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(settings.database.get_secret_value(), min_size=1, max_size=3, timeout=10) as pool:
        yield pool


def _embedding(settings: MemorySettings) -> Embedding:
    key = settings.embedding_key.get_secret_value() if settings.embedding_key is not None else None
    model, url, dimensions = settings.embedding_model, settings.embedding_url, settings.embedding_dimensions
    return embedding_of(settings.embedding, model=model, url=url, dimensions=dimensions, key=key)


async def _serve(settings: MemorySettings) -> None:
    async with _pool(settings) as pool:
        embedding = _embedding(settings)
        table = Table(pool, embedding)
        progress = await table.open()
        journal = Journal(pool)
        names = Names.of_file(settings.town_file)
        names.agents.update(await journal.names())
        archive = Archive(table, embedding, settings.index_mib * 2**20, progress.forgotten)
        follower = Follower(journal, archive, names, progress, remember=settings.remember, forgetful=settings.forgetful)
        search = TownSearch(settings.data / "chroma", table, embedding)
        address = Address(settings.mqtt_host, settings.mqtt_port, pin=settings.mqtt_pin)
        link = Link(address, NAME, settings.service_key.get_secret_value())
        await link.subscribe(*filters(settings.town))  # before it connects, so that whoever sees us ready is heard
        async with link:
            service = MemoryService(settings.town, link, archive, follower, search, patience=settings.patience)
            ready = {"tick": follower.stored_tick}
            await link.publish(topics.service_out(settings.town, NAME, "ready"), ready, retain=True)
            say_ready(ready)
            await service.run()


async def _rebuild(settings: MemorySettings) -> None:
    async with _pool(settings) as pool:
        embedding = _embedding(settings)
        table = Table(pool, embedding)
        await table.open()
        count = await TownSearch(settings.data / "chroma", table, embedding).rebuild()
    sys.stdout.write(f"rebuilt {json.dumps({'memories': count})}\n")


def main() -> int:
    """Run until SIGTERM; return the exit code."""
    log_to(sys.stderr)
    try:
        settings = MemorySettings()
        asyncio.run(_rebuild(settings) if sys.argv[1:] == ["rebuild"] else until_told(_serve(settings), "memory"))
    except (ValidationError, EmbeddingChangedError, ModuleNotFoundError, ValueError) as error:
        log.error("the memory service can't run as it is set up", error=str(error))  # noqa: TRY400  the words are for a person
        return UNMENDABLE
    except LOSSES as error:
        log.error("the memory service can't reach what it needs", error=str(error))  # noqa: TRY400
        return FAILED
    except ExceptionGroup as group:
        lost, rest = group.split(LOSSES)
        if rest is not None or lost is None:
            raise
        log.error("the memory service has lost what it needs", errors=[str(error) for error in lost.exceptions])  # noqa: TRY400
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
