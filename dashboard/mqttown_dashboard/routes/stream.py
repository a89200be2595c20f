"""`/stream`: the present as it changes, as server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from mqttown_dashboard.access import ANYONE
from mqttown_dashboard.state import StateOf

__all__ = ["router"]

router = APIRouter(tags=["events"], dependencies=[ANYONE])
RETRY_MS = 1000


@router.get("/stream", summary="The present as it changes (server-sent events)", response_class=EventSourceResponse)
async def stream(state: StateOf, last_event_id: Annotated[str | None, Header()] = None) -> AsyncIterator[ServerSentEvent]:
    """Begins with `snapshot` (the whole present), goes on with `frame`s (what changed, up to five a second).

    Come back with `Last-Event-ID` and you get the frames that you missed, or a fresh `snapshot` if they are no longer known.
    A reader that is too slow gets a fresh `snapshot` too. `beat` says every 10 s of silence that the stream is alive.
    """
    async for message in state.hub.watch(last_event_id):
        yield ServerSentEvent(raw_data=message.data, event=message.event, id=message.id, retry=RETRY_MS if message.id else None)
