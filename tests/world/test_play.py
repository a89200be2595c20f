"""Random play: whatever happens, the town stays whole."""

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mqttown_contract.events import EVENT_KINDS
from mqttown_contract.types import DECIDED_WINDOW
from mqttown_orchestrator.world.digest import digest, dump, load
from mqttown_orchestrator.world.genesis import genesis
from mqttown_orchestrator.world.inputs import ActionInput, Input, TownInput, from_json
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.motion import position
from mqttown_orchestrator.world.needs import level
from mqttown_orchestrator.world.offers import offers
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.step import step
from mqttown_orchestrator.world.turn import HEARD_KEPT, SEEN_KEPT

TOWN = json.loads((Path(__file__).parent.parent / "towns" / "tiny.json").read_text(encoding="utf-8"))
PLAN = Plan.from_json(TOWN)
AGENTS = [*PLAN.people, "zoe", "yan"]
PLACES = list(PLAN.buildings)
ITEMS = list(PLAN.items)

agents = st.sampled_from(AGENTS)
places = st.sampled_from(PLACES)
events = st.builds("e-{}-{}".format, st.integers(0, 60), st.integers(0, 3))
actions = st.one_of(
    st.tuples(st.just("move_to"), st.fixed_dictionaries({"to": places | agents})),
    st.tuples(
        st.just("say"),
        st.fixed_dictionaries(
            {"text": st.text(min_size=1, max_size=5)},
            optional={"to": st.lists(agents, min_size=1, max_size=3), "about": st.lists(events, max_size=2)},
        ),
    ),
    st.tuples(st.just("wait"), st.fixed_dictionaries({}, optional={"ticks": st.integers(0, 30)})),
    st.tuples(st.just("work"), st.just({})),
    st.tuples(st.just("eat"), st.fixed_dictionaries({}, optional={"item": st.sampled_from(ITEMS)})),
    st.tuples(st.just("sleep"), st.fixed_dictionaries({}, optional={"until": st.sampled_from(["07:00", "24:00", "13:10"])})),
    st.tuples(st.just("buy"), st.fixed_dictionaries({"item": st.sampled_from(ITEMS)}, optional={"quantity": st.integers(1, 9)})),
    st.tuples(
        st.just("give"),
        st.fixed_dictionaries({"to": agents}, optional={"item": st.sampled_from(ITEMS), "amount": st.integers(1, 30_000)}),
    ),
    st.tuples(st.just("claim"), st.fixed_dictionaries({"building": places})),
    st.tuples(st.sampled_from(["fly", "work"]), st.just({"why": 1})),
)


class Play(RuleBasedStateMachine):
    """Anything may be tried at any time; two worlds are kept side by side, one of them through dumps and JSON."""

    @initialize(seed=st.integers(0, 99), hour=st.sampled_from([0, 120, 300, 840, 1300]))
    def begin(self, seed: int, hour: int) -> None:
        self.luck = Luck(seed)
        self.state, self.twin = genesis(PLAN, seed), genesis(PLAN, seed)
        self.due: list[Input] = []
        self.number = 0
        for _ in range(hour):
            step(self.state, PLAN, [], self.luck)
            step(self.twin, PLAN, [], self.luck)

    @rule(agent=agents, action=actions, repeat=st.booleans())
    def act(self, agent: str, action: tuple[str, dict[str, Any]], repeat: bool) -> None:
        self.number += not repeat
        self.due.append(ActionInput(agent, f"a{self.number}", action[0], action[1]))

    @rule(agent=agents, share=st.integers(0, 999))
    def act_as_offered(self, agent: str, share: int) -> None:
        """What is offered, with the least parameters, is accepted if nothing else happens first."""
        if agent not in self.state.bodies or self.due:
            return
        able = offers(self.state, PLAN, agent)
        offer = able[share % len(able)]
        parameters = {}
        for name in offer["parameters"].get("required", ()):
            field = offer["parameters"]["properties"][name]
            choices = field.get("enum") or field.get("examples") or ["08:15" if name == "until" else "Hei!"]
            parameters[name] = choices[share % len(choices)]
        if offer["action"] == "give":
            parameters["amount" if "amount" in offer["parameters"]["properties"] else "item"] = (
                1 if "amount" in offer["parameters"]["properties"] else offer["parameters"]["properties"]["item"]["enum"][0]
            )
        self.number += 1
        trial = load(dump(self.state))
        trial.tick -= 1
        trial.dues = {}
        happened = step(trial, PLAN, [ActionInput(agent, f"a{self.number}", offer["action"], parameters)], self.luck)
        assert happened.verdicts[0].refusal is None, (offer, parameters, happened.verdicts[0])

    @rule(agent=st.sampled_from(["zoe", "yan"]), district=st.sampled_from(["ranta", "keskus"]), home=st.none() | places)
    def register(self, agent: str, district: str, home: str | None) -> None:
        self.due.append(TownInput("register", agent, {"district": district, "home": home, "purse": 45_000}))

    @rule(agent=agents, kind=st.sampled_from(["came", "left", "claim_for"]), building=places)
    def decide(self, agent: str, kind: Any, building: str) -> None:
        self.due.append(TownInput(kind, agent, {"building": building}))

    @rule(agent=agents)
    def revoke(self, agent: str) -> None:
        self.due.append(TownInput("revoke", agent, {}))

    @rule(ticks=st.sampled_from([1, 1, 1, 3, 12, 60]))
    def pass_time(self, ticks: int) -> None:
        for _ in range(ticks):
            inputs, self.due = self.due, []
            mine = step(self.state, PLAN, inputs, self.luck)
            again = step(self.twin, PLAN, [from_json(json.loads(json.dumps(entry.to_json()))) for entry in inputs], self.luck)
            assert (mine.events, mine.verdicts, mine.news) == (again.events, again.verdicts, again.news)
            assert len(mine.verdicts) == sum(isinstance(entry, ActionInput) for entry in inputs)
            assert [event.id for event in mine.events] == [f"e-{mine.tick}-{number}" for number in range(len(mine.events))]
            for event in mine.events:
                untold = {"job"} if event.kind == "registered" and "job" not in event.data else set()
                assert set(event.data) | untold == set(EVENT_KINDS[event.kind].data), event
                assert len(event.witnesses) == len(set(event.witnesses)), event

    @precondition(lambda self: self.state.tick % 3 == 0)
    @rule()
    def reload(self) -> None:
        self.twin = load(dump(self.twin))
        assert self.twin == self.state
        assert digest(self.twin) == digest(self.state)

    @invariant()
    def money_is_conserved(self) -> None:
        if hasattr(self, "state"):
            assert sum(self.state.accounts.values()) == 0
            assert all(cents >= 0 for account, cents in self.state.accounts.items() if account != "mint")

    @invariant()
    def everybody_is_in_one_place_on_the_map(self) -> None:
        if not hasattr(self, "state"):
            return
        x0, y0, x1, y1 = PLAN.bounds
        inside = [agent for there in self.state.inside.values() for agent in there]
        assert sorted(inside) == sorted(body.id for body in self.state.bodies.values() if body.building is not None)
        for body in self.state.bodies.values():
            x, y = position(body, self.state.tick)
            assert x0 <= x <= x1
            assert y0 <= y <= y1
            assert (body.walk is not None) == (body.doing == "walking")
            assert body.building is None or body.id in self.state.inside[body.building]
            if body.building is not None:
                assert (body.x, body.y) == PLAN.buildings[body.building].door

    @invariant()
    def bounds_hold(self) -> None:
        if not hasattr(self, "state"):
            return
        for body in self.state.bodies.values():
            assert len(body.decided) <= DECIDED_WINDOW
            assert len(body.heard) <= HEARD_KEPT * 5 // 4
            assert len(body.seen) <= SEEN_KEPT * 5 // 4
            assert all(0 <= level(need, self.state.tick) <= 1000 for need in body.needs.values())
            assert all(pieces > 0 for pieces in body.inventory.values())
            assert body.due > self.state.tick
            assert body.until is None or body.until > self.state.tick
        assert all(pieces >= 0 for stock in self.state.stock.values() for pieces in stock.values())
        assert set(self.state.owner.values()) <= set(self.state.bodies)


TestPlay = Play.TestCase
TestPlay.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
