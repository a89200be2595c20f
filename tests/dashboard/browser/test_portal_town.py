"""The portal on a whole town: a resident comes to life, a program runs as printed, two owners want one building."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.town, pytest.mark.slow, pytest.mark.timeout(240)]
PASSWORD = "seven grey trams"
PATIENCE_MS = 60_000
MQTTOWN = str(Path(sys.executable).parent / "mqttown")


@pytest.fixture(scope="module")
def town(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A small town for all journeys; twenty of its minutes are a second."""
    del built
    ports = ("--http-port", "0", "--mqtt-port", "0", "--ws-port", "0")
    data = tmp_path_factory.mktemp("town") / "data"
    process = subprocess.Popen(
        [MQTTOWN, "up", "--data", str(data), "--residents", "6", "--speed", "1200", *ports],
        stdout=subprocess.PIPE,
        env={**os.environ, "MQTTOWN_SIGN_INS_PER_MINUTE": "100"},
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        ready = next(line for line in process.stdout if line.startswith("ready {"))
        yield {**json.loads(ready.removeprefix("ready ")), "data": str(data)}
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def owner(browser: Browser, town: dict[str, str], name: str, place: str = "residents") -> Page:
    """A browser of somebody's own, signed in on a page of the portal."""
    httpx.post(f"{town['api']}/accounts", json={"name": name, "password": PASSWORD}, timeout=20).raise_for_status()
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{town['page']}?lang=en&view=list#/{place}")
    page.get_by_label("Account name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return page


def signed_in(browser: Browser, town: dict[str, str], name: str) -> Page:
    """A browser of somebody's own in which they have signed in before."""
    told = session(town, name)
    kept = {"name": name, "access": told["access_token"], "refresh": told["refresh_token"], "until": 2**53}
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.add_init_script(f"localStorage.setItem('mqttown.session', {json.dumps(json.dumps(kept))})")
    return page


def session(town: dict[str, str], name: str) -> dict[str, Any]:
    """Tokens of somebody who has an account."""
    return dict(httpx.post(f"{town['api']}/sessions", json={"name": name, "password": PASSWORD}, timeout=20).json())


def send(town: dict[str, str], name: str, path: str, body: dict[str, Any], method: str = "POST") -> None:
    """Ask over HTTP as an owner."""
    headers = {"Authorization": f"Bearer {session(town, name)['access_token']}"}
    httpx.request(method, f"{town['api']}{path}", json=body, headers=headers, timeout=60).raise_for_status()


def until(holds: Any) -> bool:
    """Whether something comes to hold within a minute."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return bool(holds())


def test_a_resident_arrives_thinks_talks_and_is_paused(browser: Browser, town: dict[str, str]) -> None:
    page = owner(browser, town, "rosa")
    page.get_by_role("link", name="Surprise me").click()
    expect(page.locator(".first q")).not_to_be_empty(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Create", exact=True).click()
    steps = page.locator(".steps li")
    expect(steps.nth(1)).to_contain_text("✓", timeout=PATIENCE_MS)
    expect(steps.nth(0)).to_contain_text("✓", timeout=PATIENCE_MS)
    tabs = page.locator("nav.tabs")
    tabs.get_by_role("link", name="Decisions").click()
    expect(page.locator(".facts tbody tr").first).to_be_visible(timeout=PATIENCE_MS)
    tabs.get_by_role("link", name="Thoughts").click()
    expect(page.locator(".thoughts li").first).to_be_visible(timeout=PATIENCE_MS)
    tabs.get_by_role("link", name="Talk").click()
    page.get_by_label("Your words").fill("Where have you been?")
    page.get_by_role("button", name="Say it").click()
    expect(page.locator(".talk q")).not_to_be_empty(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("paused", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    page.context.close()


def test_a_towns_letters_lie_in_its_data_directory(town: dict[str, str]) -> None:
    httpx.post(f"{town['api']}/accounts", json={"name": "pia", "password": PASSWORD}, timeout=20).raise_for_status()
    send(town, "pia", "/me/mail", {"mail": "pia@example.org"}, "PUT")
    httpx.post(f"{town['api']}/accounts/forgotten", json={"name": "pia"}, timeout=20).raise_for_status()
    file = Path(town["data"]) / "letters.jsonl"
    assert until(lambda: file.exists() and "pia@example.org" in file.read_text(encoding="utf-8"))


def test_the_program_shown_runs_as_printed_and_its_wire_shows_it(browser: Browser, town: dict[str, str], tmp_path: Path) -> None:
    page = owner(browser, town, "sven", "agents")
    page.get_by_label("Id in the town").fill("svens-own")
    page.get_by_role("button", name="Register").click()
    page.get_by_role("button", name="Python", exact=True).click()
    program = tmp_path / "begin.py"
    program.write_text(page.locator(".copied pre").last.inner_text(), encoding="utf-8")
    page.get_by_role("link", name="Watch its wire").click()
    expect(page.get_by_text("live", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.DEVNULL, start_new_session=True) as running:
        try:
            for told in ("says hello", "hears observation", "says action", "hears verdict"):
                line = page.locator(".wires li").filter(has_text=told).first
                expect(line).to_contain_text("as the contract has it", timeout=PATIENCE_MS)
            expect(page.get_by_role("status").filter(has_text="in the town")).to_be_visible(timeout=PATIENCE_MS)
        finally:
            os.killpg(running.pid, signal.SIGKILL)
    page.context.close()


def claim_at_once(pages: list[Page]) -> None:
    """Let all claim what their pages show; no claim is sent before all are made, as a frame of the stream takes the button away."""
    asked: list[Route] = []

    def hold(claim: Route) -> None:
        asked.append(claim)

    for page in pages:
        page.route("**/api/v1/claims", hold)
        page.get_by_role("button", name="Claim it").click()
    while len(asked) < len(pages):
        pages[0].wait_for_timeout(20)
    for claim in asked:
        claim.continue_()


def test_of_two_who_claim_at_once_one_gets_it_the_other_is_told_why_and_everybody_sees_it(
    browser: Browser, town: dict[str, str]
) -> None:
    houses = httpx.get(f"{town['api']}/buildings", params={"limit": 1000}, timeout=20).json()["items"]
    free = [house for house in houses if house["price"] is not None and house["owner"] is None]
    house = min(free, key=lambda house: (house["price"], house["id"]))
    pages = []
    for name, resident in (("tora", "tyra"), ("ulla", "unni")):
        httpx.post(f"{town['api']}/accounts", json={"name": name, "password": PASSWORD}, timeout=20).raise_for_status()
        send(town, name, "/me/residents", {"id": resident, "name": resident.title()})
        pages.append(signed_in(browser, town, name))
    watcher = browser.new_page()
    for page in (*pages, watcher):
        page.goto(f"{town['page']}?lang=en&view=list&place={house['id']}")
    for page in (*pages, watcher):
        expect(page.locator(".card h2")).to_contain_text(house["name"], timeout=PATIENCE_MS)
    expect(watcher.locator(".card dd").first).to_have_text("nobody", timeout=PATIENCE_MS)
    for page in pages:
        expect(page.get_by_role("button", name="Claim it")).to_be_visible(timeout=PATIENCE_MS)
    claim_at_once(pages)
    told = [page.locator(".card section [role]") for page in pages]
    for words in told:
        expect(words).to_have_text(re.compile(r" now\.$"), timeout=PATIENCE_MS)
    answers = [words.inner_text() for words in told]
    winner = "Tyra" if any("belongs to Tyra now" in answer for answer in answers) else "Unni"
    assert sorted(answers) == sorted([f"It belongs to {winner} now.", f"{winner} was first: it belongs to them now."])
    for page in (*pages, watcher):
        expect(page.locator(".card dd").first).to_have_text(winner, timeout=PATIENCE_MS)
    for page in pages:
        page.context.close()
    watcher.close()
