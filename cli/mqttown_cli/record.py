"""`mqttown record`: a stretch of a town's history as one page that plays without any server."""

import base64
import gzip
import zlib
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from mqttown_cli.console import DataOption, JsonOption, console, fail, run, show_json
from mqttown_cli.database import database_of
from mqttown_cli.folder import DEFAULT_DATA, DataFolder, FolderError

__all__ = ["record"]

DAY_TICKS: Final = 1440
_POLICY: Final = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta http-equiv="Content-Security-Policy" content="{policy}" />
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div id="root"></div>
<script type="application/octet-stream" id="recording">{recording}</script>
<script>{script}</script>
</body>
</html>
"""


def record(
    out: Annotated[Path, typer.Option(help="The page to write.", dir_okay=False)] = Path("day.html"),
    from_tick: Annotated[int | None, typer.Option(min=0, help="First tick; a day before the last one without it.")] = None,
    to_tick: Annotated[int | None, typer.Option(min=1, help="Last tick; the newest one without it.")] = None,
    data: DataOption = DEFAULT_DATA,
    database: Annotated[str | None, typer.Option(help="PostgreSQL URL, if the town was started with one.")] = None,
    json_: JsonOption = False,
) -> None:
    """Write a day of the town as one page that plays without any server."""
    from mqttown_dashboard.build import PLAYER  # noqa: PLC0415  the dashboard's packages load for this command alone

    script, style = PLAYER / "record.js", PLAYER / "record.css"
    if not script.is_file():
        fail("the player is not built yet; run `python -m mqttown_dashboard.build`")
    try:
        with database_of(DataFolder(data), database) as url:
            recording = run(_recorded(url, from_tick, to_tick))
    except (FolderError, ValueError) as error:
        fail(error)
    packed = base64.b64encode(gzip.compress(orjson.dumps(recording), 9, mtime=0)).decode()
    first, last = (recording["overview"][name] for name in ("first_tick", "last_tick"))
    page = _PAGE.format(
        policy=_POLICY,
        title=f"{recording['town']['name']}, a recorded day",
        style=style.read_text(encoding="utf-8"),
        recording=packed,
        # Only these letters could end the script before its end.
        script=script.read_text(encoding="utf-8").replace("</script", "<\\/script"),
    )
    out.write_text(page, encoding="utf-8")
    written = {"page": str(out), "bytes": out.stat().st_size, "first_tick": first, "last_tick": last}
    if json_:
        show_json(written)
    else:
        console.print(f"{out}: ticks {first} to {last}, {written['bytes'] / 1e6:.1f} MB; open it in any browser")


async def _recorded(url: str, first: int | None, last: int | None) -> dict[str, Any]:
    from mqttown_dashboard.chronicle import CHAPTER_TICKS, Chronicle  # noqa: PLC0415
    from mqttown_dashboard.history import History  # noqa: PLC0415
    from mqttown_dashboard.models import HistoryOverview  # noqa: PLC0415
    from mqttown_dashboard.town import Town  # noqa: PLC0415

    async with History.open(url, {}) as history:
        rows = await history.fetch("SELECT town_json FROM town.run")
        if not rows:
            raise ValueError("the journal is empty: this town has never run")
        compiled = orjson.loads(zlib.decompress(rows[0]["town_json"]))
        town = Town.of(compiled)
        chronicle = Chronicle(history, town)
        newest = await chronicle.last_tick()
        end = newest if last is None else min(last, newest)
        begin = max(0, end - DAY_TICKS) if first is None else first
        if begin >= end:
            raise ValueError(f"there is nothing between tick {begin} and tick {end}; the newest is {newest}")
        # The player finds a chapter by its number, so that the recording begins where one does.
        numbers = range(begin // CHAPTER_TICKS, -(-end // CHAPTER_TICKS))
        chapters = [await chronicle.chapter(number, newest) for number in numbers]
        start = numbers.start * CHAPTER_TICKS
        for chapter in chapters:
            chapter.complete = True
        hours = [hour for hour in await chronicle.hours() if start <= hour.tick < end]
        overview = HistoryOverview(
            run=await chronicle.run(),
            start=town.time_at(0),
            first_tick=start,
            last_tick=end,
            chapter_ticks=CHAPTER_TICKS,
            open=False,
            hours=hours,
        )
        return {
            "format": 1,
            "town": town.drawing,
            "overview": overview.model_dump(),
            "chapters": [chapter.model_dump() for chapter in chapters],
            "buildings": [
                house.model_copy(update={"price": house.land_price, "stock": town.shelves.get(name, [])}).model_dump()
                for name, house in town.buildings.items()
            ],
            "purses": await chronicle.wealth(start),
        }
