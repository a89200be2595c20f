"""`mqttown verify` on a town that has run: it agrees, and it finds a single altered byte."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mqttown_cli.database import open_database
from mqttown_cli.folder import DataFolder
from mqttown_orchestrator.record import hash_bytes

pytestmark = [pytest.mark.town, pytest.mark.timeout(120)]
INTENT = b'"verb":"move_to","parameters":{"to":"'


async def alter(data: Path, *, forge: bool) -> int:
    """Change one byte of where a resident wants to go; `forge` makes the hash of the inputs fit. Returns the tick."""
    async with open_database(DataFolder(data)) as database:
        rows = await database.fetch("SELECT tick, inputs FROM town.ticks ORDER BY tick")
        tick, inputs = next((row["tick"], bytearray(row["inputs"])) for row in rows if INTENT in row["inputs"])
        at = inputs.index(INTENT) + len(INTENT)
        inputs[at] = ord("x") if inputs[at] != ord("x") else ord("y")
        await database.execute("UPDATE town.ticks SET inputs = $2 WHERE tick = $1", tick, bytes(inputs))
        if forge:
            await database.execute("UPDATE town.ticks SET inputs_hash = $2 WHERE tick = $1", tick, hash_bytes(bytes(inputs)))
        return int(tick)


def test_it_agrees_and_finds_one_altered_byte(start_town: Callable[..., Any]) -> None:
    town = start_town("--lockstep", "--speed", "0", "--for-ticks", "90")
    assert town.process.wait(60) == 0
    good = json.loads(town.cli("verify", "--json").stdout)
    assert (good["ok"], good["ticks"], good["first_bad_tick"]) == (True, 90, None)

    tick = asyncio.run(alter(town.data, forge=False))
    bad = town.cli("verify", "--json", check=False)
    assert bad.returncode == 1
    found = json.loads(bad.stdout)
    assert (found["ok"], found["first_bad_tick"]) == (False, tick)

    assert asyncio.run(alter(town.data, forge=True)) == tick
    forged = town.cli("verify", check=False)
    assert forged.returncode == 1
    assert f"tick {tick} is not as journaled" in forged.stderr + forged.stdout
