"""`/me/residents`: hosted residents of an owner: make, see, change, command, delete."""

from typing import Annotated

from fastapi import APIRouter, Path

from mqttown_contract.persona import Resident
from mqttown_dashboard import residency
from mqttown_dashboard.access import Account, Manager
from mqttown_dashboard.hosting import Running
from mqttown_dashboard.problems import problems
from mqttown_dashboard.resident_forms import (
    Change,
    Command,
    Duplicate,
    Farewell,
    Milestones,
    NewResident,
    ResidentView,
    SpentView,
)
from mqttown_dashboard.residents import Kept
from mqttown_dashboard.standing import farewell, status
from mqttown_dashboard.state import State, StateOf

__all__ = ["AgentId", "router", "shown"]

router = APIRouter(prefix="/me/residents", tags=["my residents"])
AgentId = Annotated[str, Path(description="agent id, like `mira`", min_length=1, max_length=48)]
_MADE = problems(401, 403, 409, 413, 422, 429, 503, 504)
_OF_ONE = problems(401, 403, 404)


@router.post("", status_code=201, summary="Make a hosted resident", responses=_MADE)
async def make(form: NewResident, state: StateOf, caller: Manager) -> ResidentView:
    """Gives it a body in the town and a mind. Id and name are enough: the built-in mind costs nothing."""
    resident = Resident.model_validate(form.model_dump())
    return await shown(state, await residency.settle(state, resident, caller))


@router.get("", summary="My hosted residents", responses=problems(401, 403))
async def mine(state: StateOf, caller: Account) -> list[ResidentView]:
    """In the order of their ids."""
    owned = await state.residents.owned(caller.name)
    running = await state.hosting.running([now.resident.id for now in owned])
    return [await _view(state, now, running.get(now.resident.id)) for now in owned]


@router.get("/{agent_id}", summary="One of them", responses=_OF_ONE)
async def one(agent_id: AgentId, state: StateOf, _: Manager) -> ResidentView:
    """How it does, what it is made of, what it has spent, and what it has done for the first time."""
    return await shown(state, await residency.kept(state, agent_id))


@router.patch("/{agent_id}", summary="Change it", responses=problems(401, 403, 404, 409, 413, 422, 503, 504))
async def change(agent_id: AgentId, form: Change, state: StateOf, caller: Manager) -> ResidentView:
    """Another persona or mind is a new version. Permissions and budget hold at once, and are no part of versions."""
    now = await residency.kept(state, agent_id)
    given = {
        name: getattr(form, name) for name in ("mind", "placement", "permissions", "budget") if getattr(form, name) is not None
    }
    if form.no_budget:
        given["budget"] = None
    if form.persona is not None:
        given |= {name: getattr(form.persona, name) for name in type(form.persona).model_fields}
    wanted = Resident.model_validate(now.resident.model_copy(update=given).model_dump())
    return await shown(state, await residency.change(state, now, wanted, caller, form.note))


@router.post(
    "/{agent_id}/commands", summary="Start, pause, resume, restart", responses=problems(401, 403, 404, 409, 413, 422, 503, 504)
)
async def command(agent_id: AgentId, form: Command, state: StateOf, _: Manager) -> ResidentView:
    """Pause stops its spending at once: no call is begun, and one on its way is ended."""
    now = await residency.kept(state, agent_id)
    await residency.command(state, now, form.command)
    return await shown(state, now)


@router.post("/{agent_id}/duplicate", status_code=201, summary="Make another like it", responses=problems(404) | _MADE)
async def duplicate(agent_id: AgentId, form: Duplicate, state: StateOf, caller: Manager) -> ResidentView:
    """A new resident with the same persona, permissions and budget under another name; without its memories, home and program."""
    now = await residency.kept(state, agent_id)
    given = {"id": form.id, "name": form.name, "home": None, "mind": form.mind or now.resident.mind}
    resident = Resident.model_validate(now.resident.model_copy(update=given).model_dump())
    return await shown(state, await residency.settle(state, resident, caller))


@router.get("/{agent_id}/deletion", summary="What deleting it takes and leaves", responses=_OF_ONE)
async def deletion(agent_id: AgentId, state: StateOf, _: Manager) -> Farewell:
    """To be shown before it is done."""
    return farewell(await residency.kept(state, agent_id))


@router.delete("/{agent_id}", summary="Delete it, and everything of it", responses=problems(401, 403, 404, 503, 504))
async def delete(agent_id: AgentId, state: StateOf, caller: Manager) -> Farewell:
    """For good. Tells what went and what stays."""
    now = await residency.kept(state, agent_id)
    await residency.remove(state, agent_id, caller)
    return farewell(now)


async def shown(state: State, now: Kept) -> ResidentView:
    """One resident with all that is told of it."""
    agent = now.resident.id
    running = (await state.hosting.running([agent])).get(agent)
    view = await _view(state, now, running)
    firsts = await state.history.firsts(agent)
    return view.model_copy(update={"milestones": Milestones(**firsts)})


async def _view(state: State, now: Kept, running: Running | None) -> ResidentView:
    resident = now.resident
    card = state.mirror.agents.get(resident.id)
    word, why = status(now, running, "offline" if card is None else card.presence)
    spent = SpentView(money_today=0, tokens_today=0, money_total=0, tokens_total=0)
    if await state.spending.there():
        used = await state.spending.used("agent", resident.id)
        spent = SpentView(
            money_today=used.today.money,
            tokens_today=used.today.tokens,
            money_total=used.total_money,
            tokens_total=used.total_tokens,
        )
    return ResidentView(
        id=resident.id, name=resident.name, owner=now.account, status=word, reason=why,
        since=None if running is None else running.since,
        starts=0 if running is None else running.starts,
        next_start=None if running is None else running.next_start,
        thought_tick=None if running is None else running.thought_tick,
        version=now.version, created=now.created, code=now.code, resident=resident, spent=spent,
    )  # fmt: skip
