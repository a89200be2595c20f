"""`/claims`: a building for one of an owner's own agents."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from mqttown_contract.types import Id
from mqttown_dashboard.access import Account, Manager
from mqttown_dashboard.forms import Form
from mqttown_dashboard.problems import ProblemError, problems, unknown
from mqttown_dashboard.state import State, StateOf

__all__ = ["router"]

router = APIRouter(tags=["property"])


class ClaimForm(Form):
    """A building that one would like to own."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"building": "cafe-engel", "agent": "mira"}]})

    building: Id
    agent: Annotated[Id, Field(description="which of yours shall own it; without it the one with the fullest purse")] | None = None


class ClaimView(BaseModel):
    """A building that an agent of yours owns."""

    building: Id
    name: str
    agent: Id
    price: int | None = Field(description="cents that were paid")
    tick: int | None = Field(description="when it was claimed; null in the very moment")


@router.post(
    "/claims", status_code=201, summary="Claim a building", responses=problems(401, 403, 404, 409, 413, 422, 429, 503, 504)
)
async def claim(form: ClaimForm, state: StateOf, caller: Manager) -> ClaimView:
    """Pays out of the agent's purse. If two want it at once, one gets it, and the other is told who was first."""
    mine = [agent.id for agent in await state.history.owned(caller.name)]
    agent = form.agent
    if agent is not None and agent not in mine and caller.role != "operator":
        await state.known(agent)
        raise ProblemError(403, "not_allowed", f"{agent} is not yours.", path="body.agent", allowed=mine)
    house = state.town.buildings.get(form.building)
    if house is None:
        known = {building.id: building.name for building in state.town.buildings.values()}
        error = unknown("building", form.building, known)
        raise ProblemError(404, error.problem.code, error.problem.detail, path="body.building", allowed=error.problem.allowed)
    if agent is None:
        agent = await _richest(state, mine)
    price = state.mirror.building(house.id).price
    await state.ear.command("act_for", {"agent": agent, "action": "claim", "parameters": {"building": house.id}})
    return ClaimView(building=house.id, name=house.name, agent=agent, price=price, tick=None)


@router.get("/claims", summary="What my agents own", responses=problems(401, 403))
async def claims(state: StateOf, caller: Account) -> list[ClaimView]:
    """The newest first."""
    mine = [agent.id for agent in await state.history.owned(caller.name)]
    told = []
    for event in await state.history.claims(mine):
        house = state.town.buildings.get(str(event.data.get("building")))
        if house is not None and event.agent is not None:
            price = event.data.get("price")
            told.append(ClaimView(building=house.id, name=house.name, agent=event.agent, price=price, tick=event.tick))
    return told


async def _richest(state: State, mine: list[str]) -> str:
    purses = await state.history.purses(mine)
    if not mine:
        raise ProblemError(409, "not_possible", "You have nobody in this town who could own it.", path="body.agent")
    return max(sorted(mine), key=lambda agent: purses.get(agent, 0))
