"""How fast the pure world runs with routine minds in process: no wire, no journal, one core."""

import gc
import platform
import statistics
import time
from collections.abc import Mapping
from typing import Any, Final

from mqttown_cli.bench.rehearsal import Rehearsal
from mqttown_cli.content.compile import compile_town
from mqttown_cli.content.load import find_town

__all__ = ["measure", "run"]

_DAY: Final = 1440
_YOUNG: Final = 50_000
"""New objects before the first garbage collection: a tick makes many that live until the next."""
_SKIPPED: Final = (
    "residents without news; and those walking, sleeping, eating or waiting who only hear that their own action was accepted, "
    "and have nothing they are eager to tell"
)


def measure(*, agents: int = 10_000, ticks: int = _DAY, town: str = "helsinki", seed: int = 1) -> dict[str, Any]:
    """Compile a town with so many residents and run it.

    Args:
        agents: residents.
        ticks: town minutes.
        town: name or folder of the town's content.
        seed: of residents, world and minds.
    """
    return run(compile_town(find_town(town), agents, seed), ticks=ticks, seed=seed)


def run(town: Mapping[str, Any], *, ticks: int, seed: int) -> dict[str, Any]:
    """Run a compiled town and tell how long its ticks took.

    Returns:
        `median_s` and `p99_s` of a tick; `per_second` agent-ticks; `decisions_per_second` whole decisions (perceive, ask the
        stand-in for memory, tree, check, apply) over all the time spent; `decided_share` of agent-ticks; `accepted_share`.
        All times are of the clock on the wall; `settings` has the two rates also by a second of processor time, for a machine
        that is shared, and says who was skipped.
    """
    rehearsal = Rehearsal(town, seed)
    agents = len(rehearsal.minds)
    gc.collect()
    gc.freeze()
    thresholds = gc.get_threshold()
    gc.set_threshold(_YOUNG)
    seconds = []
    cpu = time.process_time()
    for _ in range(ticks):
        began = time.perf_counter()
        rehearsal.tick()
        seconds.append(time.perf_counter() - began)
    cpu = time.process_time() - cpu
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    total = sum(seconds)
    judged = rehearsal.accepted + rehearsal.rejected
    return {
        "name": "world",
        "agents": agents,
        "median_s": statistics.median(seconds),
        "p99_s": sorted(seconds)[min(len(seconds) - 1, len(seconds) * 99 // 100)],
        "per_second": agents * ticks / total,
        "decisions_per_second": rehearsal.decisions / total,
        "decided_share": rehearsal.decisions / (agents * ticks),
        "accepted_share": rehearsal.accepted / judged if judged else 1.0,
        "cpu_s": {"world": cpu},
        "settings": {
            "town": town["town"]["id"],
            "ticks": ticks,
            "seed": seed,
            "decisions": rehearsal.decisions,
            "skipped": _SKIPPED,
            "per_cpu_second": agents * ticks / cpu,
            "decisions_per_cpu_second": rehearsal.decisions / cpu,
            "perceiving_and_deciding_s": round(rehearsal.deciding_s, 3),
            "stepping_s": round(rehearsal.stepping_s, 3),
            "python": platform.python_version(),
        },
    }
