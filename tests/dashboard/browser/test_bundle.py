"""What reaches users of the page: the wheel holds all of it, so that nobody needs Node, and nothing in it is secret or foreign."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mqttown_dashboard.build import OUTPUT, PLAYER, SOURCES

ROOT = Path(__file__).parents[3]
NAMED = {
    "www.w3.org",  # names of XML, never fetched
    "react.dev",  # in the text of an error
    "www.openstreetmap.org",  # a link that a reader may follow, to the map's licence
}
SECRET = re.compile(
    r"-----BEGIN|\beyJ[\w-]{10}|\b(?:mqt|mqf)_[\w-]{8}|\bsk-[A-Za-z0-9]{16}|\b(?:ghp|xox[bp])[_-]\w{10}|AKIA[A-Z0-9]{12}"
    r"|sourceMappingURL|import\.meta\.env"
)
"""Keys and tokens by how they begin, ours included; and what would let a builder's environment or sources in."""


@pytest.fixture
def shipped(built: Path) -> dict[str, str]:
    """Files that browsers are given, by name."""
    files = [file for folder in (built, PLAYER) for file in folder.rglob("*") if file.suffix in {".js", ".css", ".html"}]
    return {file.relative_to(built.parent).as_posix(): file.read_text(encoding="utf-8") for file in files}


def test_the_wheel_holds_the_page_and_the_player(built: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("mqttown_town-*.whl")
    with zipfile.ZipFile(wheel) as held:
        inside = {name.removeprefix("mqttown_dashboard/static/"): name for name in held.namelist() if "/static/" in name}
        wanted = {
            file.relative_to(OUTPUT.parent).as_posix(): file
            for folder in (built, PLAYER)
            for file in folder.rglob("*")
            if file.is_file() and not file.name.startswith(".")
        }
        assert wanted.keys() <= inside.keys()
        assert [name for name, file in wanted.items() if held.read(inside[name]) != file.read_bytes()] == []
        index = held.read("mqttown_dashboard/static/app/index.html").decode()
    named = re.findall(r'(?:src|href)="/(assets/[^"]+)"', index)
    assert named
    assert {f"app/{name}" for name in named} <= inside.keys()


def test_nothing_secret_is_shipped(shipped: dict[str, str]) -> None:
    assert {"app/index.html", "record/record.js"} <= shipped.keys()
    found = {name: hits for name, text in shipped.items() if (hits := SECRET.findall(text))}
    assert found == {}
    builder = (str(ROOT), str(SOURCES), str(Path.home()))
    assert [name for name, text in shipped.items() if any(path in text for path in builder if len(path) > 3)] == []


def test_no_address_of_others_is_shipped(shipped: dict[str, str]) -> None:
    text = "\n".join(shipped.values())
    hosts = {urlsplit(url).hostname for url in re.findall(r"\b(?:https?|wss?):/{2}[\w.:-]+", text)}
    assert hosts - NAMED == set()
