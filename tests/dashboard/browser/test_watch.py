"""What a spectator does without an account: find somebody, see the past, share a moment, lay an overlay, read, not look."""

import base64
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Browser, Page, expect

from mqttown_dashboard.build import SOURCES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
READY = "() => window.__city?.ready && window.__city.figures === 4"
WORDY = (
    ".tabs button",
    ".filters select option:first-child",
    ".timebar button",
    ".tools .segments button",
    ".menu label",
    ".card h3",
    ".card dt",
    ".connection",
)
"""Where there are words of the page's own."""
OVER_LEENA = """() => {
  const [{ pose }, [x, y]] = [window.__city, window.__city.positions().leena];
  return Math.hypot(pose.x - x, pose.y - y) < 2;
}"""
GOLDEN = Path(__file__).parent / "golden"
CLOSE = {
    "day": "t=420&c=200_130_420_-24_52",
    "night": "t=1000&c=120_80_240_-30_62",
    "crowding": "t=420&c=200_130_420_-24_52&overlay=crowding",
}
"""Golden pictures by name: the moment that they show."""


def see(page: Page, stage: Any, query: str = "") -> None:
    page.goto(stage.page + query)
    page.wait_for_function(READY)


def test_search_flies_to_people_places_and_words(page: Page, stage: Any) -> None:
    see(page, stage)
    page.keyboard.press("/")
    page.keyboard.type("leena")
    page.locator(".results button").first.click()
    expect(page.locator(".card h2")).to_have_text("Leena Virtanen")
    page.wait_for_function(OVER_LEENA)
    field = page.get_by_role("searchbox")
    field.fill("satama")
    field.press("Enter")
    expect(page.locator(".card h2")).to_have_text("Café Satama")
    field.fill("bakery")
    expect(page.locator(".results button")).to_have_count(1)
    expect(page.locator(".results")).to_contain_text("Café Satama")
    field.fill("blue door")
    page.locator(".results button", has_text="The blue door opens at nine.").click()
    expect(page.locator(".card h2")).to_have_text("Aino Laine")


def test_a_persons_last_conversation_is_one_click_away(page: Page, stage: Any) -> None:
    see(page, stage)
    page.get_by_role("button", name="Residents", exact=True).click()
    page.locator(".rows button", has_text="Aino").click()
    card = page.locator(".card")
    expect(card).to_contain_text("The blue door opens at nine.")
    expect(card).to_contain_text("Otto Laine")
    expect(card.locator(".graph g")).to_have_count(2)
    card.get_by_role("button", name="Stop following").click()
    expect(card.get_by_role("button", name="Follow")).to_be_visible()


def test_the_picture_is_steered_by_keys(page: Page, stage: Any) -> None:
    see(page, stage, "?c=100_100_300_0_50")
    page.locator(".city canvas").focus()
    for key, changed in (
        ("ArrowRight", "pose.x > 110"),
        ("+", "pose.distance < 280"),
        ("e", "pose.turn > 10"),
        ("r", "pose.tilt > 54"),
    ):
        page.keyboard.press(key)
        page.wait_for_function(f"() => window.__city.{changed}")
    small = page.locator(".minimap")
    box = small.bounding_box()
    assert box is not None
    small.click(position={"x": box["width"] - 4, "y": 4})
    page.wait_for_function("() => window.__city.pose.x > 250 && window.__city.pose.y > 150")


def test_a_link_leads_to_its_moment_with_camera_and_selection(page: Page, stage: Any) -> None:
    see(page, stage, "moment?run=98a7276f&t=4&c=50_40_180_30_40&person=otto&lang=sv")
    expect(page.locator(".connection")).to_have_text("du ser det förflutna")
    expect(page.locator(".header time")).to_have_text("måndag 06:04")
    expect(page.locator(".card h2")).to_have_text("Otto Laine")
    pose = page.evaluate("() => window.__city.pose")
    assert {name: round(value) for name, value in pose.items()} == {"x": 50, "y": 40, "distance": 180, "turn": 30, "tilt": 40}
    expect(page.locator(".feed")).to_contain_text("The blue door")
    expect(page.locator(".feed")).not_to_contain_text("I heard of")
    page.get_by_role("button", name="Dela ögonblicket").click()
    link = page.get_by_label("Länk till ögonblicket").input_value()
    assert re.search(r"/moment\?run=98a7276f&t=4&c=50_40_180_30_40&person=otto&lang=sv$", link)
    page.get_by_role("button", name="Nu", exact=True).click()
    expect(page.locator(".connection")).to_have_text("direkt")


def test_the_past_plays_and_the_feed_grows_with_it(page: Page, stage: Any) -> None:
    see(page, stage, "?t=2&lang=en")
    expect(page.locator(".feed")).not_to_contain_text("The blue door")
    page.get_by_label("Speed of the past").select_option("300")
    page.wait_for_function("() => window.__city.tick > 5")
    expect(page.locator(".feed")).to_contain_text("The blue door")
    page.get_by_role("button", name="Today in 60 seconds").click()
    page.wait_for_function("() => window.__city.tick < 5")
    page.wait_for_function("() => window.__city.tick > 0.5")


def test_news_is_followed_on_the_map(page: Page, stage: Any) -> None:
    see(page, stage)
    page.locator(".feed .line", has_text="The blue door").get_by_role("button", name="Who heard this?").click()
    expect(page.locator(".laid")).to_contain_text("4 of 4 have heard")
    heard = ["06:03 Aino Laine told it first", "06:03 Otto Laine from Aino Laine"]
    heard += ["06:05 Leena Virtanen from Otto Laine", "06:07 Veikko Salo from Leena Virtanen"]
    expect(page.locator(".laid .heard li")).to_have_text(heard)


def test_who_is_new_is_taken_round_until_they_choose_somebody(page: Page, stage: Any) -> None:
    see(page, stage, "?lang=en")
    director = page.get_by_role("button", name="Director")
    expect(director).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".help")).to_contain_text("tap somebody to hear them")
    page.get_by_role("button", name="Residents", exact=True).click()
    page.locator(".rows button", has_text="Leena").click()
    expect(director).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".help")).to_have_count(0)
    see(page, stage, "?lang=en")
    expect(director).to_have_attribute("aria-pressed", "false")


def test_a_link_of_another_run_says_so(page: Page, stage: Any) -> None:
    see(page, stage, "?run=ffffffff&t=3")
    expect(page.get_by_role("alert")).to_contain_text("another town's history")


def test_without_webgl_there_is_a_map_and_a_list(page: Page, stage: Any) -> None:
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        " return kind.startsWith('webgl') ? null : get.call(this, kind, ...more); };"
    )
    see(page, stage)
    assert page.evaluate("() => window.__city.view") == "2d"
    page.get_by_role("button", name="List", exact=True).click()
    rows = page.locator(".list-view tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.filter(has_text="Otto Laine")).to_contain_text("I heard of a blue door.")


@pytest.mark.parametrize("viewport", [(1280, 800), (390, 844)], ids=["desk", "phone"])
def test_axe_finds_nothing(page: Page, stage: Any, viewport: tuple[int, int]) -> None:
    del viewport
    see(page, stage, "?person=aino&overlay=mood")
    page.locator(".card .graph").wait_for()
    page.evaluate((SOURCES / "node_modules/axe-core/axe.min.js").read_text())
    for scheme, view in (("light", "3d"), ("dark", "list")):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  the names of the driver
        if view == "list":
            page.get_by_role("button", name="List", exact=True).click()
        found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        told = [(fault["id"], [node["html"][:120] for node in fault["nodes"][:3]]) for fault in found["violations"]]
        assert told == []


def test_no_word_escapes_the_tables(page: Page, stage: Any) -> None:
    see(page, stage, "?lang=pseudo&person=aino")
    page.locator(".card .graph").wait_for()
    page.locator(".menu summary").click()
    plain: list[str] = page.evaluate(
        """(places) => [...document.querySelectorAll(places)].map((element) => element.textContent.trim())
          .filter((text) => /[a-z]{3}/i.test(text) && !text.startsWith('⟦') && !/[1-9]/.test(text))""",
        ", ".join(WORDY),
    )
    assert plain == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 1280


def test_a_recorded_day_plays_from_one_file(
    browser: Browser, built: Path, stage: Any, journal_url: str, tiny_town_file: Path, tmp_path: Path
) -> None:
    del built, stage
    compile_into(journal_url, tiny_town_file)
    done = subprocess.run(
        [sys.executable, "-m", "mqttown_cli", "record", "--database", journal_url, "--out", str(tmp_path / "day.html"), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) | {"bytes": 0, "page": ""} == {"bytes": 0, "page": "", "first_tick": 0, "last_tick": 9}
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{(tmp_path / 'day.html').as_uri()}#t=6&lang=en&place=cafe-satama&overlay=price")
    page.wait_for_function(READY)
    expect(page.locator(".connection")).to_have_text("a recorded day")
    expect(page.locator(".feed")).to_contain_text("The blue door opens at nine.")
    expect(page.locator(".card .stock")).to_contain_text("80 left")
    expect(page.locator(".laid")).to_contain_text("has an owner")
    page.get_by_role("button", name="Town", exact=True).click()
    page.locator(".rows button", has_text="Ranta").click()
    expect(page.get_by_role("meter", name="Mood")).to_be_visible()
    assert {url.split(":")[0] for url in asked} <= {"file", "data", "blob"}
    page.close()


def compile_into(url: str, town: Path) -> None:
    """Let the journal hold the town that it is of, as a real one does."""
    script = (
        "import asyncio, asyncpg, sys, zlib, pathlib\n"
        "async def put():\n"
        "    connection = await asyncpg.connect(sys.argv[1])\n"
        "    packed = zlib.compress(pathlib.Path(sys.argv[2]).read_bytes())\n"
        "    await connection.execute('UPDATE town.run SET town_json = $1', packed)\n"
        "    await connection.close()\n"
        "asyncio.run(put())"
    )
    subprocess.run([sys.executable, "-c", script, url, str(town)], check=True)


@pytest.fixture
def late(stage: Any) -> Iterator[None]:
    """The clock stands late on the first day, so that there is a past to show."""
    stage.clock(1001, state="paused")
    yield
    stage.clock(22)


@pytest.mark.parametrize("name", CLOSE)
def test_a_golden_picture_depends_on_town_time_and_camera_alone(page: Page, stage: Any, late: None, name: str) -> None:
    page.set_viewport_size({"width": 760, "height": 560})
    see(page, stage, f"?q=low&{CLOSE[name]}")
    page.wait_for_function("(wanted) => Math.abs(window.__city.tick - wanted) < 0.01", arg=float(CLOSE[name][2:].split("&")[0]))
    page.evaluate("() => new Promise((drawn) => setTimeout(drawn, 500))")
    taken = page.evaluate("() => window.__city.picture()")
    picture = Image.open(io.BytesIO(base64.b64decode(taken.split(",")[1]))).convert("RGB").resize((320, 240))
    golden = GOLDEN / f"{name}.png"
    if os.environ.get("MQTTOWN_GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        picture.save(golden)
    away = ImageStat.Stat(ImageChops.difference(picture, Image.open(golden).convert("RGB")))
    assert max(away.mean) < 4
    assert max(away.rms) < 12
