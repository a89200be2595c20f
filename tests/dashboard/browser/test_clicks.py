"""What a new visitor gets at without help: a resident's last conversation and a link to this moment, counted in clicks."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
READY = "() => window.__city?.ready && window.__city.figures === 4"
COUNTED = "window.__clicks = 0; addEventListener('click', (event) => { if (event.isTrusted) window.__clicks++; }, true);"
MOST_CLICKS = 3
SIZES = pytest.mark.parametrize("viewport", [(1280, 800), (390, 844)], ids=["desk", "phone"])


@pytest.fixture
def counted(page: Page, stage: Any) -> Page:
    """The page as somebody finds it who comes for the first time; it counts their clicks."""
    page.add_init_script(COUNTED)
    page.goto(f"{stage.page}?lang=en")
    page.wait_for_function(READY)
    return page


def clicks(page: Page) -> int:
    count: int = page.evaluate("() => window.__clicks")
    return count


@SIZES
def test_a_last_conversation_is_at_most_three_clicks_away(counted: Page, viewport: tuple[int, int]) -> None:
    del viewport
    counted.get_by_role("button", name="Residents", exact=True).click()
    counted.locator(".rows button", has_text="Otto").click()
    expect(counted.get_by_role("heading", name="Last conversation")).to_be_in_viewport()
    words = counted.locator(".card .lines q", has_text="I heard of a blue door.")
    expect(words).to_be_in_viewport()
    assert 0 < clicks(counted) <= MOST_CLICKS


@SIZES
def test_a_conversation_in_the_feed_leads_to_who_spoke_in_one_click(counted: Page, viewport: tuple[int, int]) -> None:
    del viewport
    counted.locator(".feed .talk .head", has_text="Leena").first.click()
    expect(counted.get_by_role("heading", name="Last conversation")).to_be_in_viewport()
    assert clicks(counted) == 1


@SIZES
def test_this_moment_is_shared_in_at_most_three_clicks(
    counted: Page, browser: Browser, stage: Any, viewport: tuple[int, int]
) -> None:
    del viewport
    counted.get_by_role("button", name="Share this moment").click()
    field = counted.get_by_label("Link to this moment")
    expect(field).to_be_in_viewport()
    link = field.input_value()
    assert 0 < clicks(counted) <= MOST_CLICKS
    assert re.match(re.escape(f"{stage.page}moment?run="), link)
    there = browser.new_page()
    there.goto(link)
    there.wait_for_function(READY)
    tick = float(re.findall(r"[?&]t=([\d.]+)", link)[0])
    assert abs(there.evaluate("() => window.__city.tick") - tick) < 0.1
    there.close()


def test_who_wants_no_motion_is_shown_none(page: Page, stage: Any) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{stage.page}?lang=en&c=100_100_300_0_50")
    page.wait_for_function(READY)
    page.evaluate(
        """() => {
          window.__poses = new Set();
          const look = () => { window.__poses.add(JSON.stringify(window.__city.pose)); requestAnimationFrame(look); };
          look();
        }"""
    )
    page.get_by_role("button", name="Residents", exact=True).click()
    page.locator(".rows button", has_text="Leena").click()
    page.wait_for_function("() => window.__poses.size > 1")
    page.evaluate("() => new Promise((drawn) => setTimeout(drawn, 1500))")
    assert page.evaluate("() => window.__poses.size") == 2
