"""Content packs with mistakes of any kind: each is told with its file, and none ends in a trace."""

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from tests.fuzz.conftest import EXAMPLES

from mqttown_cli.content.check import check
from mqttown_cli.content.load import content_folder, find_town, load
from mqttown_cli.content.problem import ContentError

HELSINKI = content_folder() / "towns" / "helsinki"
SPOILERS = (
    b"\x00",
    b"\xff\xfe",
    b"\n- \n",
    b": :",
    b"{",
    b"&a *a",
    b"!!python/object:os.system x",
    b"\t",
    b"9" * 40,
    b"[" * 200,
    b"'",
    b"-1",
    b"null",
)
"""What a careless or malicious hand may put into YAML."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town whose map is not there: reading it takes long, and it is tried by itself."""
    folder = tmp_path_factory.mktemp("content") / "helsinki"
    shutil.copytree(HELSINKI, folder)
    for general in (content_folder() / "general").glob("*.yaml"):
        shutil.copy(general, folder / general.name)
    return folder


def spoil(luck: random.Random, right: bytes) -> bytes:
    data = bytearray(right)
    for _ in range(luck.randint(1, 3)):
        at = luck.randrange(len(data))
        match luck.randrange(3):
            case 0:
                data[at:at] = luck.choice(SPOILERS)
            case 1:
                del data[at : at + luck.randint(1, 400)]
            case _:
                data[at : at + 1] = bytes([luck.randrange(256)])
    return bytes(data)


@pytest.mark.timeout(240)
def test_spoilt_files_are_told_and_never_crash(town: Path, tried: Counter[str]) -> None:
    luck = random.Random(7)
    files = ["town.yaml", "weather.yaml", "items.yaml", "kinds.yaml", "jobs.yaml", "places.yaml"]
    (town / "map.json.gz").write_bytes(b"no map")
    for _ in range(EXAMPLES // 10):
        file = town / luck.choice(files)
        right = file.read_bytes()
        file.write_bytes(spoil(luck, right))
        try:
            problems = check(load(find_town(str(town))))
        except ContentError as error:
            problems = error.problems
        assert problems, "at least the map is none"
        assert all(str(problem) for problem in problems)
        tried["more than the map" if len(problems) > 1 else "harmless"] += 1
        file.write_bytes(right)


@pytest.mark.timeout(240)
def test_spoilt_maps_are_told_and_never_crash(town: Path, tried: Counter[str]) -> None:
    luck = random.Random(8)
    right = (HELSINKI / "map.json.gz").read_bytes()[:4096]
    for _ in range(max(3, EXAMPLES // 40)):
        (town / "map.json.gz").write_bytes(spoil(luck, right))
        try:
            problems = check(load(find_town(str(town))))
        except ContentError as error:
            problems = error.problems
        assert problems
        tried["told"] += 1
