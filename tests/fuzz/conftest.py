"""A whole orchestrator without broker and database, bytes to try on it, and a count of how many were tried."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from mqttown_contract import topics
from mqttown_contract.verbs import VERBS
from mqttown_orchestrator.assembly import Assembly
from mqttown_orchestrator.citizens import Citizens
from mqttown_orchestrator.noticed import Remembered
from mqttown_orchestrator.rulebook import read_rulebook
from mqttown_orchestrator.settings import Settings
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.world.genesis import genesis
from mqttown_orchestrator.world.inputs import TownInput
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.step import step

ROOT = Path(__file__).parents[2]
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))
"""Inputs of one test; a longer run sets it."""
MIRA = "mira"
DISTRICT = "ranta"

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(["say", "move_to", "puisto", "otto", "e-1-1", "\x00", "\ud800", "\U0001d51e", "a" * 5000]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=24,
)
FIELDS = (
    "id", "action", "parameters", "observation_id", "expires_tick", "reasoning", "confidence", "traceparent", "session", "detail",
    "since_tick", "lockstep", "memory", "status", "op", "text", "query", "k", "kinds", "tick", "importance", "command", "agent",
    "memories",
)  # fmt: skip


def dumped(value: Any) -> bytes:
    """As JSON, lone surrogates and all."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


@st.composite
def actions(draw: st.DrawFn) -> dict[str, Any]:
    """An action that is nearly right, with some fields spoilt."""
    verb = draw(st.sampled_from(list(VERBS)))
    fields = list(VERBS[verb].schema["properties"])
    likely = st.sampled_from(["puisto", "otto", "mira", "cafe-satama", "pulla", "Hei!", 1, 0, -1, 10**9, "07:00", ["otto"], []])
    parameters = {name: draw(likely | json_values) for name in fields if draw(st.booleans())}
    message: dict[str, Any] = {"id": draw(st.sampled_from(["a", "b", "c"]) | st.text(max_size=8)), "action": verb}
    message["parameters"] = parameters
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=3)):
        message[name] = draw(json_values)
    return message


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A message with some of its bytes changed, cut out or doubled."""
    data = bytearray(dumped(draw(actions())))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.integers(0, 2)):
            case 0:
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=3))
            case 1:
                del data[at : at + draw(st.integers(1, 8))]
            case _:
                data[at:at] = data[at : at + 12]
    return bytes(data)


nested = st.builds(
    lambda depth, pair, core: (pair[0] * depth + core + pair[1] * depth).encode(),
    st.integers(1, 3000),
    st.sampled_from([("[", "]"), ('{"id":', "}"), ('{"id":"a","action":"say","parameters":{"text":', "}}"), ("[", "")]),
    st.sampled_from(["1", '"x"', "", "1e999", "-0", "NaN", "9" * 400]),
)
objects = st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=6)
parameters = {
    "move_to": st.fixed_dictionaries({"to": st.sampled_from(["puisto", "cafe-satama", "otto", "mira", "nowhere", "satama"])}),
    "say": st.fixed_dictionaries(
        {"text": st.text(min_size=1, max_size=60)}, optional={"to": st.lists(st.sampled_from(["otto", "mira", "x"]), max_size=3)}
    ),
    "wait": st.fixed_dictionaries({}, optional={"ticks": st.integers(1, 1440)}),
    "sleep": st.fixed_dictionaries({}, optional={"until": st.sampled_from(["07:00", "23:59"])}),
    "eat": st.fixed_dictionaries({}, optional={"item": st.sampled_from(["pulla", "x"])}),
    "buy": st.fixed_dictionaries({"item": st.sampled_from(["pulla", "x"])}, optional={"quantity": st.integers(1, 100)}),
    "give": st.fixed_dictionaries({"to": st.sampled_from(["otto", "mira"]), "amount": st.integers(1, 10**8)}),
    "claim": st.fixed_dictionaries({"building": st.sampled_from(["puisto", "cafe-satama", "x"])}),
    "work": st.just({}),
}
well_formed = st.sampled_from(list(VERBS)).flatmap(
    lambda verb: st.fixed_dictionaries({"id": st.uuids().map(str), "action": st.just(verb), "parameters": parameters[verb]})
)
"""Actions that the contract lets pass; what the world makes of them is another thing."""
payloads = actions().map(dumped) | spoilt() | objects.map(dumped) | json_values.map(dumped) | nested | st.binary(max_size=200)
"""Bytes that are, nearly are, or are not at all what the wire carries."""


class Orchestrator:
    """All parts of the orchestrator, with a town in which `mira` is a stranger."""

    def __init__(self) -> None:
        compiled = json.loads((ROOT / "tests" / "towns" / "tiny.json").read_text(encoding="utf-8"))
        plan, luck = Plan.from_json(compiled), Luck(7)
        state = genesis(plan, 7)
        step(state, plan, [TownInput("register", MIRA, {"name": "Mira", "district": DISTRICT})], luck)
        row = {"id": MIRA, "name": "Mira", "kind": "external", "home_district": DISTRICT, "owner": None, "tagline": None}
        row |= {"plan": "load", "placement": None, "registered_tick": 1, "revoked_tick": None}
        self.town = Town("tiny", compiled, plan, luck, state, Citizens("tiny", [row]), 1, state.tick)
        settings = Settings(database="none", town_file=Path("none"))
        self.parts = Assembly(self.town, None, settings, read_rulebook(None), Remembered(None, [], [], 0, 0))  # type: ignore[arg-type]
        self.told: list[tuple[str, bytes]] = []
        self.parts.outbox._publish = lambda topic, payload: self.told.append((topic, payload))

    def topic(self, channel: str) -> str:
        return topics.agent_out("tiny", DISTRICT, MIRA, channel)


@pytest.fixture
def orchestrator() -> Orchestrator:
    return Orchestrator()


@pytest.fixture
def tried(record_property: Any, request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """How many inputs were tried, by what came of them; kept in the test report and shown with -rP."""
    counted: Counter[str] = Counter()
    yield counted
    record_property("tried", dict(counted))
    print(f"{request.node.name}: {sum(counted.values())} inputs tried: {dict(counted)}")  # noqa: T201  for -rP
