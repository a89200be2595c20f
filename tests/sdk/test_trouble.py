"""Manners under trouble: junk, doubles, floods, slow handlers, limits, and a line that cuts, delays and slices."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

import mqttown.agent
import mqttown.link
import mqttown.me
from mqttown import Agent, Credentials, HeardMessage, Me, Observation, RateLimited
from mqttown_contract import topics
from mqttown_contract.types import MAX_UNDECIDED

Live = Callable[[Agent], asyncio.Task[None]]


class Bend:
    """A proxy that hands bytes on in small slices with small delays, and cuts when it is told to; all by a seed."""

    def __init__(self, target: int, seed: int) -> None:
        self._target = target
        self._luck = random.Random(seed)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0

    async def open(self) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def close(self) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        except ConnectionError:
            self.cut()
        finally:
            writer.transport.abort()
            back.transport.abort()
            self._writers -= {writer, back}

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(4096):
            at = 0
            while at < len(data):
                length = self._luck.choice((1, 2, 3, 7, 64, 700))
                sink.write(data[at : at + length])
                await sink.drain()
                at += length
                if self._luck.random() < 0.05:
                    await asyncio.sleep(self._luck.random() * 0.01)
        sink.transport.abort()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what takes seconds take fractions of them."""
    monkeypatch.setattr(mqttown.me, "RESEND_SECONDS", 0.4)
    monkeypatch.setattr(mqttown.me, "HELLO_SECONDS", 0.1)
    monkeypatch.setattr(mqttown.agent, "GAP_SECONDS", 0.2)
    monkeypatch.setattr(mqttown.link, "FIRST_DELAY", 0.1)


@pytest.fixture
async def bend(credentials: Credentials) -> AsyncIterator[Bend]:
    line = Bend(credentials.port, seed=7)
    yield line
    await line.close()


class Judge:
    """A town that decides each id once, and gives the same verdict again."""

    def __init__(self, script: Any) -> None:
        self.script = script
        self.effects: list[str] = []
        self.sent: Counter[str] = Counter()
        self._verdicts: dict[str, str] = {}

    async def hellos(self) -> None:
        while True:
            await self.script.next("hello", 60)
            await self.script.observe(1, seq=1)

    async def actions(self) -> None:
        while True:
            action = await self.script.next("action", 60)
            self.sent[action["id"]] += 1
            if action["id"] not in self._verdicts:
                self.effects.append(action["id"])
                self._verdicts[action["id"]] = f"e-3-{len(self.effects)}"
            await self.script.judge(action, events=[self._verdicts[action["id"]]])


async def test_over_a_bad_line_every_action_has_one_effect_and_its_own_verdict(
    credentials: Credentials, script: Any, live: Live, bend: Bend, soon: None
) -> None:
    agent = Agent(credentials=replace(credentials, port=await bend.open()))
    life, judge = live(agent), Judge(script)
    serving = [asyncio.create_task(judge.hellos()), asyncio.create_task(judge.actions())]
    async with asyncio.timeout(60):
        while agent.me._link is None or not agent.me._link.connected:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        verdicts = []
        for number in range(24):
            verdicts.append(await agent.me.do("say", text=f"{number} " + "word " * 200))
            if number in {5, 13}:
                bend.cut()
    for task in serving:
        task.cancel()
    await asyncio.wait(serving)
    assert [verdict.action_id for verdict in verdicts] == judge.effects, "each once, and in order"
    assert [verdict.events[0] for verdict in verdicts] == [f"e-3-{number}" for number in range(1, 25)]
    assert bend.connections == 3
    assert not life.done()


async def test_a_storm_of_refused_connections_is_met_with_growing_spread_pauses(
    credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        pauses.append((low, high))
        return 0.0

    monkeypatch.setattr(mqttown.link.random, "uniform", uniform)
    link = mqttown.link.Link(credentials.address, client_id="storm")
    link.connections = 1  # it was connected once, so this is no first try
    tries = 0

    async def fail() -> None:
        nonlocal tries
        tries += 1
        if tries == 8:
            raise mqttown.link.Refused("enough")
        raise mqttown.link.MqttError("refused")

    monkeypatch.setattr(link, "_hold", fail)
    with pytest.raises(mqttown.link.Refused):
        await link._connect_again_and_again()
    assert all(low == 1.0 for low, _ in pauses), "a broker holds back who returns within a second"
    assert [high for _, high in pauses] == [3.0, 5.0, 9.0, 17.0, 31.0, 31.0, 31.0], "so 10,000 do not come back at once"


async def test_junk_does_not_end_a_life(
    credentials: Credentials, script: Any, live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    agent = Agent(credentials=credentials)
    seen: asyncio.Queue[int] = asyncio.Queue()

    @agent.on_observation
    async def look(_me: Me, observation: Observation) -> None:
        seen.put_nowait(observation.tick)

    life = live(agent)
    await script.welcome(1)
    for channel in ("observation", "verdict", "notice", "memory"):
        for payload in (b"", b"{", b"[1]", b"\xff\x00", b'{"seq": "one"}', b"[" * 2000):
            await script._link.publish(topics.agent_in("tiny", "ranta", script.agent, channel), payload)
    await script._link.publish(f"{topics.agent_in('tiny', 'ranta', script.agent, 'observation')[:-11]}novelty", b"{}")
    await script.observe(2)
    async with asyncio.timeout(5):
        assert [await seen.get(), await seen.get()] == [1, 2]
    assert not life.done()
    assert caplog.text.count("is not as the contract says") == 25


async def test_what_comes_twice_is_handed_on_once(credentials: Credentials, script: Any, live: Live) -> None:
    agent = Agent(credentials=credentials)
    seen: asyncio.Queue[int] = asyncio.Queue()

    @agent.on_observation
    async def look(_me: Me, observation: Observation) -> None:
        seen.put_nowait(observation.tick)

    live(agent)
    await script.welcome(1)
    async with asyncio.timeout(5):
        assert await seen.get() == 1
        await script.observe(1, seq=1)
        await script.observe(2)
        assert await seen.get() == 2
        await script.observe(2, seq=2)
        await script.observe(3)
        assert await seen.get() == 3, "neither the first nor the second was handed on again"


async def test_a_stuck_handler_grows_no_queue(
    credentials: Credentials, script: Any, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqttown.agent, "HEARD_KEPT", 16)
    agent = Agent(credentials=credentials)
    agent._heard = type(agent._heard)(maxlen=16)
    stuck, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()
    ticks: list[int] = []
    heard: list[str] = []

    @agent.on_message
    async def hear(_me: Me, message: HeardMessage) -> None:
        heard.append(message.text)

    @agent.on_observation
    async def look(_me: Me, observation: Observation) -> None:
        ticks.append(observation.tick)
        stuck.set()
        await go_on.wait()
        if observation.tick == 101:
            done.set()

    live(agent)
    await script.welcome(1)
    await stuck.wait()
    for tick in range(2, 102):
        await script.observe(tick, words=((f"e-{tick}-1", f"word {tick}"),))
    async with asyncio.timeout(10):
        while agent.me._since != 101:  # noqa: ASYNC110  the last one is in
            await asyncio.sleep(0.02)
        assert len(agent._heard) == 16
        assert len(agent._known) == 16
        go_on.set()
        await done.wait()
    assert ticks == [1, 101]
    assert heard == [f"word {tick}" for tick in range(86, 102)], "the newest words, in order"


async def test_never_more_than_eight_are_undecided(credentials: Credentials, script: Any, live: Live) -> None:
    agent = Agent(credentials=credentials)
    live(agent)
    await script.welcome()
    doing = [asyncio.create_task(agent.me.do("wait", ticks=number + 1)) for number in range(12)]
    sent = [await script.next("action") for _ in range(MAX_UNDECIDED)]
    with pytest.raises(TimeoutError):
        await script.next("action", 0.3)
    for number in range(4):
        await script.judge(sent[number])
        sent.append(await script.next("action"))
    for action in sent[4:]:
        await script.judge(action)
    verdicts = await asyncio.gather(*doing)
    assert [verdict.action_id for verdict in verdicts] == [action["id"] for action in sent]
    assert [action["parameters"]["ticks"] for action in sent] == list(range(1, 13)), "in the order in which they were begun"


async def test_after_rate_limited_nothing_is_sent_before_its_time(credentials: Credentials, script: Any, live: Live) -> None:
    agent = Agent(credentials=credentials)
    live(agent)
    await script.welcome()
    doing = asyncio.create_task(agent.me.do("wait"))
    await script.judge(await script.next("action"), status="rejected", code="rate_limited", detail="too many", retry_after=0.6)
    with pytest.raises(RateLimited):
        await doing
    loop = asyncio.get_running_loop()
    told = loop.time()
    doing = asyncio.create_task(agent.me.do("wait"))
    action = await script.next("action")
    assert loop.time() - told >= 0.55
    await script.judge(action, status="rejected", code="rate_limited", detail="too many", retry_after=300)
    with pytest.raises(RateLimited):
        await doing
    with pytest.raises(RateLimited, match="too many"):
        await agent.me.do("wait", patience=5)
    assert script.waiting("action") == 0, "refused here, without asking"


async def test_a_life_that_ends_leaves_no_task_behind(credentials: Credentials, script: Any, soon: None) -> None:
    before = asyncio.all_tasks()
    agent = Agent(credentials=credentials)

    @agent.on_observation
    async def look(me: Me, _seen: Observation) -> None:
        await me.do("wait")

    life = asyncio.create_task(agent.live())
    await script.welcome()
    await script.next("action")
    await script.observe(2, seq=9)  # a gap, so that a hello is on its way
    await script.next("action")
    life.cancel()
    await asyncio.wait({life})
    assert life.cancelled()
    assert await script.next("status") == {"status": "offline", "session": agent.me.session}
    await asyncio.sleep(0)
    after = asyncio.all_tasks()
    assert [task.get_name() for task in after if script.agent in task.get_name() and "town-of" not in task.get_name()] == []
    assert len(after) == len(before), "nor one without a name; the script's own are as many as before"


async def test_a_life_that_is_cut_off_is_told_by_its_will(credentials: Credentials, script: Any, live: Live, bend: Bend) -> None:
    agent = Agent(credentials=replace(credentials, port=await bend.open()))
    life = live(agent)
    await script.welcome()
    bend.cut()
    assert await script.next("status") == {"status": "offline", "session": agent.me.session}
    assert not life.done()
