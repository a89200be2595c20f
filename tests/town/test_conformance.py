"""The kit's stranger plays against a whole town, and the town keeps every rule that is shown."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MQTTOWN = str(Path(sys.executable).parent / "mqttown")
pytestmark = [pytest.mark.town, pytest.mark.timeout(180)]


def test_our_town_conforms(town: Any) -> None:
    town.cli("speed", "120")
    town.new_agent("auditor")
    file = town.data / "agents" / "auditor.json"
    command = [MQTTOWN, "conformance", "--json", "--town", town.ready["mqtt"], "--credentials", str(file)]
    play = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    report = json.loads(play.stdout)
    told = [(rule["id"], rule["detail"], rule["evidence"]) for rule in report["rules"] if rule["outcome"] == "fail"]
    assert (play.returncode, report["ok"], told) == (0, True, [])
    unseen = {rule["id"] for rule in report["rules"] if rule["outcome"] == "not shown"}
    assert unseen <= {"code.rate_limited", "code.moderated"}
