"""Takes the picture of the owners' portal anew: `python scripts/portal_picture.py http://127.0.0.1:8000/`, of a running town.

Makes an account there, and shows somebody in the making. Writes `docs/pictures/portal.png`.
"""

import os
import secrets
import shutil
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect, sync_playwright

ROOT: Final = Path(__file__).parent.parent
FLAGS: Final = ["--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
PATIENCE_MS: Final = 180_000


def main() -> None:
    """Sign up, create, take."""
    chromium = os.environ.get("MQTTOWN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        take(page, sys.argv[1])
        page.screenshot(path=ROOT / "docs" / "pictures" / "portal.png")
        browser.close()


def take(page: Page, address: str) -> None:
    """Make an account, which leads to where a resident is made, with a surprise in the form."""
    page.goto(f"{address}?lang=en&view=list#/sign-up")
    page.get_by_label("Account name").fill(f"owner-{secrets.token_hex(2)}")
    page.get_by_label("Password").fill(secrets.token_hex(8))
    page.get_by_role("button", name="Make an account").click()
    expect(page.locator(".first q")).not_to_be_empty(timeout=PATIENCE_MS)
    page.get_by_label("Who they are").fill("Came for the trams, and stayed for the people in them.")
    page.get_by_text("More: character, mind, permissions").click()
    page.locator(".portal").evaluate("(portal) => portal.scrollTo(0, 0)")


if __name__ == "__main__":
    main()
