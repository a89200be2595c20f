"""Takes the README's pictures anew: `python scripts/pictures.py --data .mqttown` records the first day of that town and plays it.

Writes `docs/pictures/page.png`, a lunch hour, and `docs/pictures/day.webp`, an afternoon and evening in a few
seconds (`--no-clip` leaves it as it is).
"""

import argparse
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT: Final = Path(__file__).parent.parent
PICTURES: Final = ROOT / "docs" / "pictures"
FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
]
SIZE: Final = (1280, 800)
CLIP: Final = (800, 500)
FRAMES: Final = 42
FRAME_MS: Final = 130
TICKS_A_FRAME: Final = 14
DAY: Final = 1440
LUNCH: Final = 374
AFTERNOON: Final = 520
VIEW: Final = {"x": 120, "y": -10, "distance": 600, "turn": -26, "tilt": 58}
PATIENCE_MS: Final = 300_000
READY: Final = "() => window.__city?.ready && window.__city.figures > 0"


def frames(page: Page, first: int) -> Iterator[Image.Image]:
    """An afternoon and evening, the camera going slowly round."""
    for number in range(FRAMES):
        pose = {"x": 60 - number, "y": 40 + number * 2, "distance": 640 - number * 4, "turn": -34 + number * 0.9, "tilt": 56}
        yield taken(page, first + number * TICKS_A_FRAME, pose).resize(CLIP, Image.Resampling.LANCZOS)


def taken(page: Page, tick: float, pose: dict[str, Any]) -> Image.Image:
    """The page at a moment."""
    page.evaluate("([tick, pose]) => window.__show(tick, pose)", [tick, pose])
    before = page.evaluate("() => window.__city.frames")
    page.wait_for_function("(before) => window.__city.ready && window.__city.frames > before + 1", arg=before)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def main() -> None:
    """Record, play, take."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT / ".mqttown", help="data directory of a town that has run for two days")
    parser.add_argument(
        "--clip", action=argparse.BooleanOptionalAction, default=True, help="take the clip too, some minutes without a GPU"
    )
    given = parser.parse_args()
    chromium = os.environ.get("MQTTOWN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory(prefix="mqttown-pictures-") as folder, sync_playwright() as driver:
        file = Path(folder) / "day.html"
        command = [sys.executable, "-m", "mqttown_cli", "record", "--data", str(given.data), "--out", str(file), "--from-tick", "0"]
        subprocess.run([*command, "--to-tick", str(DAY)], check=True)
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{file.as_uri()}#q=high&lang=en&t=200")
        page.wait_for_function(READY)
        taken(page, LUNCH, VIEW).save(PICTURES / "page.png", optimize=True)
        if given.clip:
            first, *others = frames(page, AFTERNOON)
            kept = {"save_all": True, "append_images": others, "duration": FRAME_MS, "loop": 0}
            first.save(PICTURES / "day.webp", quality=58, method=4, **kept)
        browser.close()
    sys.stdout.write("".join(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB\n" for file in sorted(PICTURES.iterdir())))


if __name__ == "__main__":
    main()
