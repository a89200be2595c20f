"""The inline keeper on a real register: persons come, pause, move and go, and a mind that fails is nobody else's trouble."""

import asyncio
import copy
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from mqttown_agents.population import known_in_town, routine_minds
from mqttown_runtime.casting import CastingError, cast
from mqttown_runtime.supervision.inline import InlineKeeper
from mqttown_runtime.supervision.register import Register
from mqttown_runtime.supervision.spec import Spec


class Stage:
    """A host that only writes down who is admitted and dismissed."""

    def __init__(self) -> None:
        self.minds: dict[str, Any] = {}

    async def admit(self, agent: str, mind: Any) -> None:
        self.minds[agent] = mind

    async def dismiss(self, agent: str) -> None:
        self.minds.pop(agent, None)


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=2) as pool:
        await pool.execute("CREATE TABLE actions (tick bigint, agent text)")
        yield pool


@pytest.fixture
async def register(pool: asyncpg.Pool) -> Register:
    register = Register(pool)
    await register.make()
    return register


@pytest.fixture
def keeper(register: Register, tiny_town: Any) -> InlineKeeper:
    def make(spec: Spec) -> Any:
        assert spec.persona is not None
        return cast(spec.mind, spec.persona, known_in_town(tiny_town, spec.persona.get("home")), 1, talk=True)

    return InlineKeeper(register, routine_minds(tiny_town, 1), make)


@pytest.fixture
async def stage(keeper: InlineKeeper) -> Stage:
    stage = Stage()
    stage.minds = dict(await keeper.seat())
    return stage


def somebody(tiny_town: Any, name: str = "mira") -> Spec:
    return Spec(persona={**copy.deepcopy(tiny_town["people"][0]), "id": name})


async def row(pool: asyncpg.Pool, agent: str) -> dict[str, Any]:
    return dict(await pool.fetchrow("SELECT * FROM runtime.residents WHERE agent = $1", agent))


async def test_a_person_comes_pauses_resumes_and_goes(
    keeper: InlineKeeper, stage: Stage, register: Register, pool: asyncpg.Pool, tiny_town: Any
) -> None:
    people = set(stage.minds)
    await register.wish("mira", somebody(tiny_town), owner="riitta", placement="inline")
    await keeper.look(stage)  # type: ignore[arg-type]
    first = stage.minds["mira"]
    assert (await row(pool, "mira"))["observed"] == "running"
    await keeper.look(stage)  # type: ignore[arg-type]
    assert stage.minds["mira"] is first
    assert (await row(pool, "mira"))["starts"] == 1

    await register.set_desired("mira", "paused")
    await keeper.look(stage)  # type: ignore[arg-type]
    assert set(stage.minds) == people
    assert (await row(pool, "mira"))["observed"] == "paused"
    await register.set_desired("mira", "running")
    await register.restart("mira")
    await keeper.look(stage)  # type: ignore[arg-type]
    assert stage.minds["mira"] is not first

    await pool.execute("INSERT INTO actions VALUES (7, 'mira')")
    await keeper.look(stage)  # type: ignore[arg-type]
    assert (await row(pool, "mira"))["thought_tick"] == 7

    await register.set_desired("mira", "deleted")
    await keeper.look(stage)  # type: ignore[arg-type]
    assert set(stage.minds) == people
    assert await pool.fetchval("SELECT count(*) FROM runtime.hosted") == 0


async def test_nobody_is_in_two_placements(
    keeper: InlineKeeper, stage: Stage, register: Register, pool: asyncpg.Pool, tiny_town: Any
) -> None:
    await register.wish("mira", somebody(tiny_town), placement="inline")
    await keeper.look(stage)  # type: ignore[arg-type]
    for agent in ("mira", "aino"):  # one who was registered, and one of the written people
        assert agent in stage.minds
        await register.wish(agent, somebody(tiny_town, agent), placement="docker")
        assert not await register.take(agent, "docker")  # while she is inline
    await keeper.look(stage)  # type: ignore[arg-type]
    assert not {"mira", "aino"} & set(stage.minds)
    for agent in ("mira", "aino"):
        assert await register.take(agent, "docker")
        await register.wish(agent, somebody(tiny_town, agent), placement="inline")
    await keeper.look(stage)  # type: ignore[arg-type]
    assert not {"mira", "aino"} & set(stage.minds)  # the other has not let go
    for agent in ("mira", "aino"):
        await register.let_go(agent, "docker")
    await keeper.look(stage)  # type: ignore[arg-type]
    assert {"mira", "aino"} <= set(stage.minds)


async def test_a_written_person_comes_back_when_the_wish_is_gone(
    keeper: InlineKeeper, stage: Stage, register: Register, pool: asyncpg.Pool, tiny_town: Any
) -> None:
    written = stage.minds["aino"]
    await register.wish("aino", somebody(tiny_town, "aino"), placement="inline")
    await keeper.look(stage)  # type: ignore[arg-type]
    assert stage.minds["aino"] is not written
    await register.set_desired("aino", "deleted")
    await keeper.look(stage)  # type: ignore[arg-type]
    await keeper.look(stage)  # type: ignore[arg-type]
    assert stage.minds["aino"] is written
    again = InlineKeeper(register, {"aino": written}, lambda spec: pytest.fail(str(spec)))
    await register.wish("aino", somebody(tiny_town, "aino"), placement="docker")
    assert await again.seat() == {}  # after a restart she is never inline, not even for a moment


async def test_a_mind_that_fails_waits_and_is_parked_with_the_reason(
    keeper: InlineKeeper, stage: Stage, register: Register, pool: asyncpg.Pool, tiny_town: Any
) -> None:
    await register.wish("mira", somebody(tiny_town), placement="inline")
    assert not keeper.failed("aino", ValueError("the host's own people are not looked after"))
    for number in range(5):
        await pool.execute("UPDATE runtime.hosted SET next_start = NULL")
        await keeper.look(stage)  # type: ignore[arg-type]
        assert ("mira" in stage.minds) is True
        assert keeper.failed("mira", KeyError("purse"))
        await keeper.look(stage)  # type: ignore[arg-type]
        assert "mira" not in stage.minds
        told = await row(pool, "mira")
        assert told["observed"] == ("parked" if number == 4 else "waiting")
    assert told["reason"].startswith("it ended 5 times within ten minutes")
    assert "its mind failed: KeyError: 'purse'" in told["reason"]
    await keeper.look(stage)  # type: ignore[arg-type]
    assert "mira" not in stage.minds
    await register.restart("mira")
    await keeper.look(stage)  # type: ignore[arg-type]
    assert "mira" in stage.minds


async def test_somebody_who_can_not_be_made_is_told_why(
    keeper: InlineKeeper, stage: Stage, register: Register, pool: asyncpg.Pool
) -> None:
    await register.wish("nobody", Spec(persona={"id": "nobody"}), placement="inline")
    await keeper.look(stage)  # type: ignore[arg-type]
    told = await row(pool, "nobody")
    assert (told["observed"], told["health"]) == ("waiting", "away")
    assert "the person can't be read: KeyError 'name'" in told["reason"]


def test_no_mind_without_what_it_needs(tiny_town: Any) -> None:
    person = tiny_town["people"][0]
    for kind, words in (("model", "no prompts"), ("oracle", "no mind of kind 'oracle'")):
        with pytest.raises(CastingError, match=words):
            cast(kind, person, known_in_town(tiny_town, person["home"]), 1, talk=True)


@pytest.mark.parametrize(
    "wrong", [{}, {"persona": {"id": "a"}, "code": "0" * 64}, {"code": "../x"}, {"persona": {"name": "A"}}, {"limits": {"cpus": 9}}]
)
def test_a_spec_that_makes_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"persona|code|limits"):
        Spec.model_validate(wrong)


async def test_two_processes_may_make_the_schema_at_once(register: Register) -> None:
    await asyncio.gather(register.make(), register.make())
