"""A request to a model: its canonical form, the hashes it is known by, and how many tokens it can cost at most."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mqttown_contract.messages import ThinkRequest
from mqttown_runtime.gateway.calling import answer_format, with_tools_in_words
from mqttown_runtime.gateway.registry import Model, Tier

__all__ = ["Ask", "body_of", "canonical", "most_tokens_in", "sha256", "tokens_about"]

_FRAME_TOKENS: Final = 16
"""What a chat template puts around a message or a tool, at most."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What an agent wants to be thought.

    Attributes:
        agent: who asks.
        id: of the request, chosen by the agent.
        messages, tools: as for a chat completion.
        max_tokens: of the answer.
        tier: which kind of model will do.
        tick: of the town when it was asked.
        trace: `traceparent` of what led to it.
    """

    agent: str
    id: str
    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Mapping[str, Any]] = ()
    max_tokens: int = 200
    tier: Tier = "small"
    tick: int | None = None
    trace: str | None = None

    @classmethod
    def of(cls, agent: str, request: ThinkRequest, tick: int | None) -> "Ask":
        """What came over the wire; the agent's own tick goes before ours."""
        own = tick if request.tick is None else request.tick
        tools = request.tools or ()
        return cls(agent, request.id, request.messages, tools, request.max_tokens, request.tier, own, trace=request.traceparent)


def body_of(ask: Ask, model: Model) -> dict[str, Any]:
    """The body of the call to a provider."""
    parameters = {name: value for name, value in model.parameters.items() if ask.tools or name != "tool_choice"}
    if not ask.tools:
        told: dict[str, Any] = {"messages": list(ask.messages)}
    elif model.calling == "schema":
        told = {"messages": with_tools_in_words(ask.messages, ask.tools), "response_format": answer_format(ask.tools)}
    else:
        told = {"messages": list(ask.messages), "tools": list(ask.tools)}
    return {"model": model.name, **told, **parameters, "max_tokens": ask.max_tokens}


def canonical(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(value: Any) -> str:
    """Hash a value by its canonical JSON; hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def most_tokens_in(body: Mapping[str, Any]) -> int:
    """No tokenizer makes more tokens of the prompt than this.

    A token of a byte-level tokenizer stands for at least one byte, so the bytes of the canonical JSON bound the words, and each
    message and tool gets room for what the chat template writes around it.
    """
    return _bytes(body) + _frames(body)


def tokens_about(body: Mapping[str, Any], model: Model) -> int:
    """How many tokens the prompt is, estimated by its bytes, for a tokenizer that we don't have."""
    return math.ceil(_bytes(body) / model.bytes_per_token) + _frames(body)


def _bytes(body: Mapping[str, Any]) -> int:
    return len(canonical([body["messages"], body.get("tools", [])]))


def _frames(body: Mapping[str, Any]) -> int:
    return (len(body["messages"]) + len(body.get("tools", [])) + 1) * _FRAME_TOKENS
