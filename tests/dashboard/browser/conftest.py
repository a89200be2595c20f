"""A headless Chromium that draws in software, and the page as it is built from the present sources."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from mqttown_dashboard.build import OUTPUT, BuildError, build

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


@pytest.fixture(scope="session")
def built(missing: Callable[[str], None]) -> Path:
    """The page as it is built from the present sources."""
    try:
        build()
    except BuildError as error:
        missing(f"the page can't be built: {error}")
    return OUTPUT


@pytest.fixture(scope="module")
def browser(stage: Any, missing: Callable[[str], None]) -> Iterator[Browser]:
    """Headless Chromium, drawing in software.

    While it is open no other event loop can run here: hence it comes after `stage` and lives no longer than this file.
    """
    chromium = (
        os.environ.get("MQTTOWN_CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if chromium is None:
        missing("no Chromium here: apt-get install chromium, or name one in MQTTOWN_CHROMIUM")
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser, built: Path, stage: Any, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of the size that the test asks for by `viewport`; any error on it fails the test."""
    marker = request.node.get_closest_marker("parametrize")
    width, height = request.node.callspec.params.get("viewport", (1280, 800)) if marker else (1280, 800)
    page = browser.new_page(viewport={"width": width, "height": height})
    errors: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None)
    page.on("request", lambda request: asked.append(request.url))
    yield page
    page.close()
    assert errors == []
    assert [url for url in asked if not url.startswith((stage.page, "data:", "blob:"))] == []
