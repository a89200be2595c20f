"""The world is pure: it loads nothing that could reach a clock, a socket or a disk."""

import subprocess
import sys

_PROGRAM = """
import sys
import mqttown_orchestrator.world.step
import mqttown_orchestrator.world.attention
import mqttown_orchestrator.world.digest
import mqttown_orchestrator.world.genesis
import mqttown_orchestrator.world.offers
import mqttown_orchestrator.world.perception
import mqttown_orchestrator.world.verbs.registry
print(sorted({"asyncio", "aiomqtt", "asyncpg", "gmqtt", "sqlite3", "mqttown"} & set(sys.modules)))
"""


def test_a_fresh_process_loads_nothing_impure() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"
