"""A town whose residents think with a model: a recorded run plays again to the same hash, without any model."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "runtime"))

from stub_model import StubModel, calls, on_a_loop_of_its_own

pytestmark = [pytest.mark.town, pytest.mark.slow, pytest.mark.timeout(500)]
TICKS = 75
MODELS = """
version: 1
providers: {{here: {{base_url: "{url}"}}}}
models: {{m: {{provider: here, name: m, context: 4096, price_in: 0, price_out: 0}}}}
tiers: {{full: [m], small: [m], tiny: [m]}}
"""


def busybody(body: Mapping[str, Any]) -> dict[str, Any]:
    """A model that plans, talks to whoever it may, and walks about; what it says hangs on what it is told."""
    tools = {one["function"]["name"]: one["function"]["parameters"] for one in body["tools"]}
    told = body["messages"][-1]["content"]
    if "plan" in tools:
        return calls("plan", {"steps": [{"at": "06:30", "what": "wake the house"}, {"at": "08:00", "what": "go out"}]})
    if "ask" in tools:
        return calls("ask", {"questions": ["Who was here?"]})
    if "conclude" in tools:
        return calls("conclude", {"insight": "We are a talkative house.", "because": [1]})
    if "say" in tools and "In earshot: " in told:
        other = told.split("In earshot: ")[1].split(",")[0]
        return calls("say", {"text": f"It is {told.split('It is ')[1][:5]}, {other}.", "to": [other]})
    places = tools["move_to"]["properties"]["to"]["examples"] if "move_to" in tools else []
    if places and len(told) % 3:
        return calls("move_to", {"to": places[len(told) % len(places)]})
    return calls("wait", {"ticks": 10 + len(told) % 5})


@pytest.fixture
def stub() -> Iterator[StubModel]:
    """The stub on a loop of its own."""
    with on_a_loop_of_its_own(StubModel(reply=busybody)) as model:
        yield model


def test_a_replayed_cassette_gives_the_same_hash_without_a_model(
    start_town: Callable[..., Any], stub: StubModel, tmp_path: Path
) -> None:
    registry, tape = tmp_path / "models.yaml", tmp_path / "tape.jsonl"
    registry.write_text(MODELS.format(url=stub.url), encoding="utf-8")

    def live(*more: str) -> dict[str, Any]:
        lockstep = ("--lockstep", "--speed", "0", "--for-ticks", str(TICKS), "--seed", "7", "--residents", "4")
        town = start_town(*lockstep, "--model-minds", "3", "--models", str(registry), *more, ready=False)
        assert town.process.wait(200) == 0, town.lines
        found = dict(json.loads(town.cli("verify", "--json").stdout))
        assert found["ok"] is True
        return found

    recorded = live("--cassette", str(tape), "--cassette-mode", "record")
    asked = len(stub.asked)
    assert asked == len(tape.read_text(encoding="utf-8").splitlines()) > 10
    assert live("--cassette", str(tape))["hash"] == recorded["hash"]
    assert len(stub.asked) == asked
    stub.reply = lambda body: calls("plan" if "plan" in str(body["tools"][0]) else "wait", {"ticks": 60})
    assert live()["hash"] != recorded["hash"]
