"""The one town that this process runs: its world, its citizens, and how far it is durable."""

from dataclasses import dataclass
from typing import Any

from mqttown_orchestrator.citizens import Citizens
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import State

__all__ = ["Town"]


@dataclass(slots=True)
class Town:
    """What the parts of the orchestrator share.

    Attributes:
        compiled: the town as the command line made it.
        state: changed by the loop alone, in place. While a tick is being journaled it is ahead of `tick`.
        generation: ours.
        tick: the newest tick that is durable, and so may be told.
        changing: whether the state is ahead of the journal; nothing may be read from it for the wire then.
    """

    id: str
    compiled: dict[str, Any]
    plan: Plan
    luck: Luck
    state: State
    citizens: Citizens
    generation: int
    tick: int
    changing: bool = False
