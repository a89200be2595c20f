"""What an operator does in the browser, on a whole town: sign in with a second factor, decide, pause, change the town by hand."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from playwright.sync_api import Locator, Page, expect

from mqttown_dashboard.build import SOURCES

ROOT = Path(__file__).parents[3]
pytestmark = [pytest.mark.browser, pytest.mark.town, pytest.mark.slow, pytest.mark.timeout(400)]
PASSWORD = "seven grey trams"
PATIENCE_MS = 90_000
WORDS = "Write to me at helmi@example.org"
"""The rules hold an address back until an operator has read it."""
WATCHING = (ROOT / "docker" / "prometheus" / "alerts.yaml", ROOT / "docker" / "grafana" / "mqttown.json")
CODES = {
    "flag", "moderation", "quarantine", "release", "clear_flag", "pass_held", "refuse_held", "intervene", "pause", "resume",
    "speed", "step", "register", "revoke", "key", "permit", "act_for", "budget", "stop",
}  # fmt: skip
"""Kinds of entries of the audit log, which are the same in every language."""


@pytest.fixture(autouse=True)
def patience(town_page: Page) -> Iterator[None]:
    """The machine may be busy."""
    town_page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def second_factor(real_town: Any) -> pyotp.TOTP:
    """Of an operator, `helmi`; it is in force."""
    token = real_town.account("helmi", PASSWORD)
    real_town.send("PATCH", "/accounts/helmi", real_town.operator, {"role": "operator"})
    factor = pyotp.TOTP(real_town.send("POST", "/me/second-factor", token)["secret"])
    real_town.send("PUT", "/me/second-factor", token, {"code": factor.at(int(time.time()))})
    return factor


@pytest.fixture(scope="module")
def program(real_town: Any) -> Callable[[str, dict[str, Any]], httpx.Response]:
    """Acts for an owner's own program, `kulkija`."""
    owner = real_town.account("otso")
    key = real_town.send("POST", "/agents", owner, {"id": "kulkija"})["password"]

    def act(action: str, parameters: dict[str, Any]) -> httpx.Response:
        body = {"id": f"{action}-1", "action": action, "parameters": parameters}
        address = f"{real_town.page}api/v1/agents/kulkija/actions?wait=30"
        return httpx.post(address, json=body, headers={"Authorization": f"Bearer {key}"}, timeout=60)

    return act


def sheet(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


def audited(town: Any, kind: str) -> list[dict[str, Any]]:
    """Newest entries of the audit log."""
    return list(town.send("GET", f"/operation/audit?kind={kind}", town.operator)["items"])


def test_an_operator_looks_after_the_town(
    town_page: Page, real_town: Any, second_factor: pyotp.TOTP, program: Callable[[str, dict[str, Any]], httpx.Response]
) -> None:
    page = town_page
    held = program("say", {"text": WORDS})
    assert held.json()["code"] == "moderated", held.text

    page.goto(f"{real_town.page}#/operation")
    page.get_by_label("Account name").fill("helmi")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Code of the second factor").fill(second_factor.at(int(time.time()) + 30))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Operation", exact=True)).to_be_visible()
    expect(page.locator(".tile.good", has_text="Town time")).to_contain_text("passes")
    expect(sheet(page, "How long a tick takes").get_by_role("row", name="the whole tick")).to_contain_text(re.compile(r"\d"))

    pace = sheet(page, "Pace")
    pace.get_by_role("button", name="Pause the town").click()
    expect(page.locator(".tile.wait", has_text="Town time")).to_contain_text("paused")
    assert real_town.send("GET", "/clock")["state"] == "paused"
    pace.get_by_role("button", name="Let it go on").click()
    expect(pace.get_by_role("button", name="Pause the town")).to_be_visible()
    pace.get_by_label("Town seconds a second").fill("1200")
    pace.get_by_role("button", name="Set the speed").click()
    expect(pace).to_contain_text("Now 1,200")
    assert real_town.send("GET", "/clock")["speed"] == 1200

    words = sheet(page, "Words that wait")
    expect(words.locator("q")).to_have_text(WORDS)
    words.get_by_role("button", name="Let them pass: kulkija").click()
    expect(words).to_contain_text("No words wait.")
    assert [(entry["what"]["by"], entry["what"]["status"]) for entry in audited(real_town, "pass_held")] == [("helmi", "accepted")]

    quarantine = sheet(page, "Quarantine")
    quarantine.get_by_label("Resident").fill("kulkija")
    quarantine.get_by_label("Why").fill("repeats one address")
    quarantine.get_by_role("button", name="Hold an agent").click()
    expect(quarantine).to_contain_text("repeats one address")
    assert program("wait", {}).json()["code"] == "quarantined"
    quarantine.get_by_role("button", name="Release: kulkija").click()
    expect(quarantine).to_contain_text("Nobody is held.")
    assert [entry["what"]["by"] for entry in audited(real_town, "release")] == ["helmi"]

    hand = sheet(page, "Change the town by hand")
    hand.get_by_label("What", exact=True).select_option("weather")
    hand.get_by_label("Weather").select_option("fog")
    hand.get_by_role("button", name="Do it").click()
    event = hand.get_by_role("status").locator("code").inner_text()
    (told,) = [one for one in real_town.send("GET", "/events?kind=intervened")["items"] if one["id"] == event]
    assert told["data"] == {"kind": "weather", "weather": "fog"}
    hand.get_by_label("What", exact=True).select_option("close")
    hand.get_by_label("Place").fill("no-such-place")
    hand.get_by_role("button", name="Do it").click()
    expect(hand.get_by_role("alert")).to_have_text("There is no building no-such-place.")

    log = page.get_by_role("region", name="Entries of the audit log")
    page.get_by_label("Kind", exact=True).select_option("release")
    expect(log.locator("tbody tr")).to_have_count(1)
    expect(log.locator("tbody tr")).to_contain_text("helmi")
    see_that_all_can_use_it(page)


def see_that_all_can_use_it(page: Page) -> None:
    """By light and dark, at a desk and on a phone; and every word is in the tables."""
    page.evaluate((SOURCES / "node_modules/axe-core/axe.min.js").read_text())
    for scheme, width in (("light", 1280), ("dark", 390)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  the names of the driver
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        assert page.evaluate("() => document.querySelector('.portal').scrollWidth") <= width
        found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        assert [(fault["id"], [node["html"][:120] for node in fault["nodes"][:3]]) for fault in found["violations"]] == []
    page.goto(f"{page.url.partition('#')[0]}?lang=pseudo#/operation")
    expect(page.locator(".portal h1")).to_have_text(re.compile("^⟦"))
    page.locator(".log-table").wait_for()
    plain = page.evaluate(
        """() => [...document.querySelectorAll('.portal :is(h1, h2, dt, dd, label, thead th, button, select option, small, p)')]
          .map((element) => element.textContent.trim())
          .filter((text) => /[a-z]{3}/i.test(text) && !text.includes('⟦') && !/[0-9]/.test(text))"""
    )
    assert sorted(set(plain) - {"English", "Svenska", "Pseudo", "← Helsinki"} - CODES) == []


def test_a_whole_town_tells_every_metric_that_is_watched(real_town: Any) -> None:
    text = httpx.get(f"{real_town.page}metrics", timeout=PATIENCE_MS / 1000).text
    told = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    named = {name for file in WATCHING for name in re.findall(r"\bmqttown_\w+", file.read_text(encoding="utf-8"))}
    # This town has no model gateway.
    assert named - told == {"mqttown_model_money_today", "mqttown_model_tokens_today"}
    assert 'mqttown_waiting{what="quarantined"} 0.0' in text


def test_an_owner_is_told_that_it_is_not_theirs(town_page: Page, real_town: Any) -> None:
    real_town.send("POST", "/accounts", body={"name": "aune", "password": PASSWORD})
    town_page.goto(f"{real_town.page}#/operation")
    town_page.get_by_label("Account name").fill("aune")
    town_page.get_by_label("Password", exact=True).fill(PASSWORD)
    town_page.get_by_role("button", name="Sign in", exact=True).click()
    expect(town_page.locator(".portal main")).to_contain_text("This page is for operators of the town.")
    expect(town_page.get_by_role("link", name="Operation", exact=True)).to_have_count(0)
