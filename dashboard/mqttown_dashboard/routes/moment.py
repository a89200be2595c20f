"""`/moment`: a moment as a link, with a picture of it for chats that show one."""

import asyncio
import html
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from mqttown_contract.types import ID_PATTERN
from mqttown_dashboard.access import ANYONE
from mqttown_dashboard.chronicle import Chronicle
from mqttown_dashboard.models import Agent
from mqttown_dashboard.preview import Eye, Moment, draw, place_of
from mqttown_dashboard.problems import PROBLEMS, ProblemError
from mqttown_dashboard.state import State, StateOf

__all__ = ["page", "router"]

router = APIRouter(tags=["history"], dependencies=[ANYONE])
page = APIRouter(dependencies=[ANYONE])
_POSE: Final = r"^-?\d{1,6}(\.\d{1,3})?(_-?\d{1,6}(\.\d{1,3})?){4}$"
_DRAWING: Final = asyncio.Semaphore(1)
"""A picture takes most of a second of one processor; the town has better use for the others."""


@dataclass(frozen=True, slots=True)
class _Words:
    """What a preview says, in a language of the page."""

    days: tuple[str, ...]
    """Monday first."""
    about: str


_ENGLISH: Final = _Words(
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), "a city whose residents are programs"
)
_WORDS: Final = {
    "sv": _Words(("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"), "en stad vars invånare är program")
}


class MomentQuery(BaseModel):
    """What a link to a moment says. The page knows more of it; what it does not need here is not read."""

    model_config = ConfigDict(extra="ignore")

    run: str | None = Field(default=None, max_length=40, description="the run that is meant")
    t: float | None = Field(default=None, ge=0, le=2**40, description="tick, with fractions; now without it")
    c: str | None = Field(
        default=None, pattern=_POSE, description="camera: x, y, distance (metres), turn, tilt (degrees), with `_` between"
    )
    person: str | None = Field(default=None, pattern=ID_PATTERN, description="who is chosen")
    place: str | None = Field(default=None, max_length=48, description="which building is chosen")
    lang: str | None = Field(default=None, max_length=12, description="language of the words; English, where there are none in it")


Asked = Annotated[MomentQuery, Query()]


@router.get(
    "/preview.png",
    summary="A picture of a moment",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, 422: PROBLEMS[422]},
)
async def preview(state: StateOf, query: Asked) -> Response:
    """The town at a moment, 1200 by 630 pixels, for previews of links."""
    moment = await _moment(state, query)
    async with _DRAWING:
        picture = await asyncio.to_thread(draw, state.town.drawing, moment)
    past = query.t is not None and moment.tick == query.t < state.mirror.clock.tick
    return Response(picture, headers={"Cache-Control": "public, max-age=86400" if past else "no-store"}, media_type="image/png")


@page.get("/moment", include_in_schema=False, response_class=HTMLResponse)
async def moment(request: Request, state: StateOf, query: Asked) -> HTMLResponse:
    """The page itself, with what a chat wants to know of a link."""
    index = state.settings.page_dir / "index.html"
    if not index.is_file():
        raise ProblemError(404, "not_found", "The page is not built yet; run `python -m mqttown_dashboard.build`.")
    source = await asyncio.to_thread(Path(index).read_text, "utf-8")
    shown = await _moment(state, query)
    picture = f"{request.url.replace(path='/api/v1/preview.png')}"
    facts = {
        "og:title": shown.title,
        "og:description": shown.subtitle,
        "og:type": "website",
        "og:image": picture,
        "og:image:width": "1200",
        "og:image:height": "630",
        "twitter:card": "summary_large_image",
    }
    tags = "".join(f'<meta property="{name}" content="{html.escape(value)}" />\n    ' for name, value in facts.items())
    return HTMLResponse(re.sub(r"(?=<title>)", lambda _: tags, source, count=1))


async def _moment(state: State, query: MomentQuery) -> Moment:
    now = state.mirror.clock.tick
    if query.run is not None and query.run != await Chronicle(state.history, state.town).run():
        # As on the page: of another run there is nothing to show but the present.
        query = MomentQuery(c=query.c, lang=query.lang)
    words = _WORDS.get(query.lang or "", _ENGLISH)
    tick = min(query.t, float(now)) if query.t is not None else float(now)
    time = datetime.fromisoformat(state.town.time_at(int(tick)))
    agents = await _agents(state, tick)
    places = {agent.id: place_of(agent, tick) for agent in agents}
    chosen = query.person or query.place
    who = next((agent for agent in agents if agent.id == query.person), None)
    house = state.town.buildings.get(query.place or "")
    name = who.name if who is not None else house.name if house is not None else state.town.name
    said = f"“{who.said.text}”" if who is not None and who.said is not None else f"{state.town.name}, {words.about}"
    return Moment(
        tick=tick,
        time=time,
        eye=_eye(state, query.c),
        people=tuple((name, *place) for name, place in sorted(places.items()) if place is not None),
        chosen=chosen,
        title=f"{name}, {words.days[time.weekday()]} {time:%H:%M}",
        subtitle=said if len(said) <= 72 else f"{said[:70]}…”",
    )


async def _agents(state: State, tick: float) -> list[Agent]:
    """Everybody at a tick: as the journal tells it, or from the mirror where it is now."""
    if tick >= state.mirror.clock.tick:
        return [state.mirror.agents[name] for name in sorted(state.mirror.agents)]
    return await Chronicle(state.history, state.town).residents(int(tick))


def _eye(state: State, pose: str | None) -> Eye:
    if pose is not None:
        x, y, distance, turn, tilt = (float(part) for part in pose.split("_"))
        return Eye(x, y, min(4000.0, max(34.0, distance)), turn, min(76.0, max(0.0, tilt)))
    x0, y0, x1, y1 = state.town.drawing["bounds"]
    return Eye((x0 + x1) / 2, (y0 + y1) / 2, max(x1 - x0, y1 - y0) * 0.55, -24.0, 54.0)
