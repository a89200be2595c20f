"""When the database, the broker or time itself is in trouble, the town holds, says so, and goes on by itself."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from mqttown_cli.postgres import EmbeddedPostgres
from mqttown_contract import topics
from mqttown_orchestrator.pace import Pace
from mqttown_orchestrator.replay import verify

NATS = str(Path(sys.executable).parent / "nats-server")


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that a test may end."""
    with EmbeddedPostgres(tmp_path / "postgres") as server:
        yield server


@pytest.fixture
async def fragile(orchestrator: Any, own_postgres: EmbeddedPostgres) -> Any:
    """A running town on that database, a status watcher, and an agent that has said hello."""
    orchestrator.database = own_postgres.url
    orchestrator.environment["MQTTOWN_DATABASE"] = own_postgres.url
    process = await orchestrator.start()
    watcher = await orchestrator.client("watcher", topics.world("tiny", "status"), topics.world("tiny", "clock"))
    mira = await orchestrator.join("mira")
    await mira.hello()
    return orchestrator, process, watcher, mira


async def accepted_once_it_is_back(town: Any, process: Any, watcher: Any, mira: Any, sent: str) -> None:
    """The town says online again, with the same generation, and what was sent meanwhile is accepted, once."""
    await watcher.expect("status", lambda told: told == {"status": "online", "generation": 1})
    assert (await mira.verdict(sent))["status"] == "accepted"
    await watcher.expect("clock", lambda told: told["state"] == "running")
    assert (await mira.act("after", "say", {"text": "it goes on"}))["status"] == "accepted"
    assert process.returncode is None
    await town.stop()
    told = await verify(town.database)
    assert told.ok, told
    said = await town.rows("SELECT action_id FROM actions WHERE agent = 'mira' AND status = 'accepted' ORDER BY tick, n")
    assert [row["action_id"] for row in said] == [sent, "after"]


async def say_while_away(watcher: Any, mira: Any) -> None:
    await watcher.expect("status", lambda told: told == {"status": "offline", "why": "database", "generation": 1})
    await watcher.expect("clock", lambda told: (told["state"], told.get("why")) == ("paused", "database"))
    await mira.send("action", {"id": "meanwhile", "action": "say", "parameters": {"text": "anybody there?"}})


async def test_a_database_that_is_restarted(fragile: Any, own_postgres: EmbeddedPostgres) -> None:
    town, process, watcher, mira = fragile
    await asyncio.to_thread(own_postgres.stop)
    await say_while_away(watcher, mira)
    own_postgres.start()
    await accepted_once_it_is_back(town, process, watcher, mira, "meanwhile")


async def test_a_database_that_stands_still(fragile: Any, own_postgres: EmbeddedPostgres) -> None:
    town, process, watcher, mira = fragile
    assert own_postgres.process is not None
    parent = psutil.Process(own_postgres.process.pid)
    family = [parent, *parent.children(recursive=True)]
    for one in family:
        one.suspend()
    try:
        await say_while_away(watcher, mira)
    finally:
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.resume()
    await accepted_once_it_is_back(town, process, watcher, mira, "meanwhile")


FULL = """
CREATE FUNCTION town.no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END;
$$;
CREATE TRIGGER no_room BEFORE INSERT ON town.ticks FOR EACH ROW EXECUTE FUNCTION town.no_room();
"""


async def test_a_full_disk(fragile: Any) -> None:
    town, process, watcher, mira = fragile
    database = await asyncpg.connect(town.database)
    await database.execute(FULL)
    await say_while_away(watcher, mira)
    await database.execute("DROP TRIGGER no_room ON town.ticks")
    await database.close()
    await accepted_once_it_is_back(town, process, watcher, mira, "meanwhile")


async def test_a_killed_backend(fragile: Any, own_postgres: EmbeddedPostgres) -> None:
    town, process, watcher, mira = fragile
    assert own_postgres.process is not None
    (backend,) = await town.rows(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    psutil.Process(backend["pid"]).send_signal(signal.SIGKILL)
    await say_while_away(watcher, mira)
    await accepted_once_it_is_back(town, process, watcher, mira, "meanwhile")


async def test_a_stop_while_the_database_is_away_ends_the_town(fragile: Any, own_postgres: EmbeddedPostgres) -> None:
    town, process, watcher, mira = fragile
    await asyncio.to_thread(own_postgres.stop)
    await say_while_away(watcher, mira)
    process.terminate()
    words = await town.last_words(process)
    assert process.returncode == 1, "a new start may mend it"
    assert "the database is away" in words


async def test_a_town_without_a_broker_makes_no_ticks(orchestrator: Any, tmp_path: Path, broker_config: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = tmp_path / "own.conf"
    config.write_text(broker_config.format(folder=tmp_path / "nats", port=port))
    orchestrator.port, orchestrator.environment["MQTTOWN_MQTT_PORT"] = port, str(port)

    def serve() -> subprocess.Popen[bytes]:
        return subprocess.Popen([NATS, "-c", str(config)], stderr=subprocess.DEVNULL)

    server = serve()
    try:
        process = await orchestrator.start()
        mira = await orchestrator.join("mira")
        await mira.hello()
        server.kill()
        server.wait()
        held = [await orchestrator.rows("SELECT tick FROM town.writer")]
        while len(held) < 4 or held[-1] != held[-3]:  # the tick that was under way may still be kept
            await asyncio.sleep(0.1)
            held.append(await orchestrator.rows("SELECT tick FROM town.writer"))
            assert len(held) < 100
        server = serve()
        watcher = await orchestrator.client("watcher", topics.world("tiny", "status"))
        await watcher.expect("status", lambda told: told == {"status": "online", "generation": 1})
        assert (await mira.hello())["generation"] == 1
        assert (await mira.act("back", "say", {"text": "here again"}))["status"] == "accepted"
        assert process.returncode is None
        await orchestrator.stop()
    finally:
        server.kill()
        server.wait()


async def test_a_jump_of_the_wall_clock_moves_no_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    lockstep: Any = type("Alone", (), {"unborn": 0, "owing": 0})()
    pace = Pace(60.0, None, lockstep)
    pace.ticked()
    for jump in (-86_400.0, 86_400.0):
        monkeypatch.setattr(time, "time", lambda jump=jump: 1_772_000_000.0 + jump)
        assert 0.0 < (pace._wait() or 0.0) <= 1.0
