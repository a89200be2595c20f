"""What is durable: restarts, a second writer, replays, and a database that may forget."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from mqttown_contract import topics
from mqttown_orchestrator import journal
from mqttown_orchestrator.journal import Journal, JournalError
from mqttown_orchestrator.replay import verify


async def some_life(orchestrator: Any, said: int = 5) -> Any:
    mira = await orchestrator.join("mira")
    await mira.hello()
    for number in range(said):
        assert (await mira.act(f"a-{number}", "say", {"text": f"word {number}"}))["status"] == "accepted"
    return mira


async def test_a_killed_town_goes_on_with_nothing_lost(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await some_life(orchestrator)
    first = await mira.act("kept", "say", {"text": "before"})
    await orchestrator.kill()
    await orchestrator.start()
    seen = await mira.hello()
    assert seen["generation"] == 2
    again = await mira.act("kept", "say", {"text": "before"})
    assert (again["events"], again["tick"], again["generation"]) == (first["events"], first["tick"], 2)
    assert (await mira.act("new", "say", {"text": "after"}))["status"] == "accepted"
    await orchestrator.stop()
    told = await verify(orchestrator.database)
    assert told.ok, told
    last = (await orchestrator.rows("SELECT tick, hash FROM town.snapshots ORDER BY tick DESC LIMIT 1"))[0]
    assert (last["tick"], last["hash"]) == (told.ticks, told.hash), "there is a snapshot at the stop"
    assert (await verify(orchestrator.database, from_snapshot=True)).hash == told.hash


async def test_one_altered_byte_is_found(orchestrator: Any) -> None:
    await orchestrator.start()
    await some_life(orchestrator)
    await orchestrator.stop()
    (row,) = await orchestrator.rows("SELECT tick FROM actions WHERE action_id = 'a-2'")
    alter = "UPDATE town.ticks SET inputs = set_byte(inputs, position($2::bytea in inputs) + 4, ascii($3)) WHERE tick = $1"
    await orchestrator.rows(alter, row["tick"], b"word 2", "9")
    told = await verify(orchestrator.database)
    assert (told.ok, told.first_bad_tick) == (False, row["tick"])
    await orchestrator.rows(alter, row["tick"], b"word 9", "2")
    assert (await verify(orchestrator.database)).ok


@pytest.mark.parametrize(
    "alteration",
    [
        """UPDATE town.events SET data = '{"text": "forged", "to": null}' WHERE kind = 'said' AND action_id = 'a-2'""",
        "UPDATE town.actions SET status = 'rejected' WHERE action_id = 'a-2'",
        "DELETE FROM town.ticks WHERE tick = (SELECT tick FROM town.actions WHERE action_id = 'a-2')",
        "UPDATE town.ticks SET events_hash = inputs_hash WHERE tick = (SELECT tick FROM town.actions WHERE action_id = 'a-2')",
    ],
)
async def test_other_forgeries_are_found(orchestrator: Any, alteration: str) -> None:
    await orchestrator.start()
    await some_life(orchestrator, 3)
    await orchestrator.stop()
    (row,) = await orchestrator.rows("SELECT tick FROM actions WHERE action_id = 'a-2'")
    await orchestrator.rows(alteration)
    told = await verify(orchestrator.database)
    assert (told.ok, told.first_bad_tick) == (False, row["tick"])


async def test_the_first_writer_ends_when_a_second_takes_over(orchestrator: Any) -> None:
    first = await orchestrator.start()
    connection = await asyncpg.connect(orchestrator.database)
    await connection.execute("UPDATE town.writer SET generation = generation + 1")
    await connection.close()
    words = await orchestrator.last_words(first)
    assert first.returncode == 3
    assert "another orchestrator writes this town now" in words


async def test_a_paused_writer_ends_when_it_hears_of_a_second(orchestrator: Any) -> None:
    first = await orchestrator.start()
    await orchestrator.command("pause")
    second = await orchestrator.start()
    words = await orchestrator.last_words(first)
    assert first.returncode == 3
    assert "another orchestrator writes this town now" in words
    assert second.returncode is None
    clock = await orchestrator.client("clock", topics.world("tiny", "clock"))
    told = await clock.expect("clock", lambda told: told["generation"] == 2)
    await clock.expect("clock", lambda later: later["tick"] > told["tick"])
    mira = await orchestrator.join("mira")
    assert (await mira.hello())["generation"] == 2


async def test_another_seed_is_refused(orchestrator: Any) -> None:
    await orchestrator.start(for_ticks=2)
    await orchestrator.last_words(orchestrator.processes[-1])
    assert orchestrator.processes[-1].returncode == 0
    process = await orchestrator.spawn(seed=8)
    words = await orchestrator.last_words(process)
    assert process.returncode == 3
    assert "seed 7, not 8" in words
    assert "--data" in words


async def test_a_second_start_waits_for_no_reader(orchestrator: Any) -> None:
    await orchestrator.start()
    await orchestrator.stop()
    reader = await asyncpg.connect(orchestrator.database)
    try:
        async with reader.transaction():
            await reader.fetch("SELECT id FROM public.agents")
            await orchestrator.start()
    finally:
        await reader.close()
    await orchestrator.rows("COMMENT ON SCHEMA town IS 'made from an older schema.sql'")
    await orchestrator.stop()
    await orchestrator.rows("DROP VIEW public.heard")
    await orchestrator.start()
    assert await orchestrator.rows("SELECT 1 FROM pg_views WHERE viewname = 'heard'"), "another definition is made again"


async def test_a_forgetful_database_is_refused(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    await connection.close()
    with pytest.raises(JournalError, match="synchronous_commit must be on"):
        async with Journal.open(postgres_url):
            pass


def test_only_the_journal_knows_the_database() -> None:
    package = Path(journal.__file__).parent
    knowing = {file.name for file in package.rglob("*.py") if "asyncpg" in file.read_text(encoding="utf-8")}
    assert knowing == {"journal.py"}
