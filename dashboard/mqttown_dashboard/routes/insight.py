"""`/me/residents/{agent_id}`: logs, usage, last thoughts; and the program of those who have one."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request

from mqttown.archive import ArchiveError, check
from mqttown_dashboard import residency
from mqttown_dashboard.access import Account, Manager
from mqttown_dashboard.history import cursor_of, parse_cursor
from mqttown_dashboard.models import Page
from mqttown_dashboard.problems import ProblemError, problems
from mqttown_dashboard.resident_forms import ArchiveView, LogView, TalkForm, ThoughtView, UsageDay, UsageView
from mqttown_dashboard.routes.paging import Cursor, Limit
from mqttown_dashboard.routes.residents import AgentId
from mqttown_dashboard.spending import Used
from mqttown_dashboard.state import StateOf
from mqttown_dashboard.talk import LONGEST, MEMORIES, TalkView

__all__ = ["router"]

router = APIRouter(prefix="/me", tags=["my residents"])


@router.get("/residents/{agent_id}/logs", summary="What its program wrote", responses=problems(401, 403, 404))
async def logs(agent_id: AgentId, state: StateOf, _: Manager) -> LogView:
    """The end of its standard output and error, as the jailer collected it last."""
    await residency.kept(state, agent_id)
    return LogView(text=await state.hosting.log(agent_id))


@router.get("/residents/{agent_id}/usage", summary="What its thinking has cost", responses=problems(401, 403, 404, 503))
async def usage(agent_id: AgentId, state: StateOf, _: Manager) -> UsageView:
    """Its cap, and what was spent, by day and model."""
    await residency.kept(state, agent_id)
    await state.spending.need()
    return _usage(await state.spending.used("agent", agent_id))


@router.get("/usage", summary="What the thinking of all my residents has cost", responses=problems(401, 403, 503))
async def all_usage(state: StateOf, caller: Account) -> UsageView:
    """Together, also of those who are gone."""
    await state.spending.need()
    return _usage(await state.spending.used("owner", caller.name))


@router.get("/residents/{agent_id}/thoughts", summary="Its last thoughts", responses=problems(401, 403, 404, 422))
async def thoughts(agent_id: AgentId, state: StateOf, _: Manager, limit: Limit = 20, cursor: Cursor = None) -> Page[ThoughtView]:
    """What it had in mind when it acted, the newest first, with the memories that came to it; the verdicts are with its actions."""
    await residency.kept(state, agent_id)
    after = parse_cursor(cursor, int)
    found = await state.thoughts.of(agent_id, after[0] if after else None, limit + 1)
    views = [
        ThoughtView(
            number=thought.number, tick=thought.tick, action_id=thought.action_id, action=thought.action,
            reasoning=thought.reasoning, memories=thought.memories, model=thought.model,
        )
        for thought in found[:limit]
    ]  # fmt: skip
    return Page(items=views, next=cursor_of(views[-1].number) if len(found) > limit else None)


@router.post("/residents/{agent_id}/talk", summary="Talk with it", responses=problems(401, 403, 404, 413, 422, 503, 504))
async def talk(agent_id: AgentId, form: TalkForm, state: StateOf, _: Manager) -> TalkView:
    """An answer in its voice, out of what it remembers: by its model at its cost, else by the town's prose. Nobody hears it."""
    now = await residency.kept(state, agent_id)
    memories = (await state.ear.recall(agent_id, form.text, MEMORIES)).memories
    shown = [memory.model_dump() for memory in memories]
    request = state.talk.request(now.resident, form.text, memories)
    why = None
    if request is not None:
        thought = await state.ear.think(agent_id, request)
        said = str((thought.message or {}).get("content") or "").strip()
        if thought.code is None and said:
            return TalkView(text=said[:LONGEST], by="model", model=thought.model, memories=shown)
        why = thought.detail or thought.code or "the model said nothing"
    text = state.talk.routine(now.resident, form.text, memories)
    return TalkView(text=text, by="routine", model=None, memories=shown, why_routine=why)


@router.put(
    "/residents/{agent_id}/code",
    summary="Send its program",
    responses=problems(401, 403, 404, 409, 413, 422, 503, 504),
    openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}},
)
async def send_code(
    agent_id: AgentId,
    request: Request,
    state: StateOf,
    _: Manager,
    name: Annotated[
        str,
        Query(
            max_length=100,
            pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$",
            description="of the file: its ending tells what it is",
            examples=["agent.py"],
        ),
    ],
) -> ArchiveView:
    """One Python file with the SDK, or an archive of a project. It is checked, built into an image, and then started."""
    now = await residency.kept(state, agent_id)
    content = await request.body()  # only now: strangers send nothing large
    try:
        await asyncio.to_thread(check, name, content)
    except ArchiveError as error:
        raise ProblemError(422, "bad_parameters", f"{str(error)[:1].upper()}{str(error)[1:]}.", path="body") from error
    archive = await residency.give_code(state, now, name, content)
    return await _archive(state, archive)


@router.get("/residents/{agent_id}/code", summary="What became of its program", responses=problems(401, 403, 404))
async def code(agent_id: AgentId, state: StateOf, _: Manager) -> ArchiveView:
    """Whether it could be built, and why not."""
    now = await residency.kept(state, agent_id)
    if now.code is None:
        raise ProblemError(404, "unknown_code", f"{agent_id} has no program.", path="path.agent_id")
    return await _archive(state, now.code)


async def _archive(state: StateOf, identity: str) -> ArchiveView:
    found = await state.hosting.archive(identity)
    if found is None:
        raise ProblemError(404, "unknown_code", "The program is kept no more; send it again.", path="path.agent_id")
    return ArchiveView(id=found.id, name=found.name, state=found.state, reason=found.reason)


def _usage(used: Used) -> UsageView:
    return UsageView(
        budget=used.budget, paused=used.paused, money_today=used.today.money, tokens_today=used.today.tokens,
        money_total=used.total_money, tokens_total=used.total_tokens, models=used.models,
        days=[
            UsageDay(day=day.day, calls=day.calls, tokens_in=day.tokens_in, tokens_out=day.tokens_out, money=day.money)
            for day in used.days
        ],
    )  # fmt: skip
