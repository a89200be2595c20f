"""`/history` and what is read off it: chapters to play again, bonds, wealth, and how words spread."""

import asyncio
import gzip
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from mqttown_contract.types import ID_PATTERN
from mqttown_dashboard.access import ANYONE
from mqttown_dashboard.chronicle import CHAPTER_TICKS, Chronicle
from mqttown_dashboard.models import Bond, Chapter, Event, HistoryOverview, HourOfDistrict
from mqttown_dashboard.problems import PROBLEMS, ProblemError, unknown
from mqttown_dashboard.settings import LOOPBACK
from mqttown_dashboard.state import State, StateOf

__all__ = ["router"]

router = APIRouter(tags=["history"], dependencies=[ANYONE])
_GZIP_LEVEL: Final = 5
_HEADERS: Final = {"Content-Encoding": "gzip"}
_KEPT: Final = "public, max-age=86400"
_CHAPTERS_KEPT: Final = 24
"""Six days; the oldest of them goes first."""
_WORDS: Final = 20
_LAST: Final = 2**62
Until = Annotated[int, Query(description="as it was at this tick", ge=0, le=_LAST)]


def _chronicle(state: State) -> Chronicle:
    return Chronicle(state.history, state.town)


async def _last(state: State, chronicle: Chronicle) -> int:
    """The newest tick: as the clock tells it, or as the journal does while nobody has."""
    return max(state.mirror.clock.tick, await chronicle.last_tick())


@router.get("/history", summary="The history at a glance")
async def history(state: StateOf) -> HistoryOverview:
    """Run, length, and how lively each hour was."""
    chronicle = _chronicle(state)
    return HistoryOverview(
        run=await chronicle.run(),
        start=state.town.time_at(0),
        first_tick=0,
        last_tick=await _last(state, chronicle),
        chapter_ticks=CHAPTER_TICKS,
        open=state.settings.open and state.settings.host in LOOPBACK,
        hours=await chronicle.hours(),
    )


@router.get(
    "/history/{number}",
    summary="Six hours of the history",
    response_model=Chapter,
    responses={404: PROBLEMS[404], 422: PROBLEMS[422]},
)
async def chapter(
    state: StateOf,
    number: Annotated[int, Path(description="0 is the first", ge=0, le=2**40)],
    run: Annotated[str | None, Query(description="the run that is meant; for caches", max_length=40)] = None,  # noqa: ARG001
) -> Response:
    """How these hours began, and all that happened in them, always gzip. A complete chapter never changes."""
    if (known := state.chapters.get(number)) is not None:
        return Response(known, headers=_HEADERS | {"Cache-Control": _KEPT}, media_type="application/json")
    chronicle = _chronicle(state)
    last = await _last(state, chronicle)
    if number > last // CHAPTER_TICKS:
        newest = last // CHAPTER_TICKS
        raise ProblemError(
            404, "not_found", f"The history has no chapter {number} yet.", path="path.number", allowed={"maximum": newest}
        )
    told = await chronicle.chapter(number, last)
    packed = await asyncio.to_thread(_packed, told)
    if told.complete:
        state.chapters[number] = packed
        while len(state.chapters) > _CHAPTERS_KEPT:
            del state.chapters[next(iter(state.chapters))]
    headers = _HEADERS | {"Cache-Control": _KEPT if told.complete else "no-store"}
    return Response(packed, headers=headers, media_type="application/json")


def _packed(told: Chapter) -> bytes:
    return gzip.compress(told.model_dump_json().encode(), _GZIP_LEVEL, mtime=0)


@router.get("/words", summary="Who said it", responses={422: PROBLEMS[422]})
async def words(
    state: StateOf, text: Annotated[str, Query(description="letters that the words contain", min_length=2, max_length=200)]
) -> list[Event]:
    """The newest sayings with these letters."""
    return await _chronicle(state).words(text.replace("\0", ""), _WORDS)


@router.get("/bonds", summary="Who talks with whom", responses={422: PROBLEMS[422]})
async def bonds(
    state: StateOf,
    until_tick: Until = _LAST,
    agent: Annotated[str | None, Query(description="only this agent's", pattern=ID_PATTERN)] = None,
) -> list[Bond]:
    """Pairs of residents, those who talk most first."""
    return await _chronicle(state).bonds(agent, until_tick)


@router.get("/wealth", summary="What everybody has", responses={422: PROBLEMS[422]})
async def wealth(state: StateOf, until_tick: Until = _LAST) -> dict[str, int]:
    """Cents in every purse, by agent id, reckoned from public payments."""
    return await _chronicle(state).wealth(until_tick)


@router.get("/events/{event_id}/tellings", summary="How words spread", responses={422: PROBLEMS[422]})
async def tellings(
    state: StateOf,
    event_id: Annotated[str, Path(description="of what was said", pattern=r"^e-\d{1,12}-\d{1,9}$")],
    until_tick: Until = _LAST,
) -> list[Event]:
    """The words and every time that somebody passed them on, in order; their witnesses have heard them."""
    return await _chronicle(state).tellings(event_id, until_tick)


@router.get("/districts/{district_id}/trend", summary="How a district went", responses={404: PROBLEMS[404], 422: PROBLEMS[422]})
async def trend(
    state: StateOf,
    district_id: Annotated[str, Path(description="district id", min_length=1, max_length=48)],
    until_tick: Annotated[int | None, Query(description="up to this tick; now without it", ge=0, le=_LAST)] = None,
) -> list[HourOfDistrict]:
    """People, talk and needs felt in each of the 24 hours before."""
    if district_id not in state.town.districts:
        raise unknown("district", district_id, state.town.districts)
    return await _chronicle(state).trend(district_id, state.mirror.clock.tick if until_tick is None else until_tick)
