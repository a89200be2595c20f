"""Plays a day and a half in the tiny town, and prints what it came to. Run with a town file and a seed."""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from player import Player

from mqttown_orchestrator.world.digest import digest, dump
from mqttown_orchestrator.world.genesis import genesis
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.step import step

TICKS = 2160


def play(town: dict[str, Any], seed: int, ticks: int = TICKS) -> dict[str, Any]:
    """Digest and sums after a played day."""
    plan = Plan.from_json(town)
    state, luck, player = genesis(plan, seed), Luck(seed), Player(seed)
    events: dict[str, int] = {}
    verdicts: dict[str, int] = {}
    for _ in range(ticks):
        happened = step(state, plan, player.inputs(state, plan), luck)
        for event in happened.events:
            events[event.kind] = events.get(event.kind, 0) + 1
        for decision in happened.verdicts:
            code = "accepted" if decision.refusal is None else decision.refusal.code.value
            verdicts[code] = verdicts.get(code, 0) + 1
    return {
        "seed": seed,
        "ticks": ticks,
        "digest": digest(state),
        "state_bytes": len(dump(state)),
        "money": sum(state.accounts.values()),
        "events": dict(sorted(events.items())),
        "verdicts": dict(sorted(verdicts.items())),
    }


if __name__ == "__main__":
    result = play(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), int(sys.argv[2]))
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
