"""The page in a real browser: map, residents that move, feed, the flat map, the phone, coming back after a break."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from mqttown_contract import topics

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
READY = "() => window.__city?.ready && window.__city.figures === 4"


def open_city(page: Page, stage: Any, query: str = "") -> dict[str, Any]:
    page.goto(stage.page + query)
    page.wait_for_function(READY)
    facts: dict[str, Any] = page.evaluate("() => ({...window.__city, positions: window.__city.positions(), onScreen: null})")
    return facts


@pytest.mark.parametrize("viewport", [(1280, 800), (390, 844)], ids=["desk", "phone"])
@pytest.mark.parametrize(("query", "kind"), [("", "3d"), ("?view=2d", "2d")])
def test_the_map_has_its_residents_and_the_feed_tells(
    page: Page, stage: Any, viewport: tuple[int, int], query: str, kind: str, tmp_path: Path, tiny_town: Any
) -> None:
    facts = open_city(page, stage, query)
    assert (facts["view"], facts["figures"], sorted(facts["positions"])) == (kind, 4, ["aino", "leena", "otto", "veikko"])
    assert facts["drawCalls"] <= 30
    expect(page.locator(".feed")).to_contain_text("Otto Laine")
    expect(page.locator(".feed")).to_contain_text("The blue door opens at nine.")
    expect(page.locator(".attribution")).to_have_text(tiny_town["town"]["attribution"])
    expect(page.locator(".attribution")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= viewport[0]
    picture = page.screenshot(path=tmp_path / "page.png")
    assert len(picture) > 10_000
    assert len(colours(page)) > 20


def colours(page: Page) -> list[str]:
    """Different colours on the map, read from a screenshot of the canvas by the browser itself."""
    import base64  # noqa: PLC0415  only here

    shot = base64.b64encode(page.locator(".city canvas").screenshot()).decode()
    found: list[str] = page.evaluate(
        """async (shot) => {
          const image = await createImageBitmap(new Blob([Uint8Array.from(atob(shot), (letter) => letter.charCodeAt(0))]));
          const canvas = new OffscreenCanvas(64, 64);
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0, 64, 64);
          const data = context.getImageData(0, 0, 64, 64).data;
          const seen = new Set();
          for (let i = 0; i < data.length; i += 4) seen.add([data[i] >> 4, data[i + 1] >> 4, data[i + 2] >> 4].join());
          return [...seen];
        }""",
        shot,
    )
    return found


def test_a_walker_moves_between_two_updates(page: Page, stage: Any) -> None:
    stage.clock(20)
    open_city(page, stage)
    before = page.evaluate("() => window.__city.positions().veikko")
    stage.clock(21)
    page.wait_for_function("(before) => window.__city.positions().veikko[0] < before[0] - 0.5", arg=before)


def test_words_reach_the_feed_and_a_click_selects_who_spoke(page: Page, stage: Any) -> None:
    open_city(page, stage)
    said = {
        "id": "e-22-0",
        "kind": "said",
        "tick": 22,
        "district": "ranta",
        "agent": "leena",
        "witnesses": ["leena"],
        "data": {"text": "<b>Look</b>, a rainbow!", "to": ["otto"]},
    }
    stage.publish(topics.district("tiny", "ranta", "events"), {"generation": 1, "tick": 22, "events": [said]})
    entry = page.locator(".feed .talk", has_text="a rainbow")
    expect(entry).to_contain_text("Leena Virtanen says to Otto Laine")
    expect(entry).to_contain_text("<b>Look</b>, a rainbow!")
    entry.locator(".head").click()
    expect(page.locator(".card h2")).to_have_text("Leena Virtanen")
    page.get_by_label("What", exact=True).select_option("work")
    expect(page.locator(".feed")).to_contain_text("starts work")
    expect(page.locator(".feed")).not_to_contain_text("a rainbow")
    page.get_by_role("button", name="Residents", exact=True).click()
    expect(page.locator(".rows li")).to_have_count(4)


def test_the_director_goes_where_something_happens(page: Page, stage: Any) -> None:
    stage.clock(22)
    open_city(page, stage, "?c=300_200_500_0_50&lang=en")
    heard = {"text": "Come and see!", "to": None}
    said = {
        "id": "e-22-9",
        "kind": "said",
        "tick": 22,
        "district": "ranta",
        "agent": "leena",
        "witnesses": ["leena", "aino", "otto"],
        "data": heard,
    }
    stage.publish(topics.district("tiny", "ranta", "events"), {"generation": 1, "tick": 22, "events": [said]})
    expect(page.locator(".feed")).to_contain_text("Come and see!")
    page.get_by_role("button", name="Director").click()
    page.wait_for_function(
        "() => { const [{ pose }, [x, y]] = [window.__city, window.__city.positions().leena];"
        " return Math.hypot(pose.x - x, pose.y - y) < 2; }"
    )
    page.locator(".city canvas").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Director")).to_have_attribute("aria-pressed", "false")


def test_the_page_comes_back_by_itself_after_a_break(
    browser: Browser, built: Path, dashboard_environment: dict[str, str], other_broker_port: int
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**dashboard_environment, "MQTTOWN_MQTT_PORT": str(other_broker_port), "MQTTOWN_HTTP_PORT": str(port)}
    page = browser.new_page()
    for attempt in range(2):
        with dashboard(environment) as address:
            if attempt == 0:
                page.goto(address)
            page.wait_for_function(READY)
        page.wait_for_function("() => window.__city.connection === 'lost'")
        expect(page.locator(".connection")).to_contain_text("connection lost")
    page.close()


@contextmanager
def dashboard(environment: dict[str, str]) -> Iterator[str]:
    """A dashboard that is killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mqttown_dashboard"], env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split('"')[3]
    finally:
        process.kill()
        process.communicate()


def test_the_scripts_are_small_and_kept_by_the_browser(stage: Any, built: Path) -> None:
    import gzip  # noqa: PLC0415  only here

    scripts = sorted(built.glob("assets/*.js"))
    assert 0 < sum(len(gzip.compress(script.read_bytes())) for script in scripts) < 400_000
    answer = httpx.get(f"{stage.page}assets/{scripts[0].name}")
    assert "immutable" in answer.headers["cache-control"]


def test_the_sources_pass_the_type_checker_and_their_own_tests(built: Path) -> None:
    from mqttown_dashboard import build as builder  # noqa: PLC0415  private names of the build, for its Node

    for command in (["node_modules/typescript-native/bin/tsc", "--noEmit"], ["--test", "src/**/*.test.ts"]):
        done = subprocess.run([builder._node(), *command], cwd=builder.SOURCES, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
