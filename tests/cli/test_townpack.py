"""The importer on small maps that the tests write themselves."""

import gzip
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import osmium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from mqttown_cli.content.compile import compile_town
from mqttown_cli.townpack.check import problems
from mqttown_cli.townpack.command import app
from mqttown_cli.townpack.compile import compile_map, to_bytes
from mqttown_cli.townpack.errors import ExtractError
from mqttown_cli.townpack.frame import Frame
from mqttown_cli.townpack.kinds import KINDS, kind_of_use
from mqttown_cli.townpack.names import slug, unique_ids, unique_names
from mqttown_cli.townpack.streets import walkable
from mqttown_contract.types import is_id

SCHEMA = json.loads((Path(__file__).parents[2] / "content" / "schemas" / "map.schema.json").read_text(encoding="utf-8"))
LAT, LON = 52.0, 11.0
METRE_NORTH = 1 / 111_267.0
"""Degrees of latitude in a metre at 52° north."""
METRE_EAST = 1 / 68_677.0
"""Degrees of longitude in a metre at 52° north."""

At = tuple[float, float]


class MapWriter:
    """Writes an OSM file from places in metres east and north of 52° N 11° E."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = osmium.SimpleWriter(str(path))
        self._ids = 0
        self._nodes: dict[At, int] = {}

    def _next(self) -> int:
        self._ids += 1
        return self._ids

    def node(self, at: At, **tags: str) -> int:
        """Write a node, or return the untagged one that is there already."""
        if not tags and at in self._nodes:
            return self._nodes[at]
        number = self._next()
        place = (LON + at[0] * METRE_EAST, LAT + at[1] * METRE_NORTH)
        self._writer.add_node(osmium.osm.mutable.Node(id=number, version=1, location=place, tags=_colons(tags)))
        self._nodes.setdefault(at, number)
        return number

    def way(self, points: Sequence[At], **tags: str) -> int:
        nodes = [self.node(at) for at in points]
        number = self._next()
        self._writer.add_way(osmium.osm.mutable.Way(id=number, version=1, nodes=nodes, tags=_colons(tags)))
        return number

    def house(self, at: At, size: float = 12.0, **tags: str) -> int:
        x, y = at
        ring = [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)]
        return self.way(ring, **({"building": "yes"} | tags))

    def relation(self, members: Sequence[tuple[int, str]], **tags: str) -> None:
        parts = [osmium.osm.RelationMember(ref, "w", role) for ref, role in members]
        self._writer.add_relation(osmium.osm.mutable.Relation(id=self._next(), version=1, members=parts, tags=_colons(tags)))

    def close(self) -> Path:
        self._writer.close()
        return self.path


def _colons(tags: Mapping[str, str]) -> dict[str, str]:
    return {key.replace("__", ":"): value for key, value in tags.items()}


def village(path: Path, houses: int = 5, **every: str) -> MapWriter:
    """A grid of four by four streets 100 m apart, with houses along each street to the east."""
    town = MapWriter(path)
    for n in range(4):
        town.way([(100 * x, 100 * n) for x in range(4)], highway="residential", name=f"East Street {n}")
        town.way([(100 * n, 100 * y) for y in range(4)], highway="residential", name=f"North Street {n}")
    for n in range(4):
        for x in range(houses):
            tags = {"building": "house", "addr__street": f"East Street {n}", "addr__housenumber": str(x + 1)}
            town.house((20 + 55 * x, 100 * n + 10), **(tags | every))
    return town


def sound(path: Path) -> dict[str, Any]:
    """Compile, and check everything that must hold of any town."""
    town_map = compile_map(path)
    Draft202012Validator(SCHEMA).validate(town_map)
    assert problems(town_map) == []
    assert {building["kind"] for building in town_map["buildings"]} <= set(KINDS)
    for building in town_map["buildings"]:
        assert math.dist(building["door"], town_map["streets"]["nodes"][building["node"]]) < 100_00
    return town_map


def by_name(town_map: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(building for building in town_map["buildings"] if building["name"] == name)


def test_a_village_without_districts_gets_h3_cells(tmp_path: Path) -> None:
    town_map = sound(village(tmp_path / "village.osm.pbf").close())
    assert len(town_map["buildings"]) == 20
    assert len(town_map["districts"]) >= 3
    assert {building["kind"] for building in town_map["buildings"]} == {"home"}
    assert by_name(town_map, "East Street 2 4")["id"] == "east-street-2-4"
    assert town_map["town"]["attribution"] == "© OpenStreetMap contributors, ODbL 1.0"
    assert {"east-street-0", "east-street-3"} <= {district["id"] for district in town_map["districts"]}


def test_named_places_make_districts(tmp_path: Path) -> None:
    town = village(tmp_path / "places.osm")
    for name, at in {"Töölö": (10.0, 20.0), "Kluuvi": (290.0, 20.0), "Ullanlinna": (10.0, 290.0), "Käpylä": (290.0, 290.0)}.items():
        town.node(at, place="suburb", name=name)
    town.node((150.0, 150.0), place="town", name="Grid Town")
    town_map = sound(town.close())
    assert {district["id"] for district in town_map["districts"]} == {"toolo", "kluuvi", "ullanlinna", "kapyla"}
    assert by_name(town_map, "East Street 0 1")["district"] == "toolo"
    assert by_name(town_map, "East Street 3 5")["district"] == "kapyla"
    assert (town_map["town"]["id"], town_map["town"]["name"]) == ("grid-town", "Grid Town")


def test_boundaries_go_before_places(tmp_path: Path) -> None:
    town = village(tmp_path / "bounds.osm.pbf")
    town.node((10.0, 20.0), place="suburb", name="Nowhere")
    town.node((20.0, 200.0), place="suburb", name="Elsewhere")
    for n, name in enumerate(["South", "Middle", "North", "Top"]):
        low, high = 100.0 * n - 5, 100.0 * n + 95
        ring = town.way([(-5, low), (305, low), (305, high), (-5, high), (-5, low)], boundary="administrative")
        town.relation([(ring, "outer")], type="boundary", boundary="administrative", admin_level="10", name=name)
    town_map = sound(town.close())
    assert {district["name"] for district in town_map["districts"]} == {"South", "Middle", "North", "Top"}
    assert by_name(town_map, "East Street 1 3")["district"] == "middle"


def test_a_multipolygon_keeps_its_use_and_a_room_inside_becomes_a_place(tmp_path: Path) -> None:
    town = village(tmp_path / "multi.osm.pbf")
    outer = town.way([(120, 130), (180, 130), (180, 180), (120, 180), (120, 130)])
    inner = town.way([(140, 145), (160, 145), (160, 165), (140, 165), (140, 145)])
    tags = {"building": "yes", "building__levels": "4", "addr__street": "Court", "addr__housenumber": "1"}
    town.relation([(outer, "outer"), (inner, "inner")], type="multipolygon", **tags)
    town.node((125, 135), amenity="cafe", name="Café Strindberg", opening_hours="Mo-Su 08:00-20:00")
    town.node((126, 176), amenity="restaurant", name="Chagall")
    town.node((178, 132), amenity="dentist", name="Dr Tooth")
    town_map = sound(town.close())
    house, cafe = by_name(town_map, "Court 1"), by_name(town_map, "Café Strindberg")
    assert (house["kind"], house["levels"], house["height"]) == ("home", 4, 4 * 320 + 80)
    assert (cafe["id"], cafe["kind"], cafe["levels"], cafe["address"]) == ("cafe-strindberg", "cafe", 1, "Court 1")
    assert by_name(town_map, "Chagall")["kind"] == "restaurant"
    assert by_name(town_map, "Dr Tooth")["kind"] == "hospital"


def test_a_small_house_is_named_for_the_first_use_in_it(tmp_path: Path) -> None:
    town = village(tmp_path / "uses.osm.pbf")
    town.house((130, 130), building="yes", addr__street="Lane", addr__housenumber="3")
    town.node((135, 135), shop="books", name="Pages")
    town.node((136, 136), amenity="cafe", name="Steam")
    town.house((230, 130), building="yes", size=50.0)
    town.node((240, 140), tourism="hotel", name="Grand")
    town_map = sound(town.close())
    assert by_name(town_map, "Steam")["address"] == "Lane 3"
    assert by_name(town_map, "Pages")["kind"] == "shop"
    assert by_name(town_map, "Grand")["kind"] == "hotel"
    assert not any(building["name"] == "Lane 3" for building in town_map["buildings"])


def test_a_mapped_entrance_is_the_door_and_splits_its_street(tmp_path: Path) -> None:
    town = village(tmp_path / "door.osm.pbf")
    town.node((142.0, 40.0), entrance="yes")
    town.house((130, 40), size=24.0, building="apartments", addr__street="Lane", addr__housenumber="9")
    town_map = sound(town.close())
    lane = by_name(town_map, "Lane 9")
    joint = town_map["streets"]["nodes"][lane["node"]]
    assert joint == pytest.approx([lane["door"][0], lane["door"][1] - 40_00], abs=10)


def test_sea_lies_on_the_right_of_the_coast_and_an_island_stays_dry(tmp_path: Path) -> None:
    town = village(tmp_path / "coast.osm.pbf")
    town.node((-50, -300), natural="stone")
    town.node((350, 350), natural="stone")
    town.way([(-50, -100), (150, -100), (350, -100)], natural="coastline")  # eastwards: land to the north
    town.way([(100, -200), (200, -200), (200, -150), (100, -150), (100, -200)], natural="coastline")
    town_map = sound(town.close())
    west, south, east, _ = town_map["town"]["bounds"]
    wet = sum(_area(ring) for ring in town_map["drawing"]["water"])
    assert wet == pytest.approx((east - west) * 200_00 - 100_00 * 50_00, rel=0.01)
    assert all(y <= south + 201_00 for ring in town_map["drawing"]["water"] for _, y in ring)


def _area(ring: Sequence[Sequence[int]]) -> float:
    """The shoelace formula; positive for a ring that goes counterclockwise."""
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True)) / 2


def test_parks_and_squares_are_places_and_green_is_drawn(tmp_path: Path) -> None:
    town = village(tmp_path / "park.osm.pbf")
    town.way([(130, 30), (180, 30), (180, 80), (130, 80), (130, 30)], leisure="park", name="Elm Park")
    town.way([(230, 30), (280, 30), (280, 80), (230, 80), (230, 30)], place="square", name="Market")
    town_map = sound(town.close())
    park, square = by_name(town_map, "Elm Park"), by_name(town_map, "Market")
    assert (park["kind"], park["height"], square["kind"]) == ("park", 0, "civic")
    assert sum(_area(ring) for ring in town_map["drawing"]["green"]) == pytest.approx(5000 * 5000, rel=0.01)


def test_only_what_people_walk_on_and_reach_is_street(tmp_path: Path) -> None:
    plain = sound(village(tmp_path / "plain.osm.pbf").close())
    town = village(tmp_path / "more.osm.pbf")
    town.way([(0, 0), (150, 50), (300, 300)], highway="motorway")
    town.way([(110, 20), (110, 40)], highway="footway")  # joins nothing
    town.way([(100, 0), (101, 50), (100, 100)], highway="service", access="private")
    more = sound(town.close())
    assert len(more["streets"]["edges"]) == len(plain["streets"]["edges"])
    assert walkable({"highway": "trunk", "foot": "yes"})
    assert not walkable({"highway": "footway", "foot": "no"})
    assert not walkable({"highway": "service", "tunnel": "yes"})


def test_bad_extracts_get_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match=r"there is no such file.*\.osm\.pbf"):
        compile_map(tmp_path / "missing.osm.pbf")
    text = tmp_path / "text.osm.pbf"
    text.write_text("this is not a map", encoding="utf-8")
    with pytest.raises(ExtractError, match=r"text\.osm\.pbf: not an OpenStreetMap file"):
        compile_map(text)
    with pytest.raises(ExtractError, match="the extract has no nodes"):
        compile_map(MapWriter(tmp_path / "empty.osm.pbf").close())
    bare = MapWriter(tmp_path / "bare.osm.pbf")
    bare.house((0, 0))
    with pytest.raises(ExtractError, match="no street that people may walk on"):
        compile_map(bare.close())
    lonely = MapWriter(tmp_path / "lonely.osm.pbf")
    lonely.way([(0, -10), (90, -10)], highway="path")
    lonely.house((0, 0))
    with pytest.raises(ExtractError, match="has 1 buildings; a town needs at least 3"):
        compile_map(lonely.close())
    wide = MapWriter(tmp_path / "wide.osm.pbf")
    wide.way([(0, 0), (50_000, 0)], highway="path")
    with pytest.raises(ExtractError, match="at most 40 km across"):
        compile_map(wide.close())


def test_three_buildings_are_a_town(tmp_path: Path) -> None:
    hamlet = MapWriter(tmp_path / "hamlet.osm.pbf")
    hamlet.way([(0, -10), (90, -10)], highway="path")
    for x in (0, 30, 60):
        hamlet.house((x, 0))
    assert len(sound(hamlet.close())["districts"]) == 3


def test_without_h3_the_sentence_tells_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = village(tmp_path / "village.osm.pbf").close()
    monkeypatch.setitem(sys.modules, "h3", None)
    with pytest.raises(ExtractError, match=r"pip install 'mqttown-town\[maps\]'"):
        compile_map(path)


def test_the_same_file_gives_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    path = village(tmp_path / "village.osm.pbf").close()
    code = (
        "import sys; from pathlib import Path; from mqttown_cli.townpack.compile import compile_map, to_bytes;"
        "sys.stdout.buffer.write(to_bytes(compile_map(Path(sys.argv[1]))))"
    )
    for hash_seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, check=True, env=os.environ | {"PYTHONHASHSEED": hash_seed}
        )
        assert run.stdout == to_bytes(compile_map(path))


def test_the_command_writes_map_and_notice(tmp_path: Path) -> None:
    path = village(tmp_path / "village.osm.pbf").close()
    out = tmp_path / "towns" / "grid"
    done = CliRunner().invoke(app, ["import", str(path), "--out", str(out), "--id", "grid", "--name", "Grid [of] streets"])
    assert done.exit_code == 0, done.output
    assert "20 places (20 home)" in done.output
    assert "Grid [of] streets" in done.output
    written = json.loads(gzip.decompress((out / "map.json.gz").read_bytes()))
    assert (written["town"]["id"], written["town"]["name"]) == ("grid", "Grid [of] streets")
    assert "Open Database License" in (out / "ODBL-NOTICE.md").read_text(encoding="utf-8")


def test_an_imported_town_can_be_lived_in_at_once(tmp_path: Path) -> None:
    path = village(tmp_path / "v.osm").close()
    out = tmp_path / "town"
    command = ["import", str(path), "--out", str(out)]
    done = CliRunner().invoke(app, [*command, "--name", 'A "quoted" name: yes', "--timezone", "Europe/Oslo"])
    assert done.exit_code == 0, done.output
    town = compile_town(out, 3, 1)
    assert len(town["people"]) == 3
    assert town["town"]["name"] == 'A "quoted" name: yes'
    assert town["town"]["timezone"] == "Europe/Oslo"
    wrong = CliRunner().invoke(app, [*command, "--timezone", "Oslo"])
    assert wrong.exit_code == 1
    assert "no time zone" in wrong.output


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    path = village(tmp_path / "village.osm.pbf").close()
    done = CliRunner().invoke(app, ["import", str(path), "--out", str(tmp_path / "x"), "--id", "No Id!"])
    assert done.exit_code == 1
    assert "a-z, 0-9 and dashes" in done.output
    done = CliRunner().invoke(app, ["import", str(tmp_path / "none.osm"), "--out", str(tmp_path / "x")])
    assert done.exit_code == 1
    assert "there is no such file" in done.output
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    done = CliRunner().invoke(app, ["import", str(path), "--out", str(blocked)])
    assert done.exit_code == 1
    assert "can't write there" in done.output


def test_the_frame_keeps_metres() -> None:
    frame = Frame(60.17, 24.94)
    # Radii of curvature of the WGS 84 ellipsoid along the meridian and across it (Snyder, Map Projections, 1987, chapter 4).
    sine, e2 = math.sin(math.radians(60.17)), 0.006_694_379_990_14
    along = 6_378_137 * (1 - e2) / (1 - e2 * sine**2) ** 1.5
    across = 6_378_137 / math.sqrt(1 - e2 * sine**2) * math.cos(math.radians(60.17))
    assert frame.place(60.18, 24.94) == pytest.approx((0, 100 * along * math.radians(0.01)), abs=5)
    east, north = frame.place(60.17, 24.96)
    assert east == pytest.approx(100 * across * math.radians(0.02), abs=2)
    assert 0 < north < 100 * 0.2  # the parallel bends off the tangent


def test_names_become_ids() -> None:
    assert slug("Café Strindberg") == "cafe-strindberg"
    assert slug("Töölönlahti & Straße") == "toolonlahti-and-strasse"
    assert slug("McDonald's") == "mcdonalds"
    assert slug("Кремль") == ""
    assert unique_ids(["Кремль", "Bar", "bar"], ["museum street", "", ""]) == ["museum-street", "bar", "bar-2"]
    assert unique_names(["Kiosk", "Kiosk", "Kiosk", "Inn"], ["A", "B", "B", "C"]) == ["Kiosk, A", "Kiosk, B", "Kiosk, B (2)", "Inn"]


@given(st.lists(st.text(max_size=60), max_size=12))
def test_any_names_give_unique_ids(names: list[str]) -> None:
    ids = unique_ids(names, [""] * len(names))
    assert len(set(ids)) == len(names)
    assert all(is_id(found) for found in ids)
    assert len(set(unique_names(names, [None] * len(names)))) == len(names)


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"amenity": "fast_food"}, "restaurant"),
        ({"shop": "bakery"}, "shop"),
        ({"shop": "vacant"}, None),
        ({"office": "government"}, "civic"),
        ({"amenity": "bench"}, None),
        ({"amenity": "parking", "tourism": "hotel"}, "hotel"),
    ],
)
def test_tags_give_the_kind(tags: dict[str, str], kind: str | None) -> None:
    assert kind_of_use(tags) == kind


def test_the_check_finds_what_is_broken(tmp_path: Path) -> None:
    town_map = sound(village(tmp_path / "village.osm.pbf").close())
    town_map["buildings"][0]["district"] = "atlantis"
    town_map["buildings"][1]["name"] = town_map["buildings"][2]["name"]
    town_map["streets"]["edges"][0][2] += 500
    found = "\n".join(problems(town_map))
    assert "'atlantis', which is no district" in found
    assert "2 of them have the name" in found
    assert "its ends are" in found
