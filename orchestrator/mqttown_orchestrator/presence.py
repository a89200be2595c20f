"""Who is here: sessions, hellos and farewells, and what they mean for the bodies in the world."""

import asyncio
import time
from typing import Final

import orjson
from pydantic import ValidationError

from mqttown_contract.messages import AgentStatus, Hello
from mqttown_orchestrator.citizens import Citizen
from mqttown_orchestrator.lockstep import Lockstep
from mqttown_orchestrator.observations import now_text
from mqttown_orchestrator.outbox import Outbox
from mqttown_orchestrator.pace import Pace
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.world.inputs import TownInput

__all__ = ["Presence"]

_HELLO_SECONDS: Final = 1.0
"""At most one hello in this time is answered; more are merged."""
_RETURN_TICKS: Final = 10
"""After a start of the town, a body that was driven before counts as left if nobody has come back by then."""


class Presence:
    """Turns hellos and farewells into observations, and into `came` and `left` for the world."""

    def __init__(self, town: Town, outbox: Outbox, lockstep: Lockstep, pace: Pace) -> None:
        self._town = town
        self._outbox = outbox
        self._lockstep = lockstep
        self._pace = pace
        self._greeting: dict[str, None] = {}
        self._timed: set[str] = set()
        self._moved: dict[str, None] = {}
        self.changed: dict[str, None] = {}
        self._return_by = town.tick + _RETURN_TICKS
        for citizen in town.citizens:
            citizen.since, citizen.since_tick = now_text(), town.tick

    def __len__(self) -> int:
        """Hellos that are not answered yet."""
        return len(self._greeting)

    def hello(self, citizen: Citizen, payload: bytes) -> None:
        """An agent says that it is here. It is answered at the next safe point."""
        try:
            hello = Hello.model_validate(orjson.loads(payload))
        except (orjson.JSONDecodeError, ValidationError) as error:
            self._outbox.notice(citizen, "malformed", f"that is no hello, {{}} will do: {_first(error)}")
            return
        if citizen.hello is not None and hello.since_tick is not None and citizen.hello.since_tick is not None:
            hello.since_tick = min(hello.since_tick, citizen.hello.since_tick)
        citizen.hello, citizen.session = hello, hello.session
        citizen.detail, citizen.lockstep, citizen.memory = hello.detail, hello.lockstep, hello.memory
        self._change(citizen, online=True)
        self._greeting[citizen.id] = None
        self._pace.wake()

    def status(self, citizen: Citizen, payload: bytes) -> None:
        """An agent, or its Will, says that it is gone. A late word of an earlier session means nothing."""
        try:
            status = AgentStatus.model_validate(orjson.loads(payload))
        except (orjson.JSONDecodeError, ValidationError) as error:
            self._outbox.notice(citizen, "malformed", f"that is no status: {_first(error)}")
            return
        if status.status == "offline" and status.session == citizen.session and citizen.online:
            citizen.hello = None
            self._greeting.pop(citizen.id, None)
            self._change(citizen, online=False)
            self._lockstep.excuse(citizen)
            self._pace.wake()

    def forget(self, citizen: Citizen) -> None:
        """A citizen is no citizen any more."""
        for known in (self._greeting, self._moved, self.changed):
            known.pop(citizen.id, None)
        citizen.online = False
        self._lockstep.greeted(citizen)

    def answer_hellos(self) -> None:
        """Answer the hellos that are due. Only at a safe point: an observation tells nothing that isn't durable."""
        now = time.monotonic()
        loop = asyncio.get_running_loop()
        for agent in list(self._greeting):
            citizen = self._town.citizens.get(agent)
            if citizen is None or agent not in self._town.state.bodies:
                del self._greeting[agent]
            elif now - citizen.answered >= _HELLO_SECONDS:
                del self._greeting[agent]
                citizen.answered = now
                self._lockstep.greeted(citizen)
                self._outbox.welcome(citizen)
            elif agent not in self._timed:
                self._timed.add(agent)
                loop.call_later(citizen.answered + _HELLO_SECONDS - now, self._due, agent)

    def _due(self, agent: str) -> None:
        self._timed.discard(agent)
        self._pace.wake()

    def inputs(self, tick: int) -> list[TownInput]:
        """What the comings and goings since the last tick mean for the bodies."""
        if tick == self._return_by:
            self._moved.update(dict.fromkeys(citizen.id for citizen in self._town.citizens if not citizen.online))
        inputs = []
        for agent in sorted(self._moved):
            citizen, body = self._town.citizens.get(agent), self._town.state.bodies.get(agent)
            if citizen is not None and body is not None and citizen.online == (body.away_since is not None):
                inputs.append(TownInput("came" if citizen.online else "left", agent))
        self._moved.clear()
        return inputs

    def _change(self, citizen: Citizen, *, online: bool) -> None:
        if citizen.online != online:
            citizen.online = online
            citizen.since, citizen.since_tick = now_text(), self._town.tick
            self.changed[citizen.id] = None
        self._moved[citizen.id] = None


def _first(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    return str(error)
