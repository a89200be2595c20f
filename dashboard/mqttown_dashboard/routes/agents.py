"""`/agents`: residents and visitors, and for those who may see it, what they know and remember."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from mqttown_contract.types import ID_PATTERN
from mqttown_dashboard.access import ANYONE, Insider
from mqttown_dashboard.history import cursor_of, parse_cursor
from mqttown_dashboard.knowledge import facts
from mqttown_dashboard.models import Agent, Decided, Fact, Memory, Page
from mqttown_dashboard.problems import PROBLEMS
from mqttown_dashboard.routes.paging import Cursor, Limit, page_after
from mqttown_dashboard.state import StateOf

__all__ = ["router"]

router = APIRouter(prefix="/agents", tags=["agents"])
AgentId = Annotated[str, Path(description="agent id, like `mira`", min_length=1, max_length=48)]


@router.get("", summary="Everybody in the town", dependencies=[ANYONE], responses={422: PROBLEMS[422]})
async def agents(
    state: StateOf,
    kind: Annotated[Literal["hosted", "external"] | None, Query(description="only these")] = None,
    district: Annotated[str | None, Query(description="only those who are in this district now", pattern=ID_PATTERN)] = None,
    building: Annotated[str | None, Query(description="only those who are in this building now", pattern=ID_PATTERN)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Agent]:
    """Residents and visitors in the order of their ids, with where they are now."""
    found = [
        agent
        for agent in state.mirror.agents.values()
        if kind in (None, agent.kind) and district in (None, agent.district) and building in (None, agent.building)
    ]
    return page_after(found, cursor, limit)


@router.get("/{agent_id}", summary="One of them", dependencies=[ANYONE], responses={404: PROBLEMS[404]})
async def agent(agent_id: AgentId, state: StateOf) -> Agent:
    """Card, presence, place, way and last words of an agent."""
    return state.agent(agent_id)


_HIDDEN: dict[int | str, dict[str, Any]] = {status: PROBLEMS[status] for status in (401, 403, 404, 422)}


@router.get("/{agent_id}/memories", summary="What comes to its mind", responses={**_HIDDEN, 503: PROBLEMS[503], 504: PROBLEMS[504]})
async def memories(
    agent_id: AgentId,
    _: Insider,
    state: StateOf,
    query: Annotated[str, Query(description="what to think of, in any words", min_length=1, max_length=1000)],
    limit: Annotated[int, Query(description="at most so many", ge=1, le=50)] = 8,
) -> Page[Memory]:
    """Memories by score, with the score's three parts. Needs a token of the agent, its owner, a researcher or an operator."""
    answer = await state.ear.recall(agent_id, query, limit)
    return Page(items=[Memory(**memory.model_dump()) for memory in answer.memories], next=None)


@router.get("/{agent_id}/knows", summary="What it knows, and from whom", responses=_HIDDEN)
async def knows(
    agent_id: AgentId,
    _: Insider,
    state: StateOf,
    text: Annotated[
        str | None, Query(description="only facts whose words, anywhere on the way, contain this", max_length=1000)
    ] = None,
    event: Annotated[str | None, Query(description="only the fact that began with this event", pattern=r"^e-\d+-\d+$")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Fact]:
    """Facts, the last learned first, each with the chain of words by which it came. Read off the journaled events alone."""
    heard, events = await state.history.heard(agent_id)
    known = facts(agent_id, heard, events)
    if event is not None:
        known = [fact for fact in known if fact.event == event]
    if text is not None:
        known = [fact for fact in known if any(text.casefold() in (hop.text or "").casefold() for hop in fact.chain)]
    after = parse_cursor(cursor, int, str)
    if after is not None:
        known = [fact for fact in known if (-fact.learned_tick, fact.event) > (-after[0], after[1])]
    shown = known[:limit]
    following = cursor_of(shown[-1].learned_tick, shown[-1].event) if len(known) > limit else None
    return Page(items=shown, next=following)


@router.get("/{agent_id}/actions", summary="What it did, and the verdicts", responses=_HIDDEN)
async def actions(agent_id: AgentId, _: Insider, state: StateOf, limit: Limit = 100, cursor: Cursor = None) -> Page[Decided]:
    """An agent's judged actions, the newest first: what went over its `out/action` and `in/verdict`."""
    after = parse_cursor(cursor, int, int)
    rows = await state.history.decided(agent_id, (after[0], after[1]) if after else None, limit + 1)
    shown = rows[:limit]
    following = cursor_of(shown[-1][0], shown[-1][1]) if len(rows) > limit else None
    return Page(items=[item for _, _, item in shown], next=following)
