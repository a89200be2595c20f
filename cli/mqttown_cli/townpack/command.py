"""The command `mqttown town`: compiles an OpenStreetMap extract into a town."""

import importlib.util
import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn
from zoneinfo import available_timezones

import typer
from rich.console import Console
from rich.markup import escape

from mqttown_cli.townpack.check import problems
from mqttown_cli.townpack.errors import ExtractError

__all__ = ["app"]

MAP_FILE: Final = "map.json.gz"
NOTICE_FILE: Final = "ODBL-NOTICE.md"
TOWN_FILE: Final = "town.yaml"
FIRST_MORNING: Final = "2026-03-02T06:00:00"
_NOTICE: Final = """# Where this map comes from

`map.json.gz` is a derived database of OpenStreetMap: **© OpenStreetMap contributors**, made available under the
[Open Database License 1.0](https://opendatacommons.org/licenses/odbl/1-0/). See <https://www.openstreetmap.org/copyright>.
It was compiled by `mqttown town import` from `{source}`. Whoever shows it names the source; whoever publishes a changed one
offers it under the same licence.
"""

app = typer.Typer(name="town", help="Make towns out of maps.", no_args_is_help=True)


@app.callback()
def town() -> None:
    """Make towns out of maps."""


@app.command("import")
def import_(
    extract: Annotated[Path, typer.Argument(metavar="FILE", help="An OpenStreetMap extract, such as town.osm.pbf.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the town; made if it isn't there.")],
    town_id: Annotated[str | None, typer.Option("--id", help="Id of the town: a-z, 0-9 and dashes.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the town; else the map's.")] = None,
    timezone: Annotated[str, typer.Option("--timezone", help="Its time zone, like Europe/Helsinki.")] = "UTC",
) -> None:
    """Compile an OpenStreetMap extract into a town.

    Writes `map.json.gz`, beside it the notice that the map's licence asks for, and a `town.yaml` to go on from if there is none:
    with these `mqttown up --town DIR` runs, with residents made from the seed.
    """
    if timezone not in available_timezones():
        _fail(f"{timezone!r} is no time zone; give one like Europe/Helsinki with --timezone")
    console = Console(soft_wrap=True, highlight=False)
    missing = [package for package in ("osmium", "shapely") if importlib.util.find_spec(package) is None]
    if missing:
        _fail(f"to read maps, mqttown needs {', '.join(missing)}: pip install 'mqttown-town[maps]'")
    from mqttown_cli.townpack.compile import compile_map, to_bytes  # noqa: PLC0415  # heavy, and in the extra `maps`

    try:
        town_map = compile_map(extract, town=town_id, name=name, progress=lambda step: console.print(f"[dim]·[/] {escape(step)}"))
    except ExtractError as error:
        _fail(str(error))
    wrong = problems(town_map)
    if wrong:
        _fail(
            f"{extract}: the importer made an unsound map of it, so nothing is written; please report this:\n"
            + "\n".join(wrong[:10])
        )
    packed = to_bytes(town_map)
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / MAP_FILE).write_bytes(packed)
        if not (out / NOTICE_FILE).exists():
            (out / NOTICE_FILE).write_text(_NOTICE.format(source=extract.name), encoding="utf-8")
        if not (out / TOWN_FILE).exists():
            (out / TOWN_FILE).write_text(_town_yaml(town_map["town"], timezone), encoding="utf-8")
    except OSError as error:
        _fail(f"{out}: can't write there ({error.strerror}); give a folder that you may write to with --out")
    console.print(_summary(town_map, out / MAP_FILE, len(packed)))


def _town_yaml(town: dict[str, Any], timezone: str) -> str:
    # A JSON string is a YAML string, whatever the name holds.
    name = json.dumps(town["name"], ensure_ascii=False)
    return f"id: {town['id']}\nname: {name}\ntimezone: {timezone}\nstart: {FIRST_MORNING} # a Monday\n"


def _fail(text: str) -> NoReturn:
    Console(stderr=True, soft_wrap=True, highlight=False).print(f"[red]error:[/] {escape(text)}")
    raise typer.Exit(1)


def _summary(town_map: dict[str, Any], path: Path, size: int) -> str:
    kinds = Counter(building["kind"] for building in town_map["buildings"])
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0])))
    streets = town_map["streets"]
    kilometres = sum(length for _, _, length in streets["edges"]) / 100_000
    town, districts, places = town_map["town"], len(town_map["districts"]), len(town_map["buildings"])
    return (
        f"[bold]{escape(town['name'])}[/]: {districts} districts, {places} places ({counted}), "
        f"{kilometres:.1f} km of streets\nwrote {escape(str(path))} ({size / 1000:.0f} kB) · {town['attribution']}"
    )
