"""`mqttown bench crash`: a town under load whose parts are killed at random and at named failpoints, and what came of it."""

import asyncio
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from mqttown_cli.bench.checks import first_verdicts, problems
from mqttown_cli.bench.crash.facts import read_facts
from mqttown_cli.bench.crash.load import Load
from mqttown_cli.bench.crash.victims import VICTIMS, kill, kill_tree
from mqttown_cli.bench.history import Operation, read_history
from mqttown_cli.database import database_of
from mqttown_cli.folder import DataFolder
from mqttown_cli.ports import choose_ports

__all__ = ["Asked", "bench_crash"]

READY_SECONDS: Final = 120.0
STOP_SECONDS: Final = 60.0
GAP_SECONDS: Final = (0.5, 6.0)
"""Between two kills, whatever the town is doing, starting up included."""
TREES: Final = 0.05
"""So often everything is killed at once, `mqttown up` included."""
WEIGHTS: Final = {"orchestrator": 4, "gate": 1, "broker": 2, "database": 2, "backend": 2, "memory": 2}
NEAR_SECONDS: Final = 3.0
"""A silence that begins within this time after a kill is its doing."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the run is to be.

    Attributes:
        kills: how often something is killed, at failpoints too.
        agents: that give each other coins.
        seed: of who is killed when.
        speed: town seconds a second.
        failpoint_ticks: the orchestrator kills itself at a drawn point of one of so many ticks; 0 for never.
    """

    kills: int
    agents: int
    seed: int
    speed: float
    failpoint_ticks: int


class Town:
    """One `mqttown up` after the other on one data directory and the same ports."""

    def __init__(self, data: Path, asked: Asked) -> None:
        self.data = data
        ports = choose_ports("127.0.0.1", {"--mqtt-port": 0, "--ws-port": 0, "--http-port": 0})
        flags = [str(word) for pair in ports.items() for word in pair]
        self._command = [sys.executable, "-m", "mqttown_cli", "up", "--data", str(data), "--speed", str(asked.speed), *flags]
        point = f"any:{asked.failpoint_ticks}" if asked.failpoint_ticks else ""
        self._environment = {**os.environ, "MQTTOWN_FAILPOINT": point}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, quiet: bool = False) -> None:
        """Start, and wait until it is ready; `quiet` without failpoints.

        Raises:
            RuntimeError: it ended, or is not ready in time; the end of what it said.
        """
        environment = {**self._environment, "MQTTOWN_FAILPOINT": ""} if quiet else self._environment
        with (self.data.parent / "up.log").open("ab") as log:
            begin = log.tell()
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, env=environment, start_new_session=True)
        deadline = time.monotonic() + READY_SECONDS
        while b"\nready {" not in (said := (self.data.parent / "up.log").read_bytes()[begin:]):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the town did not come up: {said.decode(errors='replace')[-800:]}")
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """Of `mqttown up`."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop it as Ctrl-C does.

        Raises:
            RuntimeError: it did not end as it should.
        """
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        if (code := self._process.wait(STOP_SECONDS)) != 0:
            raise RuntimeError(f"the town ended with code {code}")

    def end(self) -> None:
        """End it if it still runs."""
        if self.alive:
            kill_tree(self.pid)
        if self._process is not None:
            self._process.wait()


def bench_crash(asked: Asked, tell: Tell, place: Path | None = None) -> dict[str, Any]:
    """Kill, and check.

    Args:
        asked: what the run is to be.
        tell: called with a line of progress.
        place: an empty folder for the town and the history; without it a temporary one.

    Returns:
        what was killed how often, how many actions were sent, resent and accepted, recovery times, and `problems`: empty, or
        what was lost, doubled, disordered, or never answered.
    """
    with ExitStack() as stack:
        folder = place or Path(stack.enter_context(TemporaryDirectory(prefix="mqttown-crash-")))
        town = Town(folder / "town", asked)
        (folder / "town").mkdir()
        tell("starting the town")
        town.start(quiet=True)
        stack.callback(town.end)
        tell(f"registering {asked.agents} agents")
        load = Load(DataFolder(town.data), asked.agents, folder)
        stack.callback(load.kill)
        town.stop()
        town.start()
        tell(f"killing {asked.kills} times")
        kills = _kill(town, asked, tell)
        load.rest()
        town.stop()
        history = read_history(load.history_file)
        with database_of(DataFolder(town.data)) as url:
            facts, wrong = asyncio.run(read_facts(url, history))
        at_points = _at_points(town.data)
        return _report(asked, kills, at_points, history, [*wrong, *problems(history, facts)])


def _kill(town: Town, asked: Asked, tell: Tell) -> list[tuple[float, str]]:
    luck = random.Random(asked.seed)  # noqa: S311  to be repeated
    kills: list[tuple[float, str]] = []
    told = 0
    while (done := len(kills) + len(_at_points(town.data))) < asked.kills:
        if done >= told + 20:
            told = done
            tell(f"{done} kills")
        time.sleep(luck.uniform(*GAP_SECONDS))
        if not town.alive:
            raise RuntimeError(f"the town has ended; see {town.data.parent / 'up.log'}")
        if luck.random() < TREES:
            kills.append((kill_tree(town.pid), "everything"))
            town.end()
            town.start()
            continue
        victim = luck.choices(list(VICTIMS), [WEIGHTS[name] for name in VICTIMS])[0]
        kills.append((kill(town.pid, victim, luck.choice), victim))
    return kills


def _at_points(data: Path) -> list[tuple[float, str]]:
    """When the orchestrator killed itself, and at which failpoint."""
    log = (data / "logs" / "orchestrator.log").read_text(encoding="utf-8", errors="replace")
    found = re.findall(r"^failpoint (\w+) in generation \d+ at ([\d.]+)$", log, re.MULTILINE)
    return [(float(at), point) for point, at in found]


def _report(
    asked: Asked, kills: list[tuple[float, str]], at_points: list[tuple[float, str]], history: list[Operation], wrong: list[str]
) -> dict[str, Any]:
    accepted = sorted(line.time for line in history if line.type == "ok")
    took = sorted(_recovery(at, accepted) for at, _ in [*kills, *at_points])
    verdicts = first_verdicts(history).values()
    return {
        "name": "crash",
        "agents": asked.agents,
        "kills": dict(sorted(Counter(victim for _, victim in kills).items())),
        "failpoints": dict(sorted(Counter(point for _, point in at_points).items())),
        "actions": sum(line.type == "invoke" for line in history),
        "accepted": sum(line.type == "ok" for line in verdicts),
        "resent": sum(line.f == "resend" for line in history),
        "told_again": sum(line.type in {"ok", "fail"} for line in history) - len(verdicts),
        "recovery_median_s": round(statistics.median(took), 2),
        "recovery_max_s": round(took[-1], 2),
        "problems": wrong,
        "settings": {"seed": asked.seed, "speed": asked.speed, "failpoint_ticks": asked.failpoint_ticks},
    }


def _recovery(at: float, accepted: list[float]) -> float:
    """Seconds from a kill to the end of the longest silence that begins soon after it: until then nothing was accepted."""
    first = bisect_right(accepted, at)
    longest, end = 0.0, 0.0
    for number in range(max(first, 1), len(accepted)):
        before, after = accepted[number - 1], accepted[number]
        if before > at + NEAR_SECONDS:
            break
        if after - before > longest:
            longest, end = after - before, after
    return max(0.0, end - at) if longest else 0.0


def main(line: list[str]) -> int:
    """As `python benchmarks/crash`: the long form. Prints the result as JSON; ends with 1 if anything is wrong."""
    kills, agents, seed = (int(word) for word in (line + ["200", "100", "1"][len(line) :]))
    result = bench_crash(Asked(kills, agents, seed, 120.0, 30), lambda told: print(f"· {told}", file=sys.stderr, flush=True))  # noqa: T201
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    return 1 if result["problems"] else 0
