"""`/town` and `/clock`."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import Response

from mqttown_dashboard.access import ANYONE
from mqttown_dashboard.models import Clock, District, JobView, MapTown
from mqttown_dashboard.state import StateOf

__all__ = ["router"]

router = APIRouter(tags=["town"], dependencies=[ANYONE])
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "You have this map already."}}


@router.get("/town", summary="The map for drawing", response_model=MapTown, responses=_NOT_MODIFIED)
async def town(state: StateOf, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """Streets, buildings, water, parks and districts in metres, always gzip. The ETag changes only with the map.

    `attribution` must be shown wherever the map is shown.
    """
    headers = {"ETag": state.town.etag, "Cache-Control": "no-cache"}
    # A proxy that compresses anew makes a weak ETag of ours.
    known = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    if state.town.etag in known:
        return Response(status_code=304, headers=headers)
    return Response(state.town.map_gzip, headers={**headers, "Content-Encoding": "gzip"}, media_type="application/json")


@router.get("/clock", summary="Town time, speed, weather")
async def clock(state: StateOf) -> Clock:
    """The town's clock as last told on the wire."""
    return state.mirror.clock


@router.get("/jobs", summary="What one can work as")
async def jobs(state: StateOf) -> list[JobView]:
    """Every job of the town. A hosted resident may be registered with one; several may have the same."""
    return state.town.jobs


@router.get("/districts", summary="Districts with population and mood")
async def districts(state: StateOf) -> list[District]:
    """Every district of the town."""
    told = state.mirror.districts
    return [
        District(
            id=name,
            name=title,
            population=told[name].population if name in told else 0,
            mood=told[name].mood if name in told else None,
            prices=told[name].prices if name in told else {},
        )
        for name, title in sorted(state.town.districts.items())
    ]
