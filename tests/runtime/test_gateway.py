"""The gateway against a stub model server and a real ledger: routing, faults, budgets, cassette, keys."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import openai  # noqa: F401  heavy: not to be read within the time limit of the first call
import pytest
from cryptography.fernet import Fernet
from stub_model import Fault, StubModel, calls, says

from mqttown_runtime.gateway.budget import Budgets, Caps, Holder
from mqttown_runtime.gateway.cassette import Cassette
from mqttown_runtime.gateway.gateway import Gateway, Told
from mqttown_runtime.gateway.keys import KeyLost, Keys
from mqttown_runtime.gateway.ledger import Ledger
from mqttown_runtime.gateway.registry import Registry, Tiers
from mqttown_runtime.gateway.request import Ask, most_tokens_in

MIRA, ANNA = Holder("agent", "mira"), Holder("owner", "anna")
RICH = Caps(total_money=10**9)


def most_in(ask: Ask) -> int:
    return most_tokens_in({"messages": list(ask.messages)})


def registry(*stubs: StubModel, timeout: float = 5.0, price: int = 1_000_000, at_once: int = 4) -> Registry:
    names = [f"m{number}" for number in range(len(stubs))]
    providers = {
        f"p{number}": {"base_url": stub.url, "timeout_seconds": timeout, "at_once": at_once} for number, stub in enumerate(stubs)
    }
    models = {
        name: {"provider": f"p{number}", "name": name, "context": 8192, "price_in": price, "price_out": 2 * price}
        for number, name in enumerate(names)
    }
    return Registry.model_validate(
        {"version": 1, "providers": providers, "models": models, "tiers": {"full": names, "small": names, "tiny": names[-1:]}}
    )


def ask(number: int = 1, agent: str = "mira", text: str = "What now?", **more: Any) -> Ask:
    return Ask(agent, f"r-{number}", [{"role": "user", "content": text}], **more)


class Desk:
    """A gateway with its ledger, and what it told."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.ledger = Ledger(pool)
        self.budgets = Budgets()
        self.told: list[Told] = []
        self.gateway: Gateway

    async def tell(self, told: Told) -> None:
        self.told.append(told)

    async def open(
        self, models: Registry, key_of: Callable[[str, str], Awaitable[str | None]] | None = None, **more: Any
    ) -> Gateway:
        async def none(_owner: str, _provider: str) -> str | None:
            return None

        await self.ledger.open(self.budgets)
        self.gateway = Gateway(models, self.ledger, self.budgets, key_of or none, self.tell, first_wait=0.001, **more)
        await self.gateway.apply({MIRA: RICH}, {})
        return self.gateway

    async def calls(self) -> list[Any]:
        return list(await self.pool.fetch("SELECT * FROM runtime.calls ORDER BY n"))


@pytest.fixture
async def desk(postgres_url: str) -> AsyncIterator[Desk]:
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=4) as pool:
        opened = Desk(pool)
        yield opened
        if hasattr(opened, "gateway"):
            await opened.gateway.close()


@pytest.fixture
async def stub() -> AsyncIterator[StubModel]:
    async with StubModel().serving() as serving:
        yield serving


async def test_a_thought_and_what_is_written_of_it(desk: Desk, stub: StubModel) -> None:
    stub.reply = lambda _: calls("say", {"text": "Hei"}, tokens_in=120, tokens_out=30)
    gateway = await desk.open(registry(stub))
    thought = await gateway.think(ask(tick=42, trace="00-aa"))
    assert thought.code is None
    assert thought.tool_calls[0]["function"] == {"name": "say", "arguments": '{"text": "Hei"}'}
    assert thought.usage == {"tokens_in": 120, "tokens_out": 30, "cost": 180}
    (call,) = await desk.calls()
    assert (call["state"], call["cost"], call["tick"], call["trace"], call["model"]) == ("done", 180, 42, "00-aa", "m0")
    assert call["latency_ms"] >= 0
    assert len(call["prompt_hash"]) == len(call["request_hash"]) == 64
    assert stub.cost == 180 == desk.budgets.spent(MIRA, "total").money


@pytest.mark.parametrize(
    ("fault", "asked", "state"),
    [
        (Fault(429, {"retry-after": "0"}), 2, "failed"),
        (Fault(500), 2, "failed"),
        (Fault(raw=b"{oh no"), 2, "unknown"),
        (Fault(raw=b'{"choices": "wrong"}'), 2, "unknown"),
        (Fault(raw=b'{"choices": [{"message": {"content": 7}}]}'), 2, "unknown"),
    ],
)
async def test_what_passes_is_tried_again(desk: Desk, stub: StubModel, fault: Fault, asked: int, state: str) -> None:
    stub.faults.append(fault)
    gateway = await desk.open(registry(stub))
    assert (await gateway.think(ask())).code is None
    assert len(stub.asked) == asked
    assert [call["state"] for call in await desk.calls()] == [state, "done"]
    assert desk.budgets.spent(MIRA, "total").held_money == 0


async def test_three_failures_fall_back_to_the_next_model(desk: Desk, stub: StubModel) -> None:
    async with StubModel().serving() as broken:
        broken.faults.extend([Fault(503)] * 3)
        gateway = await desk.open(registry(broken, stub))
        thought = await gateway.think(ask())
    assert (thought.model, len(broken.asked), len(stub.asked)) == ("m1", 3, 1)


async def test_what_does_not_fit_a_models_context_is_not_sent_to_it(desk: Desk, stub: StubModel) -> None:
    async with StubModel(reply=lambda _: says("From afar.")).serving() as roomy:
        models = registry(stub, roomy)
        small = models.models["m0"].model_copy(update={"context": 1000})
        gateway = await desk.open(models.model_copy(update={"models": {**models.models, "m0": small}}))
        text = "word " * 400  # 2000 bytes: some 700 tokens at three bytes each
        assert (await gateway.think(ask(1, text=text, max_tokens=200))).message == {"role": "assistant", "content": "Hello."}
        assert (await gateway.think(ask(2, text=text, max_tokens=400))).message == {"role": "assistant", "content": "From afar."}
        assert (len(stub.asked), len(roomy.asked)) == (1, 1)
        lost = await gateway.think(ask(3, text=text * 20, max_tokens=400))
        assert (lost.code, len(stub.asked), len(roomy.asked)) == ("provider_error", 1, 1)
        told = r"about 13\d\d\d tokens of prompt and up to 400 of answer do not fit into the 8192 of m1"
        assert re.fullmatch(told, lost.detail or ""), lost.detail
        wanted = [("m0", "done"), ("m0", "refused"), ("m1", "done"), ("m0", "refused"), ("m1", "refused")]
        rows = await desk.calls()
        assert [(call["model"], call["state"]) for call in rows] == wanted
        assert [(call["cost"], call["tokens"]) for call in rows if call["state"] == "refused"] == [(0, 0)] * 3
        assert rows[-1]["detail"] == lost.detail
    assert desk.budgets.spent(MIRA, "total").tokens == sum(call["tokens"] for call in rows)


async def test_nobody_answers(desk: Desk, stub: StubModel) -> None:
    stub.faults.extend([Fault(500)] * 3)
    gateway = await desk.open(registry(stub))
    thought = await gateway.think(ask())
    assert (thought.code, thought.message) == ("provider_error", None)
    assert thought.detail is not None
    assert "500" in thought.detail
    assert desk.budgets.spent(MIRA, "total").money == 0


async def test_a_silent_provider_times_out_and_counts_as_its_upper_bound(desk: Desk, stub: StubModel) -> None:
    stub.faults.append(Fault(hang=True))
    gateway = await desk.open(registry(stub, timeout=0.2))
    wanted = ask()
    assert (await gateway.think(wanted)).code == "timeout"
    await gateway.close()
    (call,) = await desk.calls()
    assert (call["state"], call["tokens"]) == ("unknown", most_in(wanted) + 200)
    assert desk.budgets.spent(MIRA, "total").money == call["cost"] > 0


async def test_an_endless_answer_is_cut_off(desk: Desk, stub: StubModel) -> None:
    stub.faults.append(Fault(endless=True))
    gateway = await desk.open(registry(stub))
    thought = await gateway.think(ask())
    assert thought.code == "provider_error"
    assert thought.detail is not None
    assert "longer than" in thought.detail


async def test_a_broken_provider_is_left_alone_for_a_while(desk: Desk, stub: StubModel) -> None:
    stub.faults.extend([Fault(500)] * 9)
    gateway = await desk.open(registry(stub))
    for number in range(4):
        assert (await gateway.think(ask(number))).code == "provider_error"
    assert len(stub.asked) == 5


async def test_a_refused_key_is_not_tried_again_and_opens_nothing(desk: Desk, stub: StubModel) -> None:
    stub.faults.extend([Fault(401)] * 6)
    gateway = await desk.open(registry(stub))
    for number in range(6):
        thought = await gateway.think(ask(number))
        assert thought.detail == "m0: the provider will not have this key"
    assert (await gateway.think(ask(7))).code is None


async def test_spending_stops_at_the_cap_and_the_agent_sleeps(desk: Desk, stub: StubModel) -> None:
    gateway = await desk.open(registry(stub))
    bound = most_in(ask()) + 2 * 200
    await gateway.apply({MIRA: Caps(total_money=1000)}, {})
    thoughts = [await gateway.think(ask(number)) for number in range(1, 10)]
    answered = [thought for thought in thoughts if thought.code is None]
    assert len(answered) == (1000 - bound) // 120 + 1 == len(stub.asked)
    assert stub.cost == desk.budgets.spent(MIRA, "total").money <= 1000
    assert (thoughts[-1].code, thoughts[-1].asleep) == ("budget", True)
    assert [told.asleep for told in desk.told] == [True]
    await gateway.apply({MIRA: Caps(total_money=10_000)}, {})
    assert [told.asleep for told in desk.told] == [True, False]
    assert (await gateway.think(ask(20))).code is None


async def test_many_at_once_never_pass_the_cap(desk: Desk, stub: StubModel) -> None:
    stub.latency = 0.01
    gateway = await desk.open(registry(stub, at_once=50))
    owners = {f"a{number}": "anna" for number in range(40)}
    await gateway.apply({ANNA: Caps(day_money=5000), **{Holder("agent", agent): RICH for agent in owners}}, dict(owners))
    thoughts = await asyncio.gather(*(gateway.think(ask(1, agent)) for agent in owners))
    assert stub.cost <= 5000
    assert stub.most_at_once > 1
    assert {thought.code for thought in thoughts} == {None, "budget"}
    assert sum(call["cost"] for call in await desk.calls()) == stub.cost == desk.budgets.spent(ANNA, "day").money


async def test_at_eighty_percent_the_agent_is_told(desk: Desk, stub: StubModel) -> None:
    gateway = await desk.open(registry(stub))
    await gateway.apply({MIRA: Caps(total_tokens=1000)}, {})
    stub.reply = lambda _: says("Yes.", tokens_in=500, tokens_out=310)
    await gateway.think(ask())
    assert [told.text.split(" of what ")[0] for told in desk.told] == ["81 %"]


async def test_a_pause_ends_a_call_and_lets_none_begin(desk: Desk, stub: StubModel) -> None:
    stub.faults.append(Fault(hang=True))
    gateway = await desk.open(registry(stub))
    thinking = asyncio.ensure_future(gateway.think(ask()))
    await stub.came.wait()
    await gateway.apply({MIRA: Caps(total_money=10**9, paused=True)}, {})
    assert (await thinking).code == "budget"
    for number in range(2, 6):
        assert (await gateway.think(ask(number))).code == "budget"
    assert len(stub.asked) == 1
    await gateway.apply({MIRA: RICH}, {})
    assert (await gateway.think(ask(9))).code is None
    assert len(stub.asked) == 2


async def test_the_owner_may_choose_routine(desk: Desk, stub: StubModel) -> None:
    gateway = await desk.open(registry(stub))
    await gateway.apply({MIRA: Caps(total_money=0, when_spent="routine")}, {})
    thought = await gateway.think(ask())
    assert (thought.code, thought.asleep, len(stub.asked)) == ("budget", False, 0)


async def test_what_was_spent_is_known_after_a_crash(desk: Desk, stub: StubModel) -> None:
    gateway = await desk.open(registry(stub))
    await gateway.think(ask())
    stub.faults.append(Fault(hang=True))
    stub.came.clear()
    lost = asyncio.ensure_future(gateway.think(ask(2)))
    await stub.came.wait()
    reborn = Budgets()
    await Ledger(desk.pool).open(reborn)
    assert reborn.spent(MIRA, "day").money == 120 + most_in(ask(2)) + 400
    lost.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await lost


async def test_a_newer_request_of_an_agent_replaces_the_older(desk: Desk, stub: StubModel) -> None:
    stub.faults.append(Fault(hang=True))
    gateway = await desk.open(registry(stub))
    old = asyncio.ensure_future(gateway.think(ask(1)))
    await stub.came.wait()
    assert (await gateway.think(ask(2))).code is None
    assert (await old).code == "timeout"


async def test_the_same_again_comes_from_the_cache(desk: Desk, stub: StubModel) -> None:
    gateway = await desk.open(registry(stub), cache=2)
    first, second = await gateway.think(ask(1)), await gateway.think(ask(2))
    assert (first.cached, second.cached, second.id, len(stub.asked)) == (False, True, "r-2", 1)
    assert first.message == second.message
    for text in ("a", "b"):
        await gateway.think(ask(3, text=text))
    assert (await gateway.think(ask(4))).cached is False
    assert [call["state"] for call in await desk.calls()] == ["done", "cached", "done", "done", "done"]


async def test_a_cassette_replays_answers_and_faults_without_a_provider(desk: Desk, stub: StubModel, tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    models = registry(stub)
    answers = iter(["one", "two"])
    stub.reply = lambda _: says(next(answers))
    with Cassette(tape, "record") as cassette:
        gateway = await desk.open(models, cassette=cassette)
        recorded = [await gateway.think(ask(number)) for number in (1, 2)]
        stub.faults.append(Fault(400))
        recorded.append(await gateway.think(ask(3, text="bad")))
        await gateway.close()
    asked = len(stub.asked)
    with Cassette(tape, "strict") as cassette:
        gateway = await desk.open(models, cassette=cassette)
        replayed = [await gateway.think(ask(1)), await gateway.think(ask(2)), await gateway.think(ask(3, text="bad"))]
        missing = await gateway.think(ask(4, text="new"))
    assert [thought.message for thought in replayed] == [thought.message for thought in recorded]
    assert [thought.code for thought in replayed] == [None, None, "provider_error"]
    assert missing.detail is not None
    assert "not on the cassette" in missing.detail
    assert len(stub.asked) == asked


async def test_owners_keys_are_used_and_never_shown(desk: Desk, stub: StubModel) -> None:
    await desk.ledger.open(desk.budgets)
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    keys = Keys(desk.pool, [old])
    shown = await keys.add("anna", "p0", "sk-secret-abcd")
    assert (shown.last_four, "secret" in repr(shown)) == ("abcd", False)
    token = await desk.pool.fetchval("SELECT token FROM runtime.keys")
    assert b"secret" not in token
    gateway = await desk.open(registry(stub), key_of=keys.plain)
    await gateway.apply({MIRA: RICH}, {"mira": "anna"})
    await gateway.think(ask())
    assert stub.keys == ["sk-secret-abcd"]

    both = Keys(desk.pool, [new, old])
    assert await both.rotate() == 1
    assert await Keys(desk.pool, [new]).plain("anna", "p0") == "sk-secret-abcd"
    with pytest.raises(KeyLost, match="anna"):
        await keys.plain("anna", "p0")
    assert await both.remove("anna", "p0")
    assert await both.shown("anna") == []
    with pytest.raises(ValueError, match="no key"):
        await both.add("anna", "p0", "has space in it")


async def test_a_key_can_be_tested(desk: Desk, stub: StubModel) -> None:
    gateway = await desk.open(registry(stub))
    assert await gateway.test_key("p0", "sk-good-1234") is None
    stub.faults.append(Fault(401))
    assert await gateway.test_key("p0", "sk-bad-12345") == "the provider will not have this key"
    assert stub.keys == ["sk-good-1234", "sk-bad-12345"]


async def test_calls_at_once_are_bounded(desk: Desk, stub: StubModel) -> None:
    stub.latency = 0.02
    gateway = await desk.open(registry(stub, at_once=3, price=0))
    await asyncio.gather(*(gateway.think(ask(1, f"a{number}")) for number in range(12)))
    assert len(stub.asked) == 12
    assert 1 < stub.most_at_once <= 3


def slowed(models: Registry, per_minute: int, timeout: float = 5.0) -> Registry:
    """The registry with a rate for its first provider."""
    first = models.providers["p0"].model_copy(update={"calls_per_minute": per_minute, "timeout_seconds": timeout})
    return models.model_copy(update={"providers": {**models.providers, "p0": first}})


async def test_calls_begin_no_faster_than_the_rate(desk: Desk, stub: StubModel) -> None:
    began: list[float] = []
    stub.reply = lambda _: began.append(time.monotonic()) or says("Yes.")  # type: ignore[func-returns-value]
    gateway = await desk.open(slowed(registry(stub, price=0), per_minute=1200))
    first = time.monotonic()
    thoughts = await asyncio.gather(*(gateway.think(ask(1, f"a{number}")) for number in range(5)))
    assert [thought.code for thought in thoughts] == [None] * 5
    assert began[-1] - first >= 4 * 0.05


async def test_whoever_finds_the_rate_used_up_asks_the_next_model_and_blames_nobody(desk: Desk, stub: StubModel) -> None:
    async with StubModel(reply=lambda _: says("From afar.")).serving() as other:
        gateway = await desk.open(slowed(registry(stub, other, price=0), per_minute=1, timeout=0.2))
        thoughts = [await gateway.think(ask(number)) for number in range(7)]
        assert [thought.code for thought in thoughts] == [None] * 7
        assert sum(thought.model == "m1" for thought in thoughts) >= 6
        await gateway.close()
        alone = await desk.open(slowed(registry(stub, price=0), per_minute=1, timeout=0.2))
        told = [(await alone.think(ask(number))).detail for number in range(7)]
    # Six in a row, and still it is the rate that is named: the provider is not taken for broken.
    assert told.count("m0: no more than 1 calls a minute may begin") >= 6


async def test_each_tier_has_models_of_its_own(desk: Desk, stub: StubModel) -> None:
    async with StubModel().serving() as large, StubModel().serving() as small:
        tiers = Tiers(full=["m0", "m1"], small=["m1"], tiny=["m2"])
        gateway = await desk.open(registry(large, small, stub).model_copy(update={"tiers": tiers}))
        answered = {tier: (await gateway.think(ask(1, tier=tier))).model for tier in ("full", "small", "tiny")}
        large.faults.append(Fault(400))
        assert (await gateway.think(ask(2, tier="full"))).model == "m1"
    assert answered == {"full": "m0", "small": "m1", "tiny": "m2"}


async def test_a_model_without_tools_is_held_to_a_schema_and_its_answer_is_a_call(stub: StubModel, desk: Desk) -> None:
    stub.reply = lambda _: says('{"action": "move_to", "parameters": {"to": "park"}}')
    one = registry(stub)
    model = one.models["m0"].model_copy(update={"calling": "schema"})
    gateway = await desk.open(one.model_copy(update={"models": {"m0": model}}))
    places = {"type": "string", "pattern": "^[a-z]+$", "examples": ["park", "cafe"]}
    words = {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": "^.*$"}
    tools = [
        tool("move_to", {"to": places}),
        tool("say", {"text": words, "to": {"type": "array", "items": places, "maxItems": 32}}),
    ]
    messages = [{"role": "system", "content": "You are Mira."}, {"role": "user", "content": "Well?"}]
    thought = await gateway.think(Ask("mira", "1", messages, tools))
    assert thought.tool_calls[0]["function"] == {"name": "move_to", "arguments": '{"to": "park"}'}
    assert thought.message == {"role": "assistant", "content": None}
    told = stub.asked[0]
    assert "tools" not in told
    assert "- move_to: Do it. Parameters: to: one of park, cafe." in told["messages"][1]["content"]
    moving, saying = told["response_format"]["json_schema"]["schema"]["anyOf"]
    assert moving["properties"]["parameters"]["properties"]["to"] == {"type": "string", "enum": ["park", "cafe"]}
    assert saying["properties"]["parameters"]["properties"]["text"] == {"type": "string", "minLength": 1, "maxLength": 120}
    assert saying["properties"]["parameters"]["properties"]["to"]["maxItems"] == 4
    stub.reply = lambda _: says('{"action": "mo')
    thought = await gateway.think(Ask("mira", "2", messages, tools))
    assert (thought.tool_calls, (thought.message or {})["content"]) == ([], '{"action": "mo')


def tool(name: str, properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": "Do it.", "parameters": schema}}
