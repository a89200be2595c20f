"""What owners do in the browser: account, second factor, residents, programs; the town behind it is a stand-in."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import asyncpg
import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from mqttown.archive import check
from mqttown_contract import topics
from mqttown_dashboard.build import OUTPUT, SOURCES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
PASSWORD = "seven grey trams"
COUNTED = "window.__clicks = 0; addEventListener('click', (event) => { if (event.isTrusted) window.__clicks++; }, true);"
WORDY = ", ".join(f".portal {part}" for part in ("h1", "h2", "h3", "label", "legend", "button", "small", "nav a", ".pill"))
"""Where there are words of the portal's own."""


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """A machine under load is no failure."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


def enter(page: Page, name: str, address: str) -> None:
    """Sign up in the browser, and go on to a page of the portal."""
    page.goto(f"{address}?lang=en#/sign-up")
    page.get_by_label("Account name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make an account").click()
    expect(page.get_by_role("heading", name="Create a resident")).to_be_visible()
    page.get_by_role("link", name="My residents").click()
    expect(page.get_by_role("heading", name="My residents")).to_be_visible()


def axe(page: Page) -> list[Any]:
    """What axe finds on the page."""
    page.evaluate((SOURCES / "node_modules/axe-core/axe.min.js").read_text())
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [(fault["id"], [node["html"][:160] for node in fault["nodes"][:3]]) for fault in found["violations"]]


@pytest.fixture
def letters(another: Any, tmp_path: Path) -> tuple[str, Path]:
    """A dashboard with second factors that writes its letters to a file; its address and the file."""
    file = tmp_path / "letters.jsonl"
    return another(MQTTOWN_DATA=str(tmp_path), MQTTOWN_MAIL=f"file:{file}"), file


@pytest.mark.slow
def test_an_account_from_signing_up_to_a_second_factor(browser: Browser, built: Path, letters: tuple[str, Path]) -> None:
    del built
    address, file = letters
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}?lang=en&view=list")
    page.get_by_role("link", name="Take part").click()
    page.get_by_label("Account name").fill("wilma")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("E-mail address").fill("wilma@example.org")
    page.get_by_role("button", name="Make an account").click()
    expect(page.get_by_role("heading", name="Create a resident")).to_be_visible()
    page.reload()
    page.get_by_role("link", name="Account").click()
    expect(page.get_by_text("wilma@example.org")).to_be_visible()

    # Somebody else who is signed in as her, elsewhere, is sent away.
    elsewhere = browser.new_context().new_page()
    elsewhere.goto(f"{address}?lang=en#/account")
    elsewhere.get_by_label("Account name").fill("wilma")
    elsewhere.get_by_label("Password").fill("not her password")
    elsewhere.get_by_role("button", name="Sign in").click()
    expect(elsewhere.get_by_role("alert")).to_have_text("Name and password do not fit together.")
    elsewhere.get_by_label("Password").fill(PASSWORD)
    elsewhere.get_by_role("button", name="Sign in").click()
    expect(elsewhere.get_by_role("heading", name="Account: wilma")).to_be_visible()
    page.reload()
    expect(page.get_by_role("region", name="Where I am signed in").get_by_text("Chrome, Linux")).to_have_count(2)
    page.get_by_role("region", name="Where I am signed in").get_by_role("button", name="End").click()
    expect(page.get_by_role("region", name="Where I am signed in").locator("li")).to_have_count(1)
    elsewhere.reload()
    expect(elsewhere.get_by_role("heading", name="Sign in")).to_be_visible()

    keys = page.get_by_role("region", name="API keys")
    keys.get_by_label("What it is for").fill("laptop")
    keys.get_by_role("button", name="Make a key").click()
    expect(keys.locator(".once code")).to_have_text(re.compile(r"^mqt_"))
    keys.get_by_role("button", name="Revoke").click()
    keys.get_by_role("button", name="Revoke").click()
    expect(keys.locator("li")).to_have_count(0)

    assert "QrCode" not in "".join(asked), "who wants no second factor loads nothing for it"
    page.get_by_role("button", name="Set it up").click()
    picture = page.get_by_role("img", name="The secret as a QR code")
    expect(picture.locator("path").last).to_have_attribute("d", re.compile(r"^M4 4h7v1h-7z"))  # the corner of a QR code
    secret = page.get_by_role("region", name="Second factor").locator("code").inner_text()
    otp = pyotp.TOTP(secret)
    page.get_by_label("Code of the second factor").fill(otp.now())
    page.get_by_role("button", name="Put it in force").click()
    expect(page.get_by_role("button", name="Take it away")).to_be_visible()

    page.get_by_role("button", name="Sign out wilma").click()
    page.get_by_role("link", name="Forgotten password").click()
    page.get_by_label("Account name").fill("wilma")
    page.get_by_role("button", name="Send me a letter").click()
    expect(page.get_by_role("status")).to_contain_text("a letter with a link is on its way")
    while not file.exists():  # letters are written after the answer; the test's time limit bounds this
        page.wait_for_timeout(50)
    letter = json.loads(file.read_text().splitlines()[-1])
    assert letter["to"] == "wilma@example.org"
    page.goto("about:blank")
    page.goto(re.search(r"http\S+", letter["body"])[0])  # type: ignore[index]  a letter without a link fails here
    page.get_by_label("New password").fill("eight grey trams")
    page.get_by_role("button", name="Set another password").click()
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    assert "token" not in page.url
    page.get_by_label("Account name").fill("wilma")
    page.get_by_label("Password").fill("eight grey trams")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("A code of your second factor is needed")
    page.get_by_label("Password").fill("eight grey trams")
    page.get_by_label("Code of the second factor").fill(otp.at(int(time.time()) + 30))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="My residents")).to_be_visible()
    elsewhere.context.close()
    page.close()


def test_a_new_visitor_has_an_account_and_a_resident_with_three_clicks(page: Page, stage: Any) -> None:
    page.add_init_script(COUNTED)
    page.goto(f"{stage.page}?lang=en&view=list")
    page.get_by_role("link", name="Take part").click()
    page.get_by_label("Account name").fill("uuno")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make an account").click()
    expect(page.locator(".first q")).not_to_be_empty()
    name = page.get_by_label("Name", exact=True).input_value()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert page.evaluate("() => window.__clicks") == 3
    page.goto(f"{stage.page}?lang=en#/new")
    expect(page.get_by_label("Name", exact=True)).to_have_value("")  # who was created is no draft any more
    page.get_by_label("Name", exact=True).fill("Otso")
    page.get_by_role("button", name="Surprise me").click()
    expect(page.get_by_label("Name", exact=True)).not_to_have_value("Otso")
    page.get_by_role("button", name="Undo").click()
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Otso")
    page.get_by_role("button", name="Sign out uuno").click()
    page.get_by_role("button", name="To ").click()
    page.get_by_role("link", name="Take part").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()  # who has been here needs no other account


@pytest.mark.slow
def test_a_resident_is_three_clicks_away_and_can_be_changed_and_undone(page: Page, stage: Any) -> None:
    enter(page, "olga", stage.page)
    page.goto(f"{stage.page}?lang=en&view=list")
    page.get_by_role("link", name="Take part").click()  # one
    page.get_by_role("link", name="Surprise me").click()  # two
    expect(page.get_by_label("Name", exact=True)).not_to_have_value("")
    expect(page.locator(".first q")).not_to_be_empty()
    name = page.get_by_label("Name", exact=True).input_value()
    page.get_by_role("button", name="Create", exact=True).click()  # three
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator(".steps li")).to_have_count(3)
    agent = re.search(r"#/residents/([\w-]+)", page.url)[1]  # type: ignore[index]  an address without it fails here

    tabs = page.locator("nav.tabs")
    tabs.get_by_role("link", name="Change").click()
    page.get_by_label("Who they are").fill("Came for nothing.")
    page.get_by_label("Who they are").blur()
    page.get_by_label("Curious").fill("900")
    tabs.get_by_role("link", name="Talk").click()
    tabs.get_by_role("link", name="Change").click()
    expect(page.get_by_text("Not kept yet.")).to_be_visible()
    expect(page.get_by_label("Who they are")).to_have_value("Came for nothing.")  # nothing typed is lost
    page.get_by_role("button", name="Back to what is in force").click()
    expect(page.get_by_text("Not kept yet.")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Who they are")).to_have_value("Came for nothing.")
    page.get_by_label("Who they are").fill("Came for the trams.")
    page.get_by_label("Euros a day", exact=True).fill("12.5")
    page.get_by_role("button", name="Keep the change").click()
    expect(page.get_by_text("Kept; version 2 is in force.")).to_be_visible()
    tabs.get_by_role("link", name="Versions").click()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".diff")).to_contain_text("traits.curious")
    expect(page.locator(".diff ins").filter(has_text="Came for the trams.")).to_be_visible()
    page.get_by_role("button", name="Go back to it").click()
    expect(page.get_by_text("as version 1")).to_be_visible()

    tabs.get_by_role("link", name="Talk").click()
    page.get_by_label("Your words").fill("What did you do today?")
    page.get_by_role("button", name="Say it").click()
    expect(page.locator(".talk q")).to_contain_text("What did you do today?")  # the stand-in remembers the question
    expect(page.locator(".talk")).to_contain_text("1 memory came to mind")

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("paused", exact=True)).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()

    tabs.get_by_role("link", name="Copy, file, delete").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    file = download.value.path()
    assert f"id: {agent}" in file.read_text()
    expect(page.get_by_text("its purse, which falls to the town's treasury")).to_be_visible()
    page.get_by_role("button", name=f"Delete {name}").click()
    page.get_by_role("button", name=f"Delete {name}").click()
    expect(page.get_by_role("heading", name="My residents")).to_be_visible()
    page.locator("input[type=file]").set_input_files(
        {"name": "again.yaml", "mimeType": "application/yaml", "buffer": b"id: olgas-twin\nname: Otso\nstory: Imported.\n"}
    )
    expect(page.get_by_text("Imported.")).to_be_visible()


def test_a_resident_by_hand_thinks_with_a_model_within_a_budget(page: Page, stage: Any) -> None:
    enter(page, "noora", stage.page)
    page.get_by_role("link", name="Create a resident").click()
    page.get_by_label("Name", exact=True).fill("Noora's Áki")
    expect(page.locator(".first q")).to_contain_text("Noora's")
    page.get_by_text("More: character, mind, permissions").click()
    page.get_by_label("a language model").check()
    page.get_by_label("Budget a day").fill("0.2")
    page.get_by_label("walk").uncheck()
    page.get_by_label("Key", exact=True).fill("sk-do-not-use-this-one")
    page.get_by_role("button", name="Keep the key").click()
    expect(page.get_by_role("alert")).to_contain_text("keeps no keys")  # so says a town without MQTTOWN_KEY_SECRETS
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_text("0 of 0.2 units today")).to_be_visible()
    assert page.url.endswith("#/residents/noora-s-aki")
    token = stage.account("noora")["access_token"]
    made = stage.get("/me/residents/noora-s-aki", token).json()["resident"]
    assert made["budget"]["day_money"] == 200_000
    assert "move_to" not in made["permissions"]["allowed_actions"]


@pytest.fixture(scope="module")
def rows(journal_url: str) -> Any:
    """Tell the database something, as its owner, off the thread that the browser is driven from."""

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(journal_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def tell(statement: str) -> None:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, execute(statement)).result(30)

    return tell


def test_a_resident_with_a_job_lives_by_a_program_of_its_owners(page: Page, stage: Any, rows: Any) -> None:
    enter(page, "pirkko", stage.page)
    page.goto(f"{stage.page}?lang=en#/new")
    page.get_by_label("Name", exact=True).fill("Kone")
    page.get_by_text("More: character, mind, permissions").click()
    work = page.get_by_label("Work", exact=True)
    work.select_option(label=next(text for text in work.locator("option").all_inner_texts() if text.startswith("barista, ")))
    page.get_by_label("a program of yours").check()
    chooser = page.get_by_label("Your program")
    chooser.set_input_files({"name": "Kone.txt", "mimeType": "text/plain", "buffer": b"pass"})
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("'Kone.txt' is no archive that is known here")
    expect(page.get_by_text("needs its program")).to_be_visible()
    assert page.url.endswith("#/residents/kone/program")
    made = stage.get("/me/residents/kone", stage.account("pirkko")["access_token"]).json()["resident"]
    assert (made["job"], made["mind"]["kind"]) == ("barista-satama", "code")

    beginning = page.get_by_label("agent.py").inner_text().encode()
    assert check("agent.py", beginning).run == ("agent.py",)
    chooser.set_input_files({"name": "agent.py", "mimeType": "text/x-python", "buffer": b"#" * (5 * 1024 * 1024 + 1)})
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_role("alert")).to_contain_text("more than 5 MiB")
    chooser.set_input_files({"name": "agent.py", "mimeType": "text/x-python", "buffer": beginning})
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_text("being built")).to_be_visible()
    rows("UPDATE runtime.archives SET state = 'refused', reason = 'mqttwon: there is no such package'")
    expect(page.get_by_text("mqttwon: there is no such package")).to_be_visible()


def test_a_town_without_containers_says_that_it_runs_no_programs(page: Page, stage: Any, rows: Any) -> None:
    enter(page, "raimo", stage.page)
    rows("UPDATE runtime.jailer SET beat = beat - interval '1 year'")
    try:
        page.goto(f"{stage.page}?lang=en#/new")
        page.get_by_text("More: character, mind, permissions").click()
        expect(page.get_by_text("This town runs no programs of its owners")).to_be_visible()
        expect(page.get_by_label("a program of yours")).to_be_disabled()
        page.get_by_role("link", name="Register a program").click()
        expect(page.get_by_role("heading", name="Register a program")).to_be_visible()
    finally:
        rows("UPDATE runtime.jailer SET beat = beat + interval '1 year'")


def test_a_programs_wire_tells_what_is_wrong_with_a_message(page: Page, stage: Any) -> None:
    enter(page, "paula", stage.page)
    page.get_by_role("link", name="My programs").click()
    page.get_by_label("Id in the town").fill("paulas-kai")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name="Credentials of paulas-kai")).to_be_visible()
    page.get_by_role("button", name="Shell", exact=True).click()
    expect(page.locator("pre").filter(has_text="mosquitto_sub")).to_contain_text("paulas-kai")
    page.get_by_role("link", name="Watch its wire").click()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    out = topics.agent_out("tiny", "ranta", "paulas-kai", "action")
    stage.publish(out, {"id": "a-1", "action": "wait", "parameters": {"tics": 5}})
    entry = page.locator(".wires li")
    expect(entry).to_contain_text("parameters.tics")
    entry.get_by_role("button").click()
    expect(page.locator(".wires pre")).to_contain_text('"tics": 5')
    expect(page.locator(".tree")).to_contain_text("action (1)")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("viewport", "scheme"), [((1280, 800), "light"), ((390, 844), "dark")], ids=["desk by day", "phone in the dark"]
)
def test_axe_finds_nothing_and_no_word_escapes_the_tables(
    page: Page, stage: Any, viewport: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    name = f"axel{viewport[0]}"
    page.emulate_media(color_scheme=scheme)
    enter(page, name, stage.page)
    token = stage.account(name)["access_token"]
    stage.send("POST", "/me/residents", token, {"id": f"{name}-one", "name": "Ines"})
    one = f"residents/{name}-one"
    places = ["residents", "new", one, f"{one}/change", f"{one}/ends", "agents", "account"]
    for place in places if scheme == "light" else places[:3]:
        page.evaluate("(place) => { location.hash = `#/${place}`; }", place)
        expect(page.locator(".sheet").first).to_be_visible()
        assert (place, axe(page)) == (place, [])
        assert page.evaluate("() => document.documentElement.scrollWidth") <= viewport[0]
    page.get_by_label("Language").select_option("sv")
    expect(page.get_by_role("link", name="Mina invånare")).to_be_visible()
    if scheme == "dark":
        return  # words are the same by day
    page.goto(f"{stage.page}?lang=pseudo#/account")
    for place in places:
        page.evaluate("(place) => { location.hash = `#/${place}`; }", place)
        expect(page.locator(".sheet").first).to_be_visible()
        plain = page.evaluate(
            """(places) => [...document.querySelectorAll(places)].filter((element) => !element.closest('.presets'))
              .map((element) => element.textContent.trim())
              .filter((text) => /[a-z]{3}/i.test(text) && !text.includes('⟦') && text !== 'Ines')""",
            WORDY,
        )
        assert (place, plain) == (place, [])


def test_watching_loads_nothing_of_the_portal(page: Page, stage: Any) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{stage.page}?lang=en&view=list")
    expect(page.get_by_role("link", name="Take part")).to_be_visible()
    page.get_by_role("button", name="Residents", exact=True).click()
    assert [url for url in asked if re.search(r"/assets/(Portal|Claim|session)", url)] == []
    assert list(OUTPUT.glob("assets/Portal-*.js")), "it is a script of its own"
