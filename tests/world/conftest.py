"""A small world to play with: the tiny town, and a hand that acts in it."""

import itertools
from typing import Any

import pytest

from mqttown_contract.events import Event
from mqttown_orchestrator.world.decided import Decision
from mqttown_orchestrator.world.genesis import genesis
from mqttown_orchestrator.world.inputs import ActionInput, Input, TownInput, TownKind
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State
from mqttown_orchestrator.world.step import step
from mqttown_orchestrator.world.turn import Happened


class Hand:
    """Drives one world, and keeps all that happened."""

    def __init__(self, plan: Plan, seed: int = 7) -> None:
        self.plan = plan
        self.luck = Luck(seed)
        self.state: State = genesis(plan, seed)
        self.happened: list[Happened] = []
        self._numbers = itertools.count(1)

    def step(self, *inputs: Input) -> Happened:
        self.happened.append(step(self.state, self.plan, inputs, self.luck))
        return self.happened[-1]

    def action(
        self, agent: str, verb: str, action_id: str | None = None, expires_tick: int | None = None, **parameters: Any
    ) -> ActionInput:
        return ActionInput(agent, action_id or f"a{next(self._numbers)}", verb, parameters, expires_tick=expires_tick)

    def act(self, agent: str, verb: str, **parameters: Any) -> Decision:
        """One action, judged in the next tick."""
        return self.step(self.action(agent, verb, **parameters)).verdicts[0]

    def town(self, kind: TownKind, agent: str, **data: Any) -> Happened:
        return self.step(TownInput(kind, agent, data))

    def stranger(self, agent: str = "zoe", **data: Any) -> Body:
        self.town("register", agent, **{"name": agent.title(), "district": "ranta", **data})
        return self.state.bodies[agent]

    def pass_ticks(self, ticks: int) -> None:
        for _ in range(ticks):
            self.step()

    def pass_until(self, minute: int) -> None:
        """Let time pass until the clock shows a minute of the day."""
        self.pass_ticks(self.plan.clock.until_minute(self.state.tick, minute))

    def walk(self, agent: str, to: str) -> None:
        """Walk and arrive."""
        decision = self.act(agent, "move_to", to=to)
        assert decision.status == "accepted", decision
        while self.state.bodies[agent].doing == "walking":
            self.step()

    def events(self, kind: str, agent: str | None = None) -> list[Event]:
        return [
            event for happened in self.happened for event in happened.events if event.kind == kind and agent in {None, event.agent}
        ]

    def purse(self, agent: str) -> int:
        return self.state.account(f"purse:{agent}")


@pytest.fixture
def plan(tiny_town: Any) -> Plan:
    return Plan.from_json(tiny_town)


@pytest.fixture
def hand(plan: Plan) -> Hand:
    return Hand(plan)
