"""Memory requests: what was asked, checked, and the answer as it goes over the wire."""

from collections.abc import Sequence
from typing import Any, Final, Literal, TypeVar

import orjson
from pydantic import ValidationError

from mqttown_contract.errors import Code
from mqttown_contract.messages import MemoryAnswer, MemoryRequest, Recalled
from mqttown_contract.types import MAX_PAYLOAD_BYTES, Id
from mqttown_memory.stream import Recollection

__all__ = ["RequestError", "ServiceMemoryRequest", "answer", "parse", "refusal"]

_Request = TypeVar("_Request", bound=MemoryRequest)
_ROOM: Final = MAX_PAYLOAD_BYTES - 1024
"""Bytes for an answer's memories."""


class ServiceMemoryRequest(MemoryRequest):
    """A request by one of our own processes: about an agent, or across the town without one.

    `forget` takes the agent's own memories away for good; the dashboard alone asks for that, when an owner deletes a resident.
    """

    op: Literal["remember", "recall", "forget"]  # type: ignore[assignment]  # wider than what agents may ask
    agent: Id | None = None


class RequestError(ValueError):
    """A request that is refused.

    Args:
        code: why.
        detail: a sentence for a person: what, and what would have been allowed.
        path: the field at fault.
        request: id of the request, if it has a readable one.
    """

    def __init__(self, code: Code, detail: str, path: str | None = None, request: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.path = path
        self.request = request


def parse(payload: bytes, model: type[_Request]) -> _Request:
    """Read a request.

    Raises:
        RequestError: it is none (`malformed`), or one of its fields is not as it must be (`bad_parameters`).
    """
    try:
        found: Any = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise RequestError(Code.MALFORMED, f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise RequestError(Code.MALFORMED, "a memory request is one JSON object with at least id and op")
    identity = found["id"] if isinstance(found.get("id"), str) and len(found["id"]) <= 128 else None
    try:
        request = model.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = _path(first["loc"])
        code = Code.MALFORMED if path in {"id", "op"} and first["type"] == "missing" else Code.BAD_PARAMETERS
        raise RequestError(code, f"{path}: {first['msg']}", path, identity) from error
    if request.op == "remember" and request.text is None:
        raise RequestError(Code.BAD_PARAMETERS, "`remember` needs text, 1 to 4000 characters", "text", request.id)
    return request


def answer(request: str, found: Sequence[Recollection], *, across_town: bool = False) -> bytes:
    """An answer with memories, best first; as many as fit into a payload. Across the town each says whose it is (`agent`)."""
    recalled: list[bytes] = []
    room = _ROOM
    for one in found:
        whose = {"agent": one.memory.agent} if across_town else {}
        entry = orjson.dumps(_recalled(one).model_dump() | whose)
        room -= len(entry) + 1
        if room < 0:
            break
        recalled.append(entry)
    return orjson.dumps({"id": request, "memories": [orjson.Fragment(entry) for entry in recalled]})


def refusal(error: RequestError) -> bytes:
    """An answer with a code."""
    said = MemoryAnswer(id=error.request, code=error.code, detail=str(error), path=error.path)
    return orjson.dumps(said.model_dump())


def _recalled(one: Recollection) -> Recalled:
    memory, ranked = one.memory, one.ranked
    return Recalled.model_validate(
        {
            "id": memory.id,
            "kind": memory.kind,
            "text": memory.text,
            "tick": memory.born,
            "score": ranked.score,
            "recency": ranked.recency,
            "importance": ranked.importance,
            "relevance": ranked.relevance,
            "evidence": list(memory.evidence),
        }
    )


def _path(location: Sequence[int | str]) -> str:
    path = ""
    for level in location:
        path += f"[{level}]" if isinstance(level, int) else f".{level}" if path else level
    return path or "payload"
