"""`mqttown bench loop`: a whole town at work for a crowd of real connections, tick by tick."""

import statistics
from contextlib import AsyncExitStack
from itertools import pairwise
from multiprocessing.connection import Connection
from typing import Any, Final

import uvloop

from mqttown_cli.bench import raw
from mqttown_cli.bench.apart import Apart, heard
from mqttown_cli.bench.crowd import Agent, Crowd, Measured
from mqttown_cli.bench.stage import TOWN, Stage, Tell, cpu_seconds, percentile

__all__ = ["bench_loop", "live"]

WARM_UP_TICKS: Final = 10
RAW_ROUNDS: Final = 20


def bench_loop(agents: int, ticks: int, detail: str, tell: Tell, *, memory: bool = False) -> dict[str, Any]:
    """Measure the loop.

    Broker, gate, orchestrator and PostgreSQL run as `mqttown up` runs them; the crowd is a process of its own. Lockstep: a tick
    starts when everybody has answered, so a tick's length is what the whole loop costs. Minds and page are left out. Afterwards
    the broker alone is sent the messages of one such tick again and again, without a town: the raw rate.

    Args:
        agents: real MQTT connections, one each.
        ticks: measured, after the warm-up.
        detail: of the observations, `full` or `brief`.
        tell: called with a line of progress.
        memory: whether the memory service remembers for everybody.

    Returns:
        name, agents, median_s and p99_s of a tick, per_second (verdicts), accepted_share, observed_share and acted_share (of
        agents and ticks), mix_percent, verdict_median_ms and verdict_p99_ms after the tick began, journal_median_ms and
        journal_p99_ms, observation_bytes (mean), cpu_s by process, cpu_share (percent), phases_ms (median of each phase of a tick
        in the orchestrator), raw (the broker alone), times_raw (a tick against a raw round), settings.
    """
    return uvloop.run(_bench(agents, ticks, detail, tell, memory=memory))


async def _bench(agents: int, ticks: int, detail: str, tell: Tell, *, memory: bool) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(Stage.set_up(agents, tell, memory=memory))
        tell(f"registering {agents} agents")
        crowd = await stage.register()
        tell(f"connecting {agents} agents")
        gathering = stack.enter_context(Apart(live, stage.port, crowd, detail))
        stage.pids["crowd"] = gathering.pid
        await gathering.said("connected")
        await stage.command(("speed", {"speed": 0}))
        await stage.reach(await stage.tick() + WARM_UP_TICKS)
        one = await raw.record(stage.port, "cli~record", stage.keys["cli"], TOWN)
        first = await stage.reach(await stage.tick() + 2)
        before = cpu_seconds(stage.pids)
        tell(f"measuring {ticks} ticks")
        last = await stage.reach(first + ticks)
        cpu = {name: seconds - before[name] for name, seconds in cpu_seconds(stage.pids).items()}
        figures = await stage.figures()
        gathering.tell("stop")
        measured: Measured = await gathering.said("measured")
        rows = await stage.database.fetch(
            "SELECT tick, wall, step_ms FROM town.ticks WHERE tick BETWEEN $1 AND $2 ORDER BY tick", first, last
        )
        result = _result(agents, measured, rows, cpu) | _of_orchestrator(figures)
        settings = {"detail": detail, "ticks": len(rows) - 1, "speed": 0, "lockstep": True, "plan": "load", "memory": memory}
        tell("sending the messages of one tick without a town")
        result |= await _raw(stage, gathering, one, result["median_s"])
        return result | {"settings": settings}


async def _raw(stage: Stage, gathering: Apart, one: list[raw.Message], tick_s: float) -> dict[str, Any]:
    await stage.command(("stop", {}))
    await stage.supervisor.ended
    gathering.tell("echo")
    await gathering.said("echoing")
    before = cpu_seconds(stage.pids)
    seconds = await raw.replay(stage.port, stage.keys["orchestrator"], TOWN, one, RAW_ROUNDS)
    after = cpu_seconds(stage.pids)
    median = statistics.median(seconds)
    told = {
        "median_s": round(median, 4),
        "p99_s": round(percentile(sorted(seconds), 0.99), 4),
        "messages": len(one),
        "kept": sum(message.retained for message in one),
        "mib": round(sum(len(message.payload) for message in one) / 2**20, 2),
        **{f"{name}_s": round((after[name] - before[name]) / RAW_ROUNDS, 4) for name in ("gate", "crowd")},
    }
    return {"raw": told, "times_raw": round(tick_s / median, 2)}


def _result(agents: int, measured: Measured, rows: list[Any], cpu: dict[str, float]) -> dict[str, Any]:
    began = {row["tick"]: row["wall"].timestamp() - row["step_ms"] / 1000 for row in rows}
    starts = list(began.values())
    lengths = [after - before for before, after in pairwise(starts)]
    answered = sorted(now - began[tick] for _, tick, now in measured.answers if tick in began)
    judged, acted = sum(measured.codes.values()), sum(measured.actions.values())
    ticks_in_all = max(judged / agents, 1.0)
    return {
        "name": "loop",
        "agents": agents,
        "median_s": round(statistics.median(lengths), 4),
        "p99_s": round(percentile(sorted(lengths), 0.99), 4),
        "per_second": round(len(answered) / (starts[-1] - starts[0]), 1),
        "accepted_share": round(measured.codes.get("accepted", 0) / judged, 4),
        "answered_share": round(len(answered) / (agents * len(rows)), 4),
        "observed_share": round(measured.observations / (agents * ticks_in_all), 4),
        "codes": dict(sorted(measured.codes.items())),
        "mix_percent": {kind: round(100 * count / acted, 1) for kind, count in measured.actions.items()},
        "verdict_median_ms": round(statistics.median(answered) * 1000, 1),
        "verdict_p99_ms": round(percentile(answered, 0.99) * 1000, 1),
        "observation_bytes": round(measured.observation_bytes / max(measured.observations, 1)),
        "step_median_ms": round(statistics.median(row["step_ms"] for row in rows), 1),
        "cpu_s_per_tick": {name: round(seconds / len(lengths), 4) for name, seconds in cpu.items()},
        "cpu_share": {name: round(100 * seconds / sum(cpu.values()), 1) for name, seconds in cpu.items()},
    }


def _of_orchestrator(figures: dict[str, Any]) -> dict[str, Any]:
    """Medians of the phases of a tick, and the journal's commits, ms, of its newest ticks."""
    phases = {name.removesuffix("_ms"): told for name, told in figures.items() if isinstance(told, dict) and "p50" in told}
    return {
        "journal_median_ms": phases["journal"]["p50"],
        "journal_p99_ms": phases["journal"]["p99"],
        "phases_ms": {name: told["p50"] for name, told in phases.items()},
    }


def live(pipe: Connection, port: int, agents: list[Agent], detail: str) -> None:
    """A crowd, which the town waits for, in a process of its own, at the other end of a pipe."""
    uvloop.run(_crowd(pipe, port, agents, detail))


async def _crowd(pipe: Connection, port: int, agents: list[Agent], detail: str) -> None:
    crowd = Crowd("127.0.0.1", port, TOWN, agents, detail=detail, lockstep=True)
    await crowd.connect(lambda _: None)
    crowd.greet()
    pipe.send(("connected", None))
    await heard(pipe)
    crowd.acting = False
    pipe.send(("measured", crowd.measured))
    await heard(pipe)
    crowd.echoing = True
    pipe.send(("echoing", None))
    await heard(pipe)
