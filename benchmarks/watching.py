"""What it costs to watch the town: the page in a browser, and a thousand browsers on the server.

`python benchmarks/watching.py page [--gpu]` measures bytes, first picture, draw calls and pictures a second; in software GL, or
with `--gpu` on what the machine has. `python benchmarks/watching.py watchers [--count 1000]` measures what
open pages cost the town. `--write` puts the figures into BENCHMARKS.md. Loopback only, bounded in number and time.
"""

import argparse
import asyncio
import contextlib
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.sync_api import Page, sync_playwright

from mqttown_dashboard.build import OUTPUT, build

ROOT: Final = Path(__file__).parent.parent
MQTTOWN: Final = str(Path(sys.executable).parent / "mqttown")
SOFTWARE: Final = ["--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
HARDWARE: Final = ["--enable-gpu", "--ignore-gpu-blocklist", "--use-angle=gl-egl"]
QUIET: Final = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
READY: Final = "() => window.__city?.ready && window.__city.figures > 0"
VIEWS: Final = {"1280 x 800": (1280, 800), "390 x 844": (390, 844)}
FPS_SECONDS: Final = 6.0
WINDOW_SECONDS: Final = 40.0
SETTLE_SECONDS: Final = 8.0
AT_ONCE: Final = 50
OPEN_SECONDS: Final = 400.0
"""Patience until all pages are open, also on a busy machine."""
TICKS: Final = os.sysconf("SC_CLK_TCK")
MARKS: Final = ("<!-- {} -->\n", "<!-- end of {} -->\n")


@contextmanager
def a_town(residents: int, speed: int = 60) -> Iterator[dict[str, Any]]:
    """A running town in an empty directory; what its `running.json` says."""
    with tempfile.TemporaryDirectory(prefix="mqttown-watching-") as folder:
        data = Path(folder) / "data"
        ports = [part for name in ("http", "mqtt", "ws") for part in (f"--{name}-port", "0")]
        command = [MQTTOWN, "up", "--data", str(data), "--residents", str(residents), "--speed", str(speed), *ports]
        environment = {**os.environ, "MQTTOWN_REQUESTS_PER_MINUTE": "1000000"}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True, env=environment)
        try:
            assert process.stdout is not None
            while not (line := process.stdout.readline()).startswith("ready "):
                if not line:
                    raise SystemExit("the town did not start")
            running: dict[str, Any] = json.loads((data / "running.json").read_text(encoding="utf-8"))
            yield running | json.loads(line.removeprefix("ready "))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def sizes(town: dict[str, Any]) -> dict[str, int]:
    """Bytes that a browser loads before the first picture, gzipped."""
    files = {
        name: sum(len(gzip.compress(path.read_bytes(), 9)) for path in OUTPUT.glob(f"assets/*.{name}")) for name in ("js", "css")
    }
    answer = httpx.get(f"{town['api']}/town", headers={"Accept-Encoding": "gzip"})
    return {**files, "world": int(answer.headers["content-length"])}


def measure(page: Page) -> dict[str, Any]:
    """A page that is open: first picture, draw calls, pictures a second while the camera turns."""
    page.wait_for_function(READY, timeout=90_000)
    page.wait_for_timeout(2_000)
    first = page.evaluate("() => window.__city.firstMs")
    page.locator(".city canvas").focus()
    before = page.evaluate("() => [window.__city.frames, performance.now()]")
    for _ in range(int(FPS_SECONDS / 0.5)):
        page.keyboard.press("e")
        page.wait_for_timeout(500)
    after = page.evaluate(
        "() => { const { frames, drawCalls, triangles, sharpness } = window.__city;"
        " return [frames, performance.now(), drawCalls, triangles, sharpness]; }"
    )
    return {
        "first_ms": round(first),
        "draw_calls": after[2],
        "triangles": after[3],
        "sharpness": round(after[4], 2),
        "fps": round((after[0] - before[0]) / (after[1] - before[1]) * 1000, 1),
    }


def page_figures(*, gpu: bool) -> str:
    """The table of what the page costs."""
    build()
    chromium = os.environ.get("MQTTOWN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    lines = [
        "| residents | picture, quality | first picture, ms | draw calls | triangles | sharpness | pictures a second, turning |",
        "|---|---|---|---|---|---|---|",
    ]
    renderer, bytes_ = "", {}
    for residents in (25, 500):
        with a_town(residents) as town, sync_playwright() as driver:
            bytes_ = sizes(town)
            browser = driver.chromium.launch(executable_path=chromium, args=[*QUIET, *(HARDWARE if gpu else SOFTWARE)])
            for (name, (width, height)), quality in ((view, quality) for view in VIEWS.items() for quality in ("auto", "high")):
                page = browser.new_page(viewport={"width": width, "height": height})
                page.goto(f"{town['page']}?q={quality}")
                figures = measure(page)
                renderer = page.evaluate(
                    "() => { const gl = document.createElement('canvas').getContext('webgl2');"
                    " return gl.getParameter(gl.getExtension('WEBGL_debug_renderer_info').UNMASKED_RENDERER_WEBGL); }"
                )
                page.close()
                lines.append(
                    f"| {residents} | {name}, {quality} | " + " | ".join(f"{value:,}" for value in figures.values()) + " |"
                )
            browser.close()
    before = (
        f"Gzipped: {bytes_['js'] / 1000:.0f} kB of script, {bytes_['css'] / 1000:.0f} kB of style, "
        f"{bytes_['world'] / 1000:.0f} kB of world. "
        f"Drawn by {renderer}; the town, its residents and the browser share the machine.\n"
    )
    return "\n".join([before, *lines]) + "\n"


def cpu(pids: dict[str, int]) -> dict[str, float]:
    """Processor seconds so far, by process."""
    found = {}
    for name, pid in pids.items():
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        found[name] = (int(fields[11]) + int(fields[12])) / TICKS
    return found


@asynccontextmanager
async def watching(api: str, count: int) -> AsyncIterator[list[int]]:
    """So many open pages; gives a list whose one entry is the bytes that they were told."""
    heard = [0]
    opened = asyncio.Semaphore(AT_ONCE)
    seated: list[asyncio.Event] = [asyncio.Event() for _ in range(count)]
    host, _, port = api.removeprefix("http://").partition("/")[0].partition(":")

    async def watch(seat: asyncio.Event) -> None:
        async with opened:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET /api/v1/stream HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: text/event-stream\r\n\r\n".encode())
            heard[0] += len(await reader.read(65_536))
            seat.set()
        try:
            while part := await reader.read(65_536):
                heard[0] += len(part)
        finally:
            writer.close()

    tasks = [asyncio.create_task(watch(seat)) for seat in seated]
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            for seat in seated:
                await seat.wait()
        yield heard
    finally:
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)


async def window(town: dict[str, Any]) -> dict[str, float]:
    """Processor milliseconds a tick, by process."""
    pids = {name: pid for name, pid in town["pids"].items() if name in {"orchestrator", "dashboard", "gate"}}
    async with httpx.AsyncClient(base_url=town["api"]) as client:
        first, before = (await client.get("/clock")).json()["tick"], cpu(pids)
        await asyncio.sleep(WINDOW_SECONDS)
        last, after = (await client.get("/clock")).json()["tick"], cpu(pids)
    return {name: (after[name] - before[name]) / max(1, last - first) * 1000 for name in pids}


async def watchers_figures(count: int, residents: int) -> str:
    """The table of what open pages cost."""
    with a_town(residents) as town:
        await asyncio.sleep(SETTLE_SECONDS)
        without = await window(town)
        async with watching(town["api"], count) as heard:
            await asyncio.sleep(SETTLE_SECONDS)
            so_far = heard[0]
            with_ = await window(town)
            rate = (heard[0] - so_far) / WINDOW_SECONDS
            state = (await asyncio.to_thread(httpx.get, town["page"] + "healthz")).json()
    rows = [f"| {name} | {without[name]:.1f} | {with_[name]:.1f} |" for name in sorted(without)]
    return "\n".join(
        [
            f"{residents} residents at a tick a second; {state['watchers']:,} streams, {rate / 1e6:.2f} MB a second in all.\n",
            f"| CPU, ms a tick | nobody watches | {count:,} browsers watch |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def main() -> None:
    """Measure, and print or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("page", "watchers"))
    parser.add_argument("--gpu", action="store_true", help="draw with the machine's GPU")
    parser.add_argument("--count", type=int, default=1_000, help="open pages")
    parser.add_argument("--residents", type=int, default=100, help="of the town that is watched")
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md")
    given = parser.parse_args()
    figures = page_figures(gpu=given.gpu) if given.what == "page" else asyncio.run(watchers_figures(given.count, given.residents))
    sys.stdout.write(figures)
    if given.write:
        file = ROOT / "BENCHMARKS.md"
        begin, end = (mark.format(given.what) for mark in MARKS)
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(f"(?s)(?<={begin}).*(?={end})", lambda _: figures, text), encoding="utf-8")


if __name__ == "__main__":
    main()
