"""The pure world without broker and database: an hour of a compiled town in which one resident goes out."""

import json
import sys
from pathlib import Path

from mqttown_orchestrator.world.digest import digest
from mqttown_orchestrator.world.genesis import genesis
from mqttown_orchestrator.world.inputs import ActionInput, Input
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.perception import perceive
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.step import step

SEED = 7
TINY = Path(__file__).parents[1] / "tests" / "towns" / "tiny.json"

compiled = json.loads((Path(sys.argv[1]) if len(sys.argv) > 1 else TINY).read_text(encoding="utf-8"))
plan = Plan.from_json(compiled)
state = genesis(plan, SEED)

for tick in range(60):
    inputs: list[Input] = []
    if tick == 50:
        awake = next(body.id for body in state.bodies.values() if body.doing == "idle")
        goal = perceive(state, plan, awake)["location"]["nearby"][0]["id"]
        inputs.append(ActionInput(awake, "go", "move_to", {"to": goal}))
    happened = step(state, plan, inputs, Luck(SEED))
    for event in happened.events:
        print(event.tick, event.kind, event.agent or "", event.building or "")
    for verdict in happened.verdicts:
        print(happened.tick, verdict.agent, "accepted" if verdict.refusal is None else verdict.refusal.detail)

print("the state after an hour is", digest(state))
