"""One trace from the observation to the memory of a listener, told by `mqttown trace`."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.town, pytest.mark.timeout(120)]
WITHIN_SECONDS = 20


@pytest.fixture(scope="module", autouse=True)
def quick(town: Any) -> None:
    """Ten ticks a second, so that answers come soon."""
    town.cli("speed", "600")


def story_of(town: Any, action: str, agent: str, complete: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
    """The story as JSON, once it is complete: memories are stored behind the ticks."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while True:
        story: dict[str, Any] = json.loads(town.cli("trace", action, "--agent", agent, "--json").stdout)
        if complete(story) or time.monotonic() > deadline:
            return story
        time.sleep(0.2)


def test_a_rumour_is_followed_from_the_observation_to_those_who_heard_it(
    town: Any, connect: Callable[[dict[str, Any]], Any]
) -> None:
    ella, nils = (connect(town.new_agent(name, "--district", "kluuvi")) for name in ("ella", "nils"))
    nils.hello()
    seen = ella.hello()
    for one in (ella, nils):  # into the same building
        assert one.act("go", "move_to", {"to": "esplanadinpuisto"})["status"] == "accepted"
    for one in (ella, nils):
        one.expect("observation", lambda told: told["observation"]["location"]["building"] == "esplanadinpuisto", 60)
    span = seen["traceparent"].split("-")
    mine = f"{span[0]}-{span[1]}-00000000000000aa-{span[3]}"
    told = ella.act(
        "rumour",
        "say",
        {"text": "The fountain sings [at night]."},
        observation_id=seen["id"],
        reasoning="he asked",
        traceparent=mine,
    )
    assert (told["status"], told["traceparent"]) == ("accepted", mine)
    heard = nils.expect("observation", lambda one: told["events"][0] in [said["event"] for said in one["observation"]["messages"]])
    assert heard
    on = nils.act("pass", "say", {"text": "She says that it sings.", "about": told["events"]})
    assert on["status"] == "accepted"

    story = story_of(town, "rumour", "ella", lambda story: len({one["agent"] for one in story["memories"]} & {"ella", "nils"}) == 2)
    assert story["trace_id"] == span[1], "the trace that the observation began"
    assert story["observation"] == seen["id"]
    assert (story["action"]["action"], story["action"]["reasoning"], story["action"]["status"]) == ("say", "he asked", "accepted")
    assert story["tick"]["tick"] == told["tick"]
    assert story["events"][0]["id"] == told["events"][0]
    assert {"ella", "nils"} <= set(story["events"][0]["witnesses"])
    remembered = {one["agent"]: one["text"] for one in story["memories"]}
    assert "The fountain sings" in remembered["nils"]
    assert [(one["agent"], one["id"]) for one in story["passed_on"]] == [("nils", on["events"][0])]

    words = town.cli("trace", "rumour", "--agent", "ella").stdout
    for part in (span[1], seen["id"], "because: he asked", "accepted", "[at night]", "nils remembers", "passed on by nils"):
        assert part in words


def test_a_refusal_has_a_story_too_and_the_trace_of_its_observation(town: Any, connect: Callable[[dict[str, Any]], Any]) -> None:
    agent = connect(town.new_agent("olof"))
    seen = agent.hello()
    assert agent.act("no", "move_to", {"to": "atlantis"}, observation_id=seen["id"])["code"] == "not_possible"
    story = story_of(town, "no", "olof")
    assert story["trace_id"] == seen["traceparent"].split("-")[1], "it carried none of its own"
    assert (story["action"]["code"], story["action"]["path"], story["events"]) == ("not_possible", "parameters.to", [])
    assert "rejected: not_possible (parameters.to)" in town.cli("trace", "no", "--agent", "olof").stdout


def test_what_has_no_story_is_told(town: Any, connect: Callable[[dict[str, Any]], Any]) -> None:
    done = town.cli("trace", "never-sent", check=False)
    assert done.returncode == 1
    assert "no decided action 'never-sent'" in done.stderr
    for name in ("anna", "bert"):
        agent = connect(town.new_agent(name))
        agent.hello()
        agent.act("same", "wait")
    done = town.cli("trace", "same", check=False)
    assert "'same' was used by anna, bert; --agent chooses one" in done.stderr
