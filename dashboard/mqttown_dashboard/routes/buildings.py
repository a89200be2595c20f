"""`/buildings`: what they are, who is in them, what they sell."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from mqttown_contract.types import ID_PATTERN
from mqttown_dashboard.access import ANYONE
from mqttown_dashboard.models import Building, Page
from mqttown_dashboard.problems import PROBLEMS, unknown
from mqttown_dashboard.routes.paging import Cursor, Limit, page_after
from mqttown_dashboard.state import StateOf

__all__ = ["router"]

router = APIRouter(prefix="/buildings", tags=["buildings"], dependencies=[ANYONE])


@router.get("", summary="All buildings", responses={422: PROBLEMS[422]})
async def buildings(
    state: StateOf,
    kind: Annotated[str | None, Query(description="only of this kind, like `cafe`", pattern=ID_PATTERN)] = None,
    district: Annotated[str | None, Query(description="only in this district", pattern=ID_PATTERN)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Building]:
    """Buildings in the order of their ids, with their present state."""
    found = [
        state.mirror.building(house.id)
        for house in state.town.buildings.values()
        if kind in (None, house.kind) and district in (None, house.district)
    ]
    return page_after(found, cursor, limit)


@router.get("/{building_id}", summary="One building", responses={404: PROBLEMS[404]})
async def building(
    building_id: Annotated[str, Path(description="building id", min_length=1, max_length=48)], state: StateOf
) -> Building:
    """A building, whether it is open, who is in it and what it sells."""
    if building_id not in state.town.buildings:
        raise unknown("building", building_id, {house.id: house.name for house in state.town.buildings.values()})
    return state.mirror.building(building_id)
