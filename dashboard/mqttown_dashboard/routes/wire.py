"""`/me/agents/{agent_id}/wire`: what goes over the topics of an agent of one's own, as it goes."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.sse import EventSourceResponse, ServerSentEvent

from mqttown_dashboard.access import Manager
from mqttown_dashboard.problems import ProblemError, problems
from mqttown_dashboard.state import StateOf
from mqttown_dashboard.wire import WireView

__all__ = ["router"]

router = APIRouter(tags=["my agents"])
AgentId = Annotated[str, Path(description="agent id, like `mira`", min_length=1, max_length=48)]
RETRY_MS = 1000


async def _listened(agent_id: AgentId, state: StateOf, _: Manager) -> str:
    """See that the agent's topics are listened to."""
    card = await state.history.citizen(agent_id)
    if card is None:
        raise ProblemError(404, "unknown_agent", f"There is no agent {agent_id!r}.", path="path.agent_id")
    await state.ear.overhear(agent_id, card.home_district)
    return agent_id


@router.get(
    "/me/agents/{agent_id}/wire",
    summary="What goes over its topics (server-sent events)",
    response_class=EventSourceResponse,
    responses={200: {"model": WireView, "description": "`data` of each `message`"}, **problems(401, 403, 404)},
)
async def wire(agent: Annotated[str, Depends(_listened)], state: StateOf) -> AsyncIterator[ServerSentEvent]:
    """`message` events from now on, each with its topic, its payload and what of it is not as the contract has it.

    `beat` at the beginning, and after 10 s of silence. It ends after five minutes; come back then. A reader that is too slow is
    told how many it has lost.
    """
    async for view in state.wires.watch(agent):
        if view is None:
            yield ServerSentEvent(raw_data="{}", event="beat", retry=RETRY_MS)
        else:
            yield ServerSentEvent(raw_data=view.model_dump_json(), event="message")
