"""`/agents` for those who have some: register external agents, give them keys, take them back."""

import asyncio
from typing import Annotated
from weakref import WeakValueDictionary

from fastapi import APIRouter, Path, Request

from mqttown_contract.types import Id
from mqttown_dashboard import residency
from mqttown_dashboard.access import Account, Manager
from mqttown_dashboard.credentials import credentials_of
from mqttown_dashboard.forms import AgentForm, AgentKey, AgentKeyForm, NewCredentials
from mqttown_dashboard.models import Agent
from mqttown_dashboard.problems import ProblemError, problems
from mqttown_dashboard.secret import digest, fresh
from mqttown_dashboard.snippets import snippets_of
from mqttown_dashboard.state import State, StateOf

__all__ = ["router"]

router = APIRouter(tags=["my agents"])
AgentId = Annotated[str, Path(description="agent id, like `mira`", min_length=1, max_length=48)]
_registering: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""By owner: who registers two agents at once is counted one after the other."""


@router.post(
    "/agents",
    response_model_exclude_none=True,
    status_code=201,
    summary="Register an external agent",
    responses=problems(401, 403, 409, 413, 422, 429, 503, 504),
)
async def register(form: AgentForm, state: StateOf, caller: Manager, request: Request) -> NewCredentials:
    """Gives an agent of yours a body, and a key that is told once. The town itself checks name and tagline."""
    lock = _registering.setdefault(caller.name, asyncio.Lock())
    async with lock:
        have = len(await state.history.owned(caller.name))
        most = state.settings.agents_per_owner
        if caller.role != "operator" and have >= most:
            raise ProblemError(
                409, "not_possible", f"You have {have} agents, and {most} are allowed; revoke one first.", allowed=most
            )
        key = fresh()
        shown = form.name or form.id.replace("-", " ").replace("_", " ").title()
        result = await state.ear.command(
            "register",
            {
                "agent": form.id, "name": shown, "district": form.district, "tagline": form.tagline,
                "kind": "external", "owner": caller.name, "key_hash": digest(key),
            },
            caller.name,
        )  # fmt: skip
    return _new(state, request, form.id, key, result["home_district"])


@router.get("/me/agents", summary="My agents", responses=problems(401, 403))
async def mine(state: StateOf, caller: Account) -> list[Agent]:
    """Agents that this account has registered and not revoked."""
    return [state.mirror.agents.get(agent.id, agent) for agent in await state.history.owned(caller.name)]


@router.delete(
    "/me/agents/{agent_id}", status_code=204, summary="Take an agent out of the town", responses=problems(401, 403, 404, 503, 504)
)
async def revoke(agent_id: AgentId, state: StateOf, caller: Manager) -> None:
    """All its keys and its body, for good: nobody gets the name again. Of a hosted resident, everything."""
    if await state.residents.of(agent_id) is not None:
        await residency.remove(state, agent_id, caller)
    else:
        await state.ear.command("revoke", {"agent": agent_id}, caller.name)


@router.get("/me/agents/{agent_id}/keys", summary="Keys of an agent", responses=problems(401, 403, 404))
async def keys(agent_id: AgentId, state: StateOf, _: Manager) -> list[AgentKey]:
    """Tags of its keys in use; the keys themselves are not kept."""
    return [AgentKey(tag=tag, expires=expires) for tag, expires in await state.history.tags(agent_id)]


@router.post(
    "/me/agents/{agent_id}/keys",
    response_model_exclude_none=True,
    status_code=201,
    summary="A key for an agent",
    responses=problems(401, 403, 404, 413, 422, 503, 504),
)
async def make_key(agent_id: AgentId, form: AgentKeyForm, state: StateOf, _: Manager, request: Request) -> NewCredentials:
    """A further key, told once: for a second connection, or to change keys without a gap."""
    key = fresh()
    tag = form.tag or ""
    result = await state.ear.command("key", {"agent": agent_id, "tag": tag, "key_hash": digest(key)})
    username = f"{agent_id}~{tag}" if tag else agent_id
    return _new(state, request, username, key, result["home_district"])


@router.delete(
    "/me/agents/{agent_id}/keys/{tag}",
    status_code=204,
    summary="Take one key out of use",
    responses=problems(401, 403, 404, 422, 503, 504),
)
async def revoke_key(agent_id: AgentId, tag: Annotated[Id, Path()], state: StateOf, _: Manager) -> None:
    """A live connection by it is ended."""
    if tag not in {known for known, _ in await state.history.tags(agent_id)}:
        raise ProblemError(404, "unknown_key", f"{agent_id} has no key {tag!r}.", path="path.tag")
    await state.ear.command("revoke", {"agent": agent_id, "tag": tag})


def _new(state: State, request: Request, username: str, key: str, district: str) -> NewCredentials:
    asked = request.url.hostname or state.settings.mqtt_host
    known = credentials_of(state, asked, username, key, district)
    return NewCredentials(**known.model_dump(by_alias=True), snippets=snippets_of(known))
