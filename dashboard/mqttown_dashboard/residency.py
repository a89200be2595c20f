"""How a hosted resident comes to live in the town, is changed, commanded, and goes: town, runtime and our tables together."""

import asyncio
from typing import Literal
from weakref import WeakValueDictionary

import structlog

from mqttown_contract.permissions import Permissions
from mqttown_contract.persona import Resident
from mqttown_dashboard.credentials import credentials_of
from mqttown_dashboard.hosting import spec_of
from mqttown_dashboard.identity import Caller
from mqttown_dashboard.problems import ProblemError, unknown
from mqttown_dashboard.residents import Kept
from mqttown_dashboard.secret import digest, fresh
from mqttown_dashboard.state import State

__all__ = ["change", "command", "give_code", "kept", "remove", "settle"]

INLINE_HOST = "host-1"
_registering: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""By owner: who makes two at once is counted one after the other."""

log = structlog.get_logger(__name__)


async def kept(state: State, agent: str) -> Kept:
    """A resident of the portal.

    Raises:
        ProblemError: 404, nobody made it here.
    """
    found = await state.residents.of(agent)
    if found is None:
        raise unknown("resident", agent, await state.residents.agents())
    return found


async def settle(state: State, resident: Resident, caller: Caller, *, purse: int | None = None) -> Kept:
    """Register a new resident with the town, and have the runtime host it.

    Args:
        state: the running parts.
        resident: as wanted.
        caller: whose it will be.
        purse: cents to begin with; what a newcomer gets without it.

    Raises:
        ProblemError: the owner has enough, the town refuses, or what the mind needs is not there.
    """
    lock = _registering.setdefault(caller.name, asyncio.Lock())
    async with lock:
        most = state.settings.residents_per_owner
        if caller.role != "operator" and (have := await state.residents.count(caller.name)) >= most:
            raise ProblemError(
                409, "not_possible", f"You have {have} residents, and {most} are allowed; delete one first.", allowed=most
            )
        await _see_possible(state, resident)
        if not await state.residents.add(resident, caller.name):
            raise ProblemError(409, "not_possible", f"The name {resident.id!r} is taken.", path="body.id")
        key = fresh()
        try:
            told = await state.ear.command(
                "register",
                {
                    "agent": resident.id, "name": resident.name, "district": resident.district, "home": resident.home,
                    "job": resident.job, "tagline": resident.tagline, "kind": "hosted", "owner": caller.name,
                    "key_hash": digest(key),
                    "placement": INLINE_HOST if resident.placed == "inline" else None,
                    "purse": state.settings.newcomer_purse if purse is None else purse,
                    "permissions": resident.permissions.model_dump(exclude_none=True),
                },
                caller.name,
            )  # fmt: skip
        except BaseException:
            await state.residents.forget(resident.id)
            raise
    district = str(told["home_district"])
    await state.ear.attend(resident.id, district)
    made = await kept(state, resident.id)
    await _allow(state, made)
    await _host(state, made, key, district)
    return made


async def change(state: State, now: Kept, wanted: Resident, caller: Caller, note: str | None) -> Kept:
    """Make a resident another: a version where persona or mind differ, and the town and the runtime told of what concerns them.

    Raises:
        ProblemError: something of it can't be changed, or is refused.
    """
    old = now.resident
    for name in ("name", "tagline"):
        if getattr(old, name) != getattr(wanted, name):
            words = f"The {name} stands on the town's card and is chosen once."
            raise ProblemError(409, "not_possible", words, path=f"body.persona.{name}", allowed=getattr(old, name))
    await _see_possible(state, wanted)
    if wanted.permissions != old.permissions:
        await _permit(state, wanted.id, wanted.permissions)
    await state.residents.change(wanted, caller.name, note)
    made = await kept(state, wanted.id)
    if wanted.budget != old.budget:
        await _allow(state, made)
    if spec_of(wanted, made.code) != spec_of(old, made.code) or wanted.placed != old.placed:
        await _rehost(state, made)
    return made


async def give_code(state: State, now: Kept, name: str, content: bytes) -> str:
    """Give a resident its program, and have it run. Return the archive's id.

    Raises:
        ProblemError: its mind is none of code, or containers are not to be had.
    """
    if now.resident.mind.kind != "code":
        words = f"{now.resident.id} thinks by {now.resident.mind.kind}; change its mind to code first."
        raise ProblemError(409, "not_possible", words, path="path.agent_id")
    await _see_possible(state, now.resident)
    archive = await state.hosting.keep_archive(name, content)
    await state.residents.give_code(now.resident.id, archive)
    await _rehost(state, await kept(state, now.resident.id))
    return archive


async def command(state: State, now: Kept, what: Literal["start", "pause", "resume", "restart"]) -> None:
    """Pause, go on, or start anew.

    Raises:
        ProblemError: 409, there is nothing to start yet.
    """
    agent = now.resident.id
    if now.resident.mind.kind == "code" and now.code is None:
        words = f"{agent} has no program yet: PUT /api/v1/me/residents/{agent}/code"
        raise ProblemError(409, "not_possible", words, path="path.agent_id")
    if what == "pause":
        # Money first: whatever follows fails, nothing more is spent.
        await _pause_spending(state, agent, paused=True)
        if not await state.hosting.desire(agent, "paused"):
            await _rehost(state, now)
            await state.hosting.desire(agent, "paused")
        return
    if what == "restart":
        if not await state.hosting.restart(agent):
            await _rehost(state, now)
    elif not await state.hosting.desire(agent, "running"):
        await _rehost(state, now)
    await _pause_spending(state, agent, paused=False)


async def remove(state: State, agent: str, caller: Caller) -> None:
    """Take a resident out of the town, the runtime and the memory service, with all that is kept of it here.

    The runtime first and the town last, so that what fails on the way can be done once more.
    """
    await _pause_spending(state, agent, paused=True)
    if await state.hosting.there():
        await state.hosting.desire(agent, "deleted")
    await state.ear.forget(agent)
    await state.ear.command("revoke", {"agent": agent}, caller.name)
    if await state.spending.there():
        await state.spending.forget(agent)
    await state.residents.forget(agent)
    state.thoughts.forget(agent)


async def _see_possible(state: State, resident: Resident) -> None:
    """See that what a resident needs is there."""
    await state.hosting.need()
    if resident.mind.kind == "model" and not await state.spending.there():
        words = "This town has no model gateway; take the routine mind, or ask its operator."
        raise ProblemError(409, "not_possible", words, path="body.mind.kind", allowed=["routine", "code"])
    if resident.placed == "docker" and not await state.hosting.keeps_containers():
        words = "This town keeps no containers now (mqttown up --sandbox does); take the placement inline, or ask its operator."
        raise ProblemError(409, "not_possible", words, path="body.placement", allowed=["inline"])


async def _allow(state: State, made: Kept) -> None:
    if await state.spending.there():
        await state.spending.pay(made.resident.id, made.account)
        await state.spending.allow("agent", made.resident.id, made.resident.budget)


async def _permit(state: State, agent: str, permissions: Permissions) -> None:
    await state.ear.command("permit", {"agent": agent, **permissions.model_dump(exclude_none=True)})


async def _host(state: State, made: Kept, key: str | None, district: str) -> None:
    resident = made.resident
    if resident.mind.kind == "code" and made.code is None:
        return
    given = None
    if key is not None and resident.placed == "docker":
        given = credentials_of(state, None, resident.id, key, district).model_dump(by_alias=True, exclude_none=True)
    await state.hosting.host(resident.id, made.account, resident.placed, spec_of(resident, made.code), given)


async def _rehost(state: State, made: Kept) -> None:
    """Have the runtime host a resident as it is now, with another key where it lives in a container; who is paused stays so."""
    agent = made.resident.id
    before = (await state.hosting.running([agent])).get(agent)
    key, district = None, ""
    if made.resident.placed == "docker":
        key = fresh()
        told = await state.ear.command("key", {"agent": agent, "tag": "", "key_hash": digest(key)})
        district = str(told["home_district"])
    await _host(state, made, key, district)
    if before is not None and before.desired == "paused":
        await state.hosting.desire(agent, "paused")


async def _pause_spending(state: State, agent: str, *, paused: bool) -> None:
    if await state.spending.there():
        await state.spending.pause(agent, paused)
