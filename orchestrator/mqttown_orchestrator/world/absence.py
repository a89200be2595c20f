"""The body of an agent that is away: it stays for ten town minutes, then walks home."""

from typing import Final

from mqttown_orchestrator.world.activities import set_out
from mqttown_orchestrator.world.motion import at_door, reachable
from mqttown_orchestrator.world.state import NEVER, Body
from mqttown_orchestrator.world.turn import Turn

__all__ = ["GRACE", "home_time", "walk_home"]

GRACE: Final = 10
"""Ticks after which the body of an agent that is away walks home."""


def home_time(body: Body, tick: int) -> int:
    """The next tick at which a body sets out for home by itself."""
    if body.away_since is None or body.home is None or body.away_since + GRACE <= tick:
        return NEVER
    return body.away_since + GRACE


def walk_home(turn: Turn, body: Body) -> None:
    """Set out for home if it is time, and if there is a home to go to."""
    if body.away_since is None or body.away_since + GRACE != turn.tick or body.home is None or body.building == body.home:
        return
    home = at_door(turn.plan, body.home)
    if reachable(turn.plan, body, home, turn.tick):
        set_out(turn, body, home, "absent")
