"""`mqttown bench soak`: a town under a steady load for long, and whether anything of it grows."""

import asyncio
import json
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory
from typing import Any, Final

import psutil

from mqttown_cli.ask import link_of
from mqttown_cli.bench.crash.harness import Asked, Tell, Town
from mqttown_cli.bench.crash.load import Load
from mqttown_cli.folder import DataFolder
from mqttown_contract import topics

__all__ = ["bench_soak", "slope"]

SAMPLE_SECONDS: Final = 5.0
WARM_UP: Final = 0.2
"""Share of the run that is left out: caches fill."""
MIB: Final = 2**20
HOUR: Final = 3600.0
PARTS: Final = ("orchestrator", "memory", "runtime", "dashboard", "broker")


def slope(times: list[float], values: list[float]) -> float:
    """Slope of the least-squares line, per unit of time; 0 for fewer than two points."""
    if len(times) < 2:
        return 0.0
    middle, mean = fmean(times), fmean(values)
    spread = sum((at - middle) ** 2 for at in times)
    return sum((at - middle) * (value - mean) for at, value in zip(times, values, strict=True)) / spread


def bench_soak(agents: int, minutes: float, speed: float, tell: Tell) -> dict[str, Any]:
    """Let a whole town live under load.

    Args:
        agents: that give each other coins, beside the residents.
        minutes: of load.
        speed: town seconds a second.
        tell: called with a line of progress.

    Returns:
        for resident memory by process (MiB), queues (entries) and tick time (ms): the first and the last value, and the slope
        an hour of the least-squares line over the run without its first fifth.
    """
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory(prefix="mqttown-soak-")))
        town = Town(place / "town", Asked(0, agents, 1, speed, 0))
        town.data.mkdir()
        tell("starting the town")
        town.start(quiet=True)
        stack.callback(town.end)
        tell(f"registering {agents} agents")
        load = Load(DataFolder(town.data), agents, place)
        stack.callback(load.kill)
        tell(f"watching for {minutes:g} min")
        samples = asyncio.run(_watch(town, minutes * 60))
        load.rest()
        town.stop()
    return {
        "name": "soak",
        "agents": agents,
        "minutes": minutes,
        "ticks": round(samples["tick"][-1][1] - samples["tick"][0][1]),
        **{name: _trend(series) for name, series in sorted(samples.items()) if name != "tick"},
        "settings": {"speed": speed, "sample_seconds": SAMPLE_SECONDS},
    }


def _trend(series: list[tuple[float, float]]) -> dict[str, float]:
    kept = series[int(len(series) * WARM_UP) :]
    times, values = [at / HOUR for at, _ in kept], [value for _, value in kept]
    return {
        "first": round(values[0], 2),
        "median": round(median(values), 2),
        "last": round(values[-1], 2),
        "slope_per_hour": round(slope(times, values), 2),
    }


async def _watch(town: Town, seconds: float) -> dict[str, list[tuple[float, float]]]:
    """Samples by name: time and value."""
    folder = DataFolder(town.data)
    samples: dict[str, list[tuple[float, float]]] = defaultdict(list)
    link = link_of(folder)
    await link.subscribe(topics.service_out(folder.running()["town"], "orchestrator", "metrics"))
    began = time.monotonic()
    sampled = float("-inf")
    async with asyncio.timeout(seconds + 60), link:
        async for incoming in link:
            now = time.monotonic() - began
            if now - sampled < SAMPLE_SECONDS:
                continue
            sampled = now
            told = json.loads(incoming.payload)
            for name, value in _figures(told).items():
                samples[name].append((now, value))
            for name, value in _memory(town.pid).items():
                samples[name].append((now, value))
            if now >= seconds:
                break
    return samples


def _figures(told: dict[str, Any]) -> dict[str, float]:
    queues = {f"queue_{name}": float(length) for name, length in told["queues"].items()}
    return {**queues, "tick": told["tick"], "tick_p50_ms": told["tick_ms"]["p50"], "tick_p99_ms": told["tick_ms"]["p99"]}


def _memory(pid: int) -> dict[str, float]:
    """Proportional memory of each part with what is below it, MiB: what is shared counts once."""
    found = {"mib_supervisor": psutil.Process(pid).memory_full_info().pss / MIB}
    for child in psutil.Process(pid).children():
        words = " ".join(child.cmdline())
        name = next((part for part in PARTS if f"mqttown_{part}" in words), child.name())
        family = [child, *child.children(recursive=True)]
        found[f"mib_{name}"] = sum(process.memory_full_info().pss for process in family if process.is_running()) / MIB
    return found
