"""How fast an agent remembers: one agent with many memories, and a cold agent among a thousand."""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import asyncpg
import numpy as np

from mqttown_cli.postgres import EmbeddedPostgres
from mqttown_memory.archive import Archive, Question
from mqttown_memory.embedding import FixedPoint, WordLlama, fixed_point
from mqttown_memory.stream import Memory, Stream
from mqttown_memory.table import Table

__all__ = ["measure", "summary"]

_TICKS_BETWEEN: Final = 3
_WARM_UP: Final = 20
_POOL_OF_VECTORS: Final = 4096
_MIB: Final = 2**20


def measure(
    *, memories: int = 5000, recalls: int = 2000, agents: int = 1000, each: int = 1000, cold: int = 200
) -> list[dict[str, Any]]:
    """Measure both cases in a process of their own, set up as the memory service is: linear algebra on one thread.

    Args:
        memories: of the one agent.
        recalls: timed on it.
        agents: in the table of the second case.
        each: memories of each of these.
        cold: agents whose first recall is timed.

    Raises:
        subprocess.CalledProcessError: the measuring process failed; its words are on standard error.
    """
    numbers = [str(number) for number in (memories, recalls, agents, each, cold)]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-m", __spec__.name, *numbers], env=environment, stdout=subprocess.PIPE, check=True)
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results


def _measure_here(memories: int, recalls: int, agents: int, each: int, cold: int) -> list[dict[str, Any]]:
    return [_one_agent(memories, recalls), asyncio.run(_cold_agents(agents, each, min(cold, agents)))]


def summary(name: str, agents: int, seconds: Iterable[float], settings: dict[str, Any]) -> dict[str, Any]:
    """Median, p95 and p99 in seconds."""
    times = np.array(list(seconds))
    median, p95, p99 = (float(value) for value in np.quantile(times, [0.5, 0.95, 0.99]))
    return {
        "name": name,
        "agents": agents,
        "median_s": median,
        "p95_s": p95,
        "p99_s": p99,
        "per_second": float(1 / times.mean()),
        "settings": {"recalls": len(times), **settings},
    }


def _one_agent(count: int, recalls: int) -> dict[str, Any]:
    vectors = _vectors(count)
    stream = Stream("mira", WordLlama.dimensions)
    stream.extend([_memory("mira", number) for number in range(count)], vectors)
    queries = _vectors(recalls + _WARM_UP, seed=2)
    seconds = []
    for number, query in enumerate(queries):
        began = time.perf_counter()
        stream.recall(query, now=count * _TICKS_BETWEEN + number, k=8)
        seconds.append(time.perf_counter() - began)
    settings = {"memories": count, "k": 8, "search": "exact", "embedding": "not counted", "vectors": "random, 256 dimensions"}
    return summary("recall, one agent", 1, seconds[_WARM_UP:], settings)


async def _cold_agents(agents: int, each: int, cold: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="mqttown-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        async with asyncpg.create_pool(server.url, min_size=1, max_size=2) as pool:
            embedding = WordLlama()
            table = Table(pool, embedding)
            await table.open()
            began = time.perf_counter()
            await _fill(pool, agents, each)
            filled = time.perf_counter() - began
            archive = Archive(table, embedding, limit_bytes=24 * _MIB)
            embedding.embed(["The model is loaded before the clock starts."])
            seconds = []
            for number in range(0, agents, max(agents // cold, 1)):
                began = time.perf_counter()
                await archive.recall(_name(number), Question("who talked about the festival?"), now=each * _TICKS_BETWEEN)
                seconds.append(time.perf_counter() - began)
    settings = {
        "memories": agents * each,
        "k": 8,
        "search": "exact, after reading the agent's rows from PostgreSQL",
        "embedding": "of the query counted",
        "vectors": "random, 256 dimensions",
        "rows": "stored in turns over the agents, as time goes by; in the file cache, since they were just written",
        "fill_s": round(filled, 1),
    }
    return summary("recall, first of a cold agent", agents, seconds, settings)


async def _fill(pool: asyncpg.Pool, agents: int, each: int) -> None:
    """All rows by COPY, the agents taking turns, so that no agent's rows lie side by side."""
    vectors = [row.tobytes() for row in _vectors(_POOL_OF_VECTORS)]
    columns = ["agent", "id", "kind", "text", "importance", "born", "last_access", "evidence", "actor", "place", "vector"]
    async with pool.acquire() as connection:
        rows = _rows(agents, each, vectors)
        while batch := list(itertools.islice(rows, 50_000)):
            await connection.copy_records_to_table("memories", schema_name="memory", columns=columns, records=batch)
        await connection.execute("VACUUM ANALYZE memory.memories")


def _rows(agents: int, each: int, vectors: list[bytes]) -> Iterator[tuple[Any, ...]]:
    turns = itertools.product(range(each), range(agents))
    for (number, agent), vector in zip(turns, itertools.cycle(vectors), strict=False):
        memory = _memory(_name(agent), number)
        yield (
            memory.agent,
            memory.id,
            memory.kind,
            memory.text,
            memory.importance,
            memory.born,
            memory.last_access,
            list(memory.evidence),
            memory.actor,
            memory.place,
            vector,
        )


def _memory(agent: str, number: int) -> Memory:
    tick = number * _TICKS_BETWEEN
    text = f'Otto Laine said to me: "Have you heard about festival number {number} at the harbour tonight?"'
    event = f"e-{tick}-{number % 7}"
    return Memory(agent, f"m-{event}", "message", text, number * 37 % 1000, tick, tick, (event,), "otto", "cafe-satama")


def _name(number: int) -> str:
    return f"agent-{number:04}"


def _vectors(count: int, seed: int = 1) -> FixedPoint:
    return fixed_point(np.random.default_rng(seed).normal(size=(count, WordLlama.dimensions)))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure_here(*map(int, sys.argv[1:]))))
