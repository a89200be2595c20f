"""All verbs of the world with their rules. A new verb is one new file, and one line here."""

from typing import Final

from mqttown_orchestrator.world.verbs.buy import BUY
from mqttown_orchestrator.world.verbs.claim import CLAIM
from mqttown_orchestrator.world.verbs.eat import EAT
from mqttown_orchestrator.world.verbs.give import GIVE
from mqttown_orchestrator.world.verbs.move_to import MOVE_TO
from mqttown_orchestrator.world.verbs.rule import Rule
from mqttown_orchestrator.world.verbs.say import SAY
from mqttown_orchestrator.world.verbs.sleep import SLEEP
from mqttown_orchestrator.world.verbs.wait import WAIT
from mqttown_orchestrator.world.verbs.work import WORK

__all__ = ["RULES"]

RULES: Final[dict[str, Rule]] = {
    "move_to": MOVE_TO,
    "say": SAY,
    "wait": WAIT,
    "work": WORK,
    "eat": EAT,
    "sleep": SLEEP,
    "buy": BUY,
    "give": GIVE,
    "claim": CLAIM,
}
"""By name, in the order in which they are offered."""
