"""Fingers on a phone: one pans, two zoom, turn and tilt, a tap chooses. Real touches, as the browser's own debugger sends them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
READY = "() => window.__city?.ready && window.__city.figures === 4"
CAMERA = "?lang=en&q=low&c=140_40_300_0_40"
STEPS = 6
PATIENCE_MS = 90_000
FINGER_PX = 44
CONTROLS = "button:not(.link, .spread), select, summary, .enter, input:not([type=checkbox])"
"""Links within a text are as high as the text."""
Way: TypeAlias = tuple[tuple[float, float], tuple[float, float]]
VIEWS = pytest.mark.parametrize("view", ["3d", "2d"])


@pytest.fixture
def phone(browser: Browser, built: Path) -> Iterator[Page]:
    """A page on a phone; an error on it fails the test."""
    del built
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


class Hand:
    """Fingers that touch the screen; points are in CSS pixels of the page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._wire: CDPSession = page.context.new_cdp_session(page)

    def _send(self, kind: str, points: list[tuple[float, float]]) -> None:
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self._wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    def draw(self, *ways: Way) -> None:
        """Each finger goes its way, all at once."""
        self._send("touchStart", [start for start, _ in ways])
        for step in range(1, STEPS + 1):
            share = step / STEPS
            self._send("touchMove", [(a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share) for a, b in ways])
            self._drawn()
        self._send("touchEnd", [])
        self._drawn()

    def tap(self, x: float, y: float) -> None:
        self._send("touchStart", [(x, y)])
        self._send("touchEnd", [])

    def _drawn(self) -> None:
        frames = self._page.evaluate("() => window.__city.frames")
        self._page.wait_for_function("(frames) => window.__city.frames > frames", arg=frames)


def open_at(page: Page, stage: Any, view: str) -> dict[str, float]:
    page.goto(f"{stage.page}{CAMERA}{'&view=2d' if view == '2d' else ''}")
    page.wait_for_function(READY)
    return pose(page)


def pose(page: Page) -> dict[str, float]:
    found: dict[str, float] = page.evaluate("() => window.__city.pose")
    return found


@VIEWS
def test_one_finger_pans_and_two_zoom(phone: Page, stage: Any, view: str) -> None:
    before = open_at(phone, stage, view)
    hand = Hand(phone)
    hand.draw(((250, 380), (130, 300)))
    panned = pose(phone)
    assert panned["x"] > before["x"] + 10
    assert panned["y"] < before["y"] - 10
    assert abs(panned["distance"] - before["distance"]) < 1
    hand.draw(((170, 340), (110, 340)), ((220, 340), (280, 340)))
    near = pose(phone)
    assert near["distance"] < before["distance"] / 2
    hand.draw(((110, 340), (170, 340)), ((280, 340), (220, 340)))
    assert pose(phone)["distance"] > near["distance"] * 2
    assert phone.locator(".card").count() == 0


def test_two_fingers_round_each_other_turn_and_upwards_tilt(phone: Page, stage: Any) -> None:
    before = open_at(phone, stage, "3d")
    hand = Hand(phone)
    hand.draw(((120, 340), (195, 260)), ((270, 340), (195, 420)))
    turned = pose(phone)
    assert turned["turn"] > before["turn"] + 45
    assert abs(turned["tilt"] - before["tilt"]) < 1
    hand.draw(((130, 380), (130, 260)), ((220, 380), (220, 260)))
    tilted = pose(phone)
    assert tilted["tilt"] > turned["tilt"] + 10
    assert abs(tilted["turn"] - turned["turn"]) < 1
    assert abs(tilted["distance"] - turned["distance"]) < 1


@VIEWS
def test_a_tap_chooses_a_person(phone: Page, stage: Any, view: str) -> None:
    open_at(phone, stage, view)
    x, y = phone.evaluate("() => window.__city.onScreen('leena')")
    hand = Hand(phone)
    hand.tap(x + 12, y)
    expect(phone.locator(".card h2")).to_have_text("Leena Virtanen")
    phone.get_by_role("button", name="Close").tap()
    expect(phone.locator(".card")).to_have_count(0)


def test_what_is_tapped_is_as_large_as_a_finger(phone: Page, stage: Any) -> None:
    open_at(phone, stage, "2d")
    phone.locator(".menu summary").tap()
    phone.get_by_role("button", name="Share this moment").tap()
    small: list[str] = phone.evaluate(
        """([least, kinds]) => [...document.querySelectorAll(kinds)]
          .filter((one) => one.checkVisibility())
          .map((one) => ({ name: one.getAttribute('aria-label') ?? one.textContent, height: one.getBoundingClientRect().height }))
          .filter(({ height }) => height < least)
          .map(({ name, height }) => `${name}: ${height}`)""",
        [FINGER_PX, CONTROLS],
    )
    assert small == []
    assert phone.evaluate("() => document.documentElement.scrollWidth") == 390
