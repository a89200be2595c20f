"""A headless Chromium that draws in software, and the page as it is built from the present sources."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

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
PATIENCE_MS = 90_000
"""A busy machine draws slowly; nothing here depends on how fast it is."""
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def built(missing: Callable[[str], None]) -> Path:
    """The page as it is built from the present sources."""
    try:
        build()
    except BuildError as error:
        missing(f"the page can't be built: {error}")
    return OUTPUT


@contextmanager
def chromium(missing: Callable[[str], None]) -> Iterator[Browser]:
    """Headless Chromium, drawing in software. While it is open no other event loop can run in this process."""
    found = (
        os.environ.get("MQTTOWN_CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if found is None:
        missing("no Chromium here: apt-get install chromium, or name one in MQTTOWN_CHROMIUM")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def watched(browser: Browser, address: str, viewport: tuple[int, int] = (1280, 800)) -> Iterator[Page]:
    """A page; any error on it, and any question to another address, fails the test."""
    page = browser.new_page(viewport={"width": viewport[0], "height": viewport[1]})
    page.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None)
    page.on("request", lambda request: asked.append(request.url))
    yield page
    page.close()
    assert errors == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


@pytest.fixture(scope="module")
def browser(stage: Any, missing: Callable[[str], None]) -> Iterator[Browser]:
    """A browser for the stage; it comes after it, and lives no longer than this file."""
    with chromium(missing) as found:
        yield found


@pytest.fixture
def page(browser: Browser, built: Path, stage: Any, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of the size that the test asks for by `viewport`; any error on it fails the test."""
    marker = request.node.get_closest_marker("parametrize")
    viewport = request.node.callspec.params.get("viewport", (1280, 800)) if marker else (1280, 800)
    with watched(browser, stage.page, viewport) as page:
        yield page


@dataclass
class RealTown:
    """A whole town, as `mqttown up` starts it."""

    page: str
    operator: str

    def send(self, method: str, path: str, token: str | None = None, body: Any = None) -> Any:
        """Ask the API; the answer's JSON."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = httpx.request(method, f"{self.page}api/v1{path}", json=body, headers=headers, timeout=30)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def account(self, name: str, password: str = "seven grey trams") -> str:
        """Sign up and sign in; the access token."""
        self.send("POST", "/accounts", body={"name": name, "password": password})
        return str(self.send("POST", "/sessions", body={"name": name, "password": password})["access_token"])


@pytest.fixture(scope="module")
def real_town(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealTown]:
    """A town of two residents, ten ticks a second."""
    del built
    data = tmp_path_factory.mktemp("town") / "data"
    ports = [part for kind in ("http", "mqtt", "ws") for part in (f"--{kind}-port", "0")]
    command = [Path(sys.executable).with_name("mqttown"), "up", "--data", data, "--residents", "2", "--speed", "600", *ports]
    with (data.parent / "town.log").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
        try:
            page = _ready(process, log)
            yield RealTown(page, json.loads((data / "secrets.json").read_text(encoding="utf-8"))["tokens"]["operator"])
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)


def _ready(process: subprocess.Popen[str], log: Any) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("ready {"):
            return str(json.loads(line.removeprefix("ready "))["page"])
    log.seek(0)
    pytest.fail(f"the town did not start: {log.read()}")


@pytest.fixture(scope="module")
def town_browser(real_town: RealTown, missing: Callable[[str], None]) -> Iterator[Browser]:
    """A browser for the real town."""
    del real_town
    with chromium(missing) as found:
        yield found


@pytest.fixture
def town_page(town_browser: Browser, real_town: RealTown) -> Iterator[Page]:
    """A page of the real town."""
    with watched(town_browser, real_town.page) as page:
        yield page
