"""Carries out what an operator changes in the town by hand, as commands to the town."""

from typing import Any, Final

from mqttown_contract.persona import Resident
from mqttown_dashboard import residency
from mqttown_dashboard.identity import Caller
from mqttown_dashboard.intervention_forms import Add, Cut, Intervention, Remove
from mqttown_dashboard.problems import ProblemError
from mqttown_dashboard.state import State

__all__ = ["carry_out"]

_TAKEN: Final = ("traits", "goals", "likes", "wakes", "sleeps")
"""What somebody who is added has of the one they are like."""


async def carry_out(state: State, form: Intervention, operator: Caller) -> list[str]:
    """Do one intervention, with the town's next tick.

    Returns:
        Ids of the events that tell of it.

    Raises:
        ProblemError: the town refuses, with its own words; it is paused; or it is away.
    """
    _see_awake(state)
    if isinstance(form, Add):
        await residency.settle(state, _resident(state, form), operator, purse=form.purse)
        return await _told(state, [form.agent], "registered")
    if isinstance(form, Remove):
        return await _remove(state, form.agents, operator)
    if isinstance(form, Cut):
        for part, group in (("agents", form.agents), ("from", form.from_), ("to", form.to)):
            _see_known(state, group, part)
        changes: list[dict[str, Any]] = [
            {"name": name, "from": one, "to": other, "words": form.words} for name, one, other in form.ways
        ]
    else:
        changes = [form.model_dump(exclude={"do"}, exclude_none=True)]
    return [await _intervene(state, form.do, data, operator) for data in changes]


def _see_awake(state: State) -> None:
    """See that there will be a next tick: a change of the world waits for it."""
    if state.mirror.clock.state == "paused":
        raise ProblemError(409, "not_possible", "The town is paused, and this takes a tick; let it go on first.", allowed="running")


def _see_known(state: State, agents: list[str] | None, part: str) -> None:
    """See that a group holds only agents of the town."""
    for number, agent in enumerate(agents or ()):
        if agent not in state.mirror.agents:
            words = f"There is no agent {agent!r}; GET /api/v1/agents lists them."
            raise ProblemError(422, "bad_parameters", words, path=f"body.{part}.{number}")


async def _intervene(state: State, kind: str, data: dict[str, Any], operator: Caller) -> str:
    told = await state.ear.command("intervene", {"kind": kind, "data": data}, operator.name)
    return str(told["event"])


async def _remove(state: State, agents: list[str], operator: Caller) -> list[str]:
    _see_known(state, agents, "agents")
    for agent in dict.fromkeys(agents):
        if await state.residents.of(agent) is not None:
            await residency.remove(state, agent, operator)
        else:
            await state.ear.command("revoke", {"agent": agent}, operator.name)
    return await _told(state, agents, "revoked")


def _resident(state: State, form: Add) -> Resident:
    taken: dict[str, Any] = {}
    if form.like is not None:
        like = state.presets.people.get(form.like)
        if like is None:
            words = f"There is no preset {form.like!r}; GET /api/v1/presets lists them."
            raise ProblemError(422, "bad_parameters", words, path="body.like", allowed=sorted(state.presets.people))
        taken = like.model_dump(include=set(_TAKEN))
    said = form.model_dump(include={"name", "district", "home", "job", *_TAKEN}, exclude_none=True)
    return Resident.model_validate({**taken, **said, "id": form.agent})


async def _told(state: State, agents: list[str], kind: str) -> list[str]:
    """Ids of the events by which agents came or went, in their order; they are durable once the town has answered."""
    return [event.id for event in await state.history.latest(agents, [kind])]
