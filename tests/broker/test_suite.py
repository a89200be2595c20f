"""The grants suite that an operator runs, over every broker that we support."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from mqttown_broker.nats import BrokerError
from mqttown_broker.remote import RemoteBroker, prove, require_proof
from mqttown_broker.suite import CASES, Finding, play
from mqttown_broker.target import Stranger, Target

NOT_HELD = {"amqtt", "by-url"}
"""Documented in docs/broker.md: not for strangers."""


@pytest.mark.parametrize("town", ["helsinki"])
async def test_what_strangers_try(stage: Any, town: str) -> None:
    mira, otto = (Stranger(name, stage.keys[name], "kluuvi") for name in ("mira", "otto"))
    spectator = ("Spectator", stage.spectator_key) if stage.spectator_key else None
    target = Target("127.0.0.1", stage.port, town, stage.keys["orchestrator"], mira, otto, spectator)
    findings = await play(target)
    assert [found.case for found in findings] == list(CASES)
    problems = {found.case: found.problem for found in findings if found.problem}
    if stage.name in NOT_HELD:
        assert problems
        assert "honest clients are served" not in problems
    else:
        assert problems == {}
    assert not any(key in repr(target) for key in stage.keys.values())


async def test_a_proof_is_asked_for_and_is_of_this_broker_alone(stage: Any, tmp_path: Path) -> None:
    if stage.name != "nats":
        pytest.skip("the same for every broker")
    broker, file = RemoteBroker("127.0.0.1", stage.port), tmp_path / "data" / "broker-proof.json"
    with pytest.raises(BrokerError, match=r"nobody has shown that .* holds the grants"):
        require_proof(file, broker, "helsinki")
    assert not prove(file, broker, "helsinki", [Finding("one", ""), Finding("wrong keys", "mira is let in by a wrong key")])
    with pytest.raises(BrokerError, match="did not hold: wrong keys"):
        require_proof(file, broker, "helsinki")
    assert prove(file, broker, "helsinki", [Finding("one", "")])
    require_proof(file, broker, "helsinki")
    with pytest.raises(BrokerError, match="another host, town"):
        require_proof(file, RemoteBroker("broker.example", stage.port), "espoo")


async def test_the_command_plays_the_suite_and_writes_the_proof(stage: Any, tmp_path: Path) -> None:
    if stage.name not in {"nats", "by-url"}:
        pytest.skip("one that holds all and one that does not")
    asked = ["broker", "check", f"mqtt://127.0.0.1:{stage.port}", "--data", str(tmp_path), "--json"]
    for name in ("mira", "otto"):
        asked += ["--agent", f"{name}:kluuvi:{stage.keys[name]}"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mqttown_cli", *asked, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "MQTTOWN_TOWN_KEY": stage.keys["orchestrator"]},
    )  # fmt: skip
    told, said = await process.communicate()
    assert process.returncode == (0 if stage.name == "nats" else 1), said
    assert json.loads(told)["held"] is (stage.name == "nats")
    assert json.loads((tmp_path / "broker-proof.json").read_text())["held"] is (stage.name == "nats")
    for key in stage.keys.values():
        assert key.encode() not in told + said
