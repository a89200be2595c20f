"""`/events`: what happened, from the journal."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from mqttown_contract.events import EVENT_KINDS
from mqttown_contract.types import Id
from mqttown_dashboard.access import ANYONE
from mqttown_dashboard.history import cursor_of, parse_cursor
from mqttown_dashboard.models import Event, Page
from mqttown_dashboard.problems import PROBLEMS, ProblemError
from mqttown_dashboard.state import StateOf

__all__ = ["router"]

router = APIRouter(tags=["events"], dependencies=[ANYONE])


class EventQuery(BaseModel):
    """Which events."""

    model_config = ConfigDict(extra="forbid")

    since_tick: int | None = Field(default=None, ge=0, le=2**62, description="from this tick on, inclusive")
    until_tick: int | None = Field(default=None, ge=0, le=2**62, description="up to this tick, inclusive")
    kind: list[str] = Field(default_factory=list, max_length=32, description="only of these kinds; may be given several times")
    agent: Id | None = Field(default=None, description="only those that this agent did or witnessed")
    district: Id | None = Field(default=None, description="only in this district")
    building: Id | None = Field(default=None, description="only in this building")
    order: Literal["asc", "desc"] = Field(default="asc", description="`desc` begins with the newest")
    limit: int = Field(default=100, ge=1, le=1000, description="at most so many items")
    cursor: str | None = Field(default=None, max_length=400, description="`next` of the page before")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since_tick is not None and self.until_tick is not None and self.since_tick > self.until_tick:
            raise ValueError(f"since_tick {self.since_tick} is after until_tick {self.until_tick}")
        return self


@router.get("/events", summary="What happened", responses={422: PROBLEMS[422]})
async def events(state: StateOf, query: Annotated[EventQuery, Query()]) -> Page[Event]:
    """Events of the journal, in its order."""
    wrong = [name for name in query.kind if name not in EVENT_KINDS]
    if wrong:
        raise ProblemError(
            422, "bad_parameters", f"There is no kind of event {wrong[0]!r}.", path="query.kind", allowed=sorted(EVENT_KINDS)
        )
    after = parse_cursor(query.cursor, int, int)
    rows = await state.history.events(
        since=query.since_tick,
        until=query.until_tick,
        kinds=query.kind,
        agent=query.agent,
        district=query.district,
        building=query.building,
        after=(after[0], after[1]) if after else None,
        newest_first=query.order == "desc",
        limit=query.limit + 1,
    )
    shown = rows[: query.limit]
    following = cursor_of(shown[-1][0], shown[-1][1]) if len(rows) > query.limit else None
    return Page(items=[event for _, _, event in shown], next=following)
