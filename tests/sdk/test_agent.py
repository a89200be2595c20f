"""An agent over a real broker against a scripted town: verdicts, resends, gaps, generations, lockstep."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import mqttown.agent
import mqttown.me
from mqttown import (
    Agent,
    AgentError,
    BadParameters,
    Credentials,
    HeardMessage,
    Me,
    Notice,
    NoVerdict,
    Observation,
    RateLimited,
    Rejected,
    Verdict,
)
from mqttown.rejections import rejection
from mqttown_contract.errors import Code

Live = Callable[[Agent], asyncio.Task[None]]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what takes seconds take fractions of them."""
    monkeypatch.setattr(mqttown.me, "RESEND_SECONDS", 0.4)
    monkeypatch.setattr(mqttown.me, "HELLO_SECONDS", 0.1)
    monkeypatch.setattr(mqttown.agent, "GAP_SECONDS", 0.2)


@pytest.fixture
async def acting(credentials: Credentials, script: Any, live: Live) -> Me:
    """The acting side of an agent that lives and has been welcomed; its observations lead to nothing."""
    agent = Agent(credentials=credentials)
    welcomed = asyncio.Event()

    @agent.on_observation
    async def look(_me: Me, _seen: Observation) -> None:
        welcomed.set()

    live(agent)
    await script.welcome()
    async with asyncio.timeout(5):
        await welcomed.wait()
    return agent.me


async def test_do_returns_the_verdict(acting: Me, script: Any) -> None:
    doing = asyncio.create_task(acting.do("say", text="Hei", to=["otto"], reasoning="I like him", expires_tick=9))
    action = await script.next("action")
    assert action["action"] == "say"
    assert action["parameters"] == {"text": "Hei", "to": ["otto"]}
    assert (action["reasoning"], action["expires_tick"]) == ("I like him", 9)
    assert action["observation_id"] == "o-1-1"
    await script.judge(action)
    verdict = await doing
    assert isinstance(verdict, Verdict)
    assert (verdict.status, verdict.events, verdict.action_id) == ("accepted", ["e-3-0"], action["id"])


async def test_a_rejection_is_typed_and_carries_its_hints(acting: Me, script: Any) -> None:
    doing = asyncio.create_task(acting.do("say", text=7))
    action = await script.next("action")
    hints = {"path": "parameters.text", "allowed": {"type": "string"}, "detail": "parameters.text: no string"}
    await script.judge(action, status="rejected", code="bad_parameters", events=[], **hints)
    with pytest.raises(BadParameters, match=r"bad_parameters \(parameters.text\): .*; allowed: \{'type': 'string'\}") as caught:
        await doing
    assert (caught.value.path, caught.value.allowed, caught.value.retry_after) == ("parameters.text", {"type": "string"}, None)

    doing = asyncio.create_task(acting.do("wait"))
    await script.judge(await script.next("action"), status="rejected", code="rate_limited", detail="too many", retry_after=2.5)
    with pytest.raises(RateLimited) as limited:
        await doing
    assert limited.value.retry_after == 2.5


def test_each_code_has_its_exception() -> None:
    found = {}
    for code in Code:
        verdict = Verdict(generation=1, seq=1, action_id="a", agent_id="mira", tick=1, status="rejected", code=code, detail="no")
        found[code] = type(rejection(verdict))
    assert len(set(found.values())) == len(Code)
    assert all(issubclass(kind, Rejected) and kind is not Rejected for kind in found.values())


@pytest.mark.usefixtures("soon")
async def test_without_a_verdict_it_is_sent_again_with_the_same_id(acting: Me, script: Any) -> None:
    doing = asyncio.create_task(acting.do("wait"))
    first = await script.next("action")
    assert await script.next("action") == first
    assert await script.next("action") == first
    await script.judge(first)
    assert (await doing).status == "accepted"


@pytest.mark.usefixtures("soon")
async def test_patience_ends(acting: Me, script: Any) -> None:
    with pytest.raises(NoVerdict, match=r"no verdict on wait within 0.2 s"):
        await acting.do("wait", patience=0.2)
    late = await script.next("action")
    await script.judge(late)
    doing = asyncio.create_task(acting.do("wait"))
    second = await script.next("action")
    assert second["id"] != late["id"]
    await script.judge(second)
    assert (await doing).action_id == second["id"]


async def test_a_new_generation_is_greeted_and_gets_what_was_undecided(acting: Me, script: Any) -> None:
    await script.status()
    doing = asyncio.create_task(acting.do("wait"))
    action = await script.next("action")
    script.generation = 2
    await script.status()
    assert await script.next("action", 2) == action, "at once, not after five seconds"
    assert (await script.welcome(4))["since_tick"] == 1
    await script.judge(action)
    assert (await doing).generation == 2
    script.generation = 1
    await script.status()
    script.generation = 2
    await script.status()
    doing = asyncio.create_task(acting.do("wait"))
    await script.judge(await script.next("action"))
    await doing
    assert script.waiting("hello") == 0, "a status of a lower generation is void, and an equal one no news"


@pytest.mark.usefixtures("soon")
async def test_a_gap_is_closed_by_hello_and_nothing_is_heard_twice(credentials: Credentials, script: Any, live: Live) -> None:
    agent = Agent(credentials=credentials)
    heard: asyncio.Queue[str] = asyncio.Queue()

    @agent.on_message
    async def hear(_me: Me, message: HeardMessage) -> None:
        heard.put_nowait(message.text)

    live(agent)
    assert "since_tick" not in await script.welcome(5, words=(("e-5-1", "one"),))
    await script.observe(9, seq=3, words=(("e-9-1", "three"),))
    hello = await script.next("hello")
    assert hello["since_tick"] == 5, "what was told before the gap is known, and what came after it is not enough"
    await script.observe(9, seq=1, words=(("e-7-1", "two"), ("e-9-1", "three")))
    await script.observe(10, words=(("e-10-1", "four"),))
    async with asyncio.timeout(5):
        assert [await heard.get() for _ in range(4)] == ["one", "three", "two", "four"]
    assert script.waiting("hello") == 0


@pytest.mark.usefixtures("soon")
async def test_messages_out_of_order_are_no_gap(acting: Me, script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqttown.agent, "GAP_SECONDS", 0.5)
    await script.observe(2, seq=3)
    await script.observe(2, seq=2)
    with pytest.raises(TimeoutError):
        await script.next("hello", 0.8)
    assert acting.observation is not None


@pytest.mark.usefixtures("soon")
async def test_a_hello_without_an_answer_is_said_again(credentials: Credentials, script: Any, live: Live) -> None:
    live(Agent(credentials=credentials))
    first = await script.next("hello")
    assert await script.next("hello") == first
    await script.welcome()
    with pytest.raises(TimeoutError):
        await script.next("hello", 0.8)


async def test_newer_observations_replace_each_other_while_a_handler_runs(
    credentials: Credentials, script: Any, live: Live
) -> None:
    agent = Agent(credentials=credentials)
    ticks: list[int] = []
    heard: list[str] = []
    go_on, last = asyncio.Event(), asyncio.Event()

    @agent.on_message
    async def hear(_me: Me, message: HeardMessage) -> None:
        heard.append(message.text)

    @agent.on_observation
    async def think(me: Me, seen: Observation) -> None:
        ticks.append(seen.tick)
        await go_on.wait()
        if seen.tick == 4:
            last.set()

    life = live(agent)
    await script.welcome(1)
    for tick in (2, 3, 4):
        await script.observe(tick, words=((f"e-{tick}-1", f"word {tick}"),))
    doing = asyncio.create_task(agent.me.do("wait"))  # its verdict comes after the observations, so these are in
    await script.judge(await script.next("action"))
    await doing
    go_on.set()
    async with asyncio.timeout(5):
        await last.wait()
    assert ticks == [1, 4]
    assert heard == ["word 2", "word 3", "word 4"], "words are not lost with the observations that told them"
    assert not life.done()


async def test_in_lockstep_each_observation_is_answered_once(credentials: Credentials, script: Any, live: Live) -> None:
    agent = Agent(credentials=credentials, lockstep=True)

    @agent.on_observation
    async def think(me: Me, seen: Observation) -> None:
        if seen.tick == 2:
            await me.do("say", text="two")

    live(agent)
    assert (await script.welcome(1))["lockstep"] is True
    for tick, expected in ((1, "wait"), (2, "say"), (3, "wait")):
        if tick > 1:
            await script.observe(tick)
        action = await script.next("action")
        assert (action["action"], action["observation_id"]) == (expected, f"o-{tick}-{script.seq}")
        await script.judge(action)
    assert script.waiting("action") == 0


async def test_a_rejected_wait_does_not_end_a_lockstep_life(credentials: Credentials, script: Any, live: Live) -> None:
    life = live(Agent(credentials=credentials, lockstep=True))
    await script.welcome(1)
    await script.judge(await script.next("action"), status="rejected", code="quarantined", detail="held", retry_after=60)
    await script.observe(2)
    assert (await script.next("action"))["action"] == "wait"
    assert not life.done()


async def test_a_mistake_in_a_handler_is_logged_and_life_goes_on(
    credentials: Credentials, script: Any, live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    agent = Agent(credentials=credentials)

    @agent.on_observation
    async def think(me: Me, seen: Observation) -> None:
        if seen.tick == 1:
            raise ZeroDivisionError
        await me.do("wait")

    live(agent)
    await script.welcome(1)
    await script.observe(2)
    assert (await script.next("action"))["action"] == "wait"
    assert "a handler failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_notice_handler_may_act(credentials: Credentials, script: Any, live: Live) -> None:
    agent = Agent(credentials=credentials)
    done = asyncio.Event()

    @agent.on_notice
    async def read(me: Me, notice: Notice) -> None:
        assert notice.code == "moderation"
        await me.do("wait")
        done.set()

    live(agent)
    await script.welcome()
    await script.notice("moderation", "mind your words")
    await script.judge(await script.next("action"))
    async with asyncio.timeout(5):
        await done.wait()


async def test_memory_is_asked_and_answers(acting: Me, script: Any) -> None:
    asking = asyncio.create_task(acting.recall("what did otto say", k=3, kinds=["message"], tick=7))
    asked = await script.next("memory")
    expected = {"op": "recall", "query": "what did otto say", "k": 3, "kinds": ["message"], "tick": 7}
    assert asked == {"id": asked["id"], **expected}
    memory = {
        "id": "m-1",
        "kind": "message",
        "text": "Hei",
        "tick": 1,
        "score": 0.9,
        "recency": 1,
        "importance": 1,
        "relevance": 0.7,
    }
    await script.remember({"id": asked["id"], "memories": [memory]})
    assert [found.text for found in await asking] == ["Hei"]

    keeping = asyncio.create_task(acting.remember("otto likes tea", importance=0.6))
    asked = await script.next("memory")
    assert (asked["op"], asked["importance"], asked["kind"]) == ("remember", 0.6, "note")
    await script.remember({"id": asked["id"], "code": "bad_parameters", "path": "text", "detail": "too long"})
    with pytest.raises(AgentError, match=r"bad_parameters \(text\): too long"):
        await keeping


async def test_a_leaving_agent_says_so(credentials: Credentials, script: Any, live: Live) -> None:
    agent = Agent(credentials=credentials)
    life = live(agent)
    await script.welcome()
    life.cancel()
    await asyncio.wait({life})
    assert await script.next("status") == {"status": "offline", "session": agent.me.session}


async def test_acting_before_life_has_begun_is_told(credentials: Credentials) -> None:
    with pytest.raises(AgentError, match="not connected yet"):
        await Agent(credentials=credentials).me.do("wait")
