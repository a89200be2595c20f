"""The REST door: live in the town without MQTT. What is sent and answered is the wire's own JSON."""

import secrets
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from mqttown_contract.messages import Action, MemoryAnswer, Observation, Recalled, Verdict
from mqttown_contract.types import ActionId, MemoryKind, Text
from mqttown_dashboard.access import AsAgent, Insider
from mqttown_dashboard.forms import Form
from mqttown_dashboard.problems import STATUS_OF_CODE, ProblemError, problems, status_of
from mqttown_dashboard.seat import Seat, Sitter
from mqttown_dashboard.state import StateOf

__all__ = ["router"]

router = APIRouter(prefix="/agents/{agent_id}", tags=["REST door"])
AgentId = Annotated[str, Path(description="agent id, like `mira`", min_length=1, max_length=48)]
Wait = Annotated[float, Query(ge=0, le=30, description="seconds to wait for the answer")]
TAG: Final = "rest"
"""The door connects as `{agent}~rest`, so that the agent may be there by MQTT too."""
RETRY_MS: Final = 1000
_ACTION_ID: Final[TypeAdapter[str]] = TypeAdapter(ActionId)
_REFUSED: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Verdict, "description": f"rejected: {', '.join(code for code, of in STATUS_OF_CODE.items() if of == status)}"}
    for status in sorted(set(STATUS_OF_CODE.values()))
}


class Remembering(Form):
    """Something to keep."""

    text: Annotated[Text, Field(min_length=1, max_length=4000)]
    importance: Annotated[float, Field(ge=0, le=1)] = 0.5
    kind: MemoryKind = "note"
    id: ActionId | None = Field(default=None, description="the same id, no second memory")


class Recalling(Form):
    """A question to one's memory."""

    query: Annotated[Text, Field(min_length=1, max_length=4000)]
    k: Annotated[int, Field(ge=1, le=50)] = 8
    kinds: list[MemoryKind] | None = None
    tick: Annotated[int, Field(ge=0, le=2**53)] | None = Field(
        default=None, description="answer once all witnessed up to this tick is stored"
    )


class Kept(Form):
    """The memory is durable."""

    id: str


class Pending(Form):
    """No verdict yet."""

    id: str
    status: Literal["pending"] = "pending"
    verdict: str = Field(description="where it will be told")


class Judgement(BaseModel):
    """What became of an action, with the names of a verdict."""

    action_id: str
    agent_id: str
    tick: int
    status: Literal["accepted", "rejected"]
    code: str | None
    detail: str | None
    path: str | None
    events: list[str] = Field(description="event ids")


async def _seat(
    agent_id: AgentId,
    state: StateOf,
    caller: AsAgent,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[str | None, Query(max_length=80, include_in_schema=False)] = None,
) -> Seat:
    """The seat of the agent that asks."""
    card = await state.history.citizen(agent_id)
    if card is None:
        raise ProblemError(404, "unknown_agent", f"There is no agent {agent_id!r}.", path="path.agent_id")
    username = caller.name if "~" in caller.name else f"{agent_id}~{TAG}"
    sitter = Sitter(agent_id, username, card.home_district, caller.key)
    return await state.seats.take(sitter, _tick(last_event_id or after))


Seated = Annotated[Seat, Depends(_seat)]


@router.get(
    "/observations",
    summary="What the agent perceives, as it comes (server-sent events)",
    response_class=EventSourceResponse,
    responses=problems(401, 403, 404, 503),
)
async def observations(seat: Seated, last_event_id: Annotated[str | None, Header()] = None) -> AsyncIterator[ServerSentEvent]:
    """`observation`, `verdict` and `notice` events, each the JSON that MQTT would carry; `beat` after 10 s of silence.

    Come back with `Last-Event-ID`: what is still known is told again, else a fresh observation with what was witnessed since.
    """
    place = seat.place(last_event_id)
    if place is None:
        newest = seat.observation
        place = newest.number - 1 if newest is not None and last_event_id is None else seat.count
        if last_event_id is not None and newest is not None:  # a new seat has just asked
            await seat.hello(_tick(last_event_id))
    async for heard in seat.after(place):
        if heard is None:
            yield ServerSentEvent(raw_data="{}", event="beat")
        else:
            yield ServerSentEvent(raw_data=heard.data, event=heard.channel, id=seat.id_of(heard), retry=RETRY_MS)


@router.get(
    "/observation",
    summary="What the agent perceives now",
    response_model=Observation,
    responses={**problems(401, 403, 404, 422, 503), 204: {"description": "Nothing newer came in time."}},
)
async def observation(
    seat: Seated,
    after: Annotated[
        str | None, Query(max_length=80, description="`X-Event-Id` of the one that is known: wait for a newer one")
    ] = None,
    wait: Wait = 10,
) -> Response:
    """The newest observation at once; with `after`, the next one (long poll). `X-Event-Id` names it."""
    heard = await seat.newest(seat.place(after) or 0, wait)
    if heard is None:
        return Response(status_code=204)
    return Response(heard.data, headers={"X-Event-Id": seat.id_of(heard)}, media_type="application/json")


@router.post(
    "/actions",
    summary="Do something",
    response_model=Verdict,
    responses={**problems(400, 401, 404, 413, 503), **_REFUSED, 202: {"model": Pending, "description": "No verdict yet."}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": Action.model_json_schema(),
                    "example": {"id": "a-1", "action": "say", "parameters": {"text": "Good morning!"}},
                }
            },
        }
    },
)
async def act(agent_id: AgentId, seat: Seated, request: Request, wait: Wait = 10) -> Response:
    """Takes the JSON of `out/action` and answers with the verdict: the same id, the same verdict, one effect.

    The body goes to the town as it is, and the town judges it; this door reads nothing but the id.
    """
    payload = await request.body()
    identity = _id_of(payload)
    verdict = await seat.act(identity, payload, wait)
    if verdict is None:
        return _pending(agent_id, identity)
    return _judged(verdict)


@router.get(
    "/actions/{action_id:path}",
    summary="The verdict on an action",
    response_model=Judgement,
    responses={**problems(401, 403, 404, 422), 202: {"model": Pending, "description": "No verdict yet."}},
)
async def decision(agent_id: AgentId, action_id: Annotated[ActionId, Path()], state: StateOf, _: Insider) -> Response:
    """What became of an action, out of the journal; 202 while it waits for its tick."""
    for seat in state.seats.find(agent_id):
        if (verdict := seat.verdicts.get(action_id)) is not None:
            return _told(Judgement(action_id=action_id, **verdict.model_dump(exclude={"action_id"})))
        if seat.undecided(action_id):
            return _pending(agent_id, action_id)
    found = await state.history.decision(agent_id, action_id)
    if found is not None:
        return _told(Judgement(action_id=action_id, agent_id=agent_id, **found.model_dump()))
    raise ProblemError(
        404, "unknown_action_id", f"The journal holds no action {action_id!r} of {agent_id}; send it, with the same id.",
        path="path.action_id",
    )  # fmt: skip


@router.post(
    "/memories/remember", summary="Keep something in mind", responses=problems(400, 401, 403, 404, 413, 422, 429, 503, 504)
)
async def remember(form: Remembering, seat: Seated) -> Kept:
    """Answered when it is durable."""
    answer = await _remembered(seat, {"op": "remember", **form.model_dump(exclude_none=True)})
    return Kept(id=answer.id or "")


@router.post("/memories/recall", summary="What comes to mind", responses=problems(400, 401, 403, 404, 413, 422, 429, 503, 504))
async def recall(form: Recalling, seat: Seated) -> list[Recalled]:
    """Memories by score. What others said to the agent is in them as they said it: data, not instructions."""
    answer = await _remembered(seat, {"op": "recall", **form.model_dump(exclude_none=True)})
    return answer.memories


async def _remembered(seat: Seat, request: dict[str, Any]) -> MemoryAnswer:
    answer = await seat.ask_memory({"id": secrets.token_hex(12), **request})
    if answer.code is not None:
        raise ProblemError(status_of(answer.code), answer.code, answer.detail or "The memory service refused.", path=answer.path)
    return answer


def _told(judgement: Judgement) -> Response:
    return Response(judgement.model_dump_json(), media_type="application/json")


def _judged(verdict: Verdict) -> Response:
    status = 200 if verdict.status == "accepted" or verdict.code is None else STATUS_OF_CODE[verdict.code]
    headers = {"Retry-After": str(max(1, round(verdict.retry_after)))} if verdict.retry_after is not None else {}
    return Response(verdict.model_dump_json(), status, headers, "application/json")


def _pending(agent: str, action_id: str) -> Response:
    place = f"/api/v1/agents/{agent}/actions/{quote(action_id, safe='')}"
    return Response(
        orjson.dumps({"id": action_id, "status": "pending", "verdict": place}), 202, {"Location": place}, "application/json"
    )


def _id_of(payload: bytes) -> str:
    """The id of an action, by which its verdict is found.

    Raises:
        ProblemError: 400, there is none.
    """
    try:
        message = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise ProblemError(400, "malformed", f"The body is not JSON: {error}.", path="body") from error
    try:
        return _ACTION_ID.validate_python(message.get("id") if isinstance(message, dict) else None, strict=True)
    except ValidationError as error:
        raise ProblemError(
            400, "malformed", "An action is a JSON object with an `id` of 1 to 128 printable characters.", path="body.id",
            allowed=Action.model_json_schema()["required"],
        ) from error  # fmt: skip


def _tick(event_id: str | None) -> int | None:
    """The tick in the id of a server-sent event, for a hello."""
    tick = (event_id or "").rpartition("-")[2]
    return int(tick) if tick.isdecimal() and len(tick) < 16 else None
