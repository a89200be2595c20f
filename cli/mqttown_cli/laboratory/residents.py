"""Everybody as they are now: table `residents`."""

from typing import Any, Final

import polars as pl

from mqttown_cli.laboratory.schema import frame
from mqttown_orchestrator.world import needs
from mqttown_orchestrator.world.money import purse
from mqttown_orchestrator.world.motion import district, position
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State

__all__ = ["residents"]

_PERMILLE: Final = 1000


def residents(state: State, plan: Plan) -> pl.DataFrame:
    """A row for each body of a world."""
    return frame("residents", [_resident(body, state, plan) for body in state.bodies.values()])


def _resident(body: Body, state: State, plan: Plan) -> tuple[Any, ...]:
    x, y = position(body, state.tick)
    levels = {name: needs.level(need, state.tick) / _PERMILLE for name, need in body.needs.items()}
    return (
        body.id,
        body.kind,
        body.home,
        body.home_district,
        body.job,
        district(plan, body, state.tick),
        body.building,
        x / 100,
        y / 100,
        body.doing,
        state.account(purse(body.id)),
        levels["energy"],
        levels["food"],
        levels["company"],
        body.away_since is None,
    )
