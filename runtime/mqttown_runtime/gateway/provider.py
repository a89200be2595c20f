"""One provider: a call to its chat completions, and what its answers and failures mean."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mqttown_runtime.gateway.breaker import Breaker, Pace
from mqttown_runtime.gateway.registry import Provider
from mqttown_runtime.scheduler import Pool

__all__ = ["Completion", "Failure", "Line", "Unasked"]

_LONGEST_BYTES: Final = 1 << 20
"""No answer is longer than this; a server that goes on and on is cut off."""
_LONGEST_WAIT: Final = 30.0
"""Seconds; whoever says `Retry-After` with more is not waited for."""
_PASSING: Final = (408, 409, 429, 500, 502, 503, 504)


class Failure(Exception):
    """A call came to nothing.

    Attributes:
        why: in words; never the key, never the prompt.
        passing: whether the same call may do better later.
        retry_after: seconds that the provider asks us to wait, if it does.
        charged: whether the provider may have counted it all the same.
        ours: whether the fault lies with the request, so the provider is well.
    """

    def __init__(
        self, why: str, *, passing: bool = False, retry_after: float | None = None, charged: bool = False, ours: bool = False
    ) -> None:
        super().__init__(why)
        self.why = why
        self.passing = passing
        self.retry_after = retry_after
        self.charged = charged
        self.ours = ours


class Unasked(Failure):
    """The provider was not asked, since no more calls to it may begin for now: that says nothing of it."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A provider's answer.

    Attributes:
        message: role and content.
        tool_calls: as the provider wrote them; their arguments are text.
        tokens_in, tokens_out: as the provider counted; None where it did not.
        latency_ms: of the call.
    """

    message: Mapping[str, Any]
    tool_calls: tuple[Mapping[str, Any], ...]
    tokens_in: int | None
    tokens_out: int | None
    latency_ms: int


@dataclass(slots=True)
class Line:
    """The way to one provider, with all that is kept of it between calls.

    Attributes:
        name: in the registry.
        provider: its entry there.
        breaker: open while it is left alone.
        pool: its calls at the same time, fair between agents.
    """

    name: str
    provider: Provider
    breaker: Breaker = field(default_factory=Breaker)
    pool: Pool = field(init=False)
    pace: Pace = field(init=False)
    _clients: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make room for the calls."""
        self.pool = Pool(self.provider.at_once)
        self.pace = Pace(self.provider.calls_per_minute)

    async def turn(self) -> None:
        """Wait until a call may begin, as the provider's rate has it.

        Raises:
            Unasked: none may within the time that a call may take.
        """
        try:
            async with asyncio.timeout(self.provider.timeout_seconds):
                await self.pace.turn()
        except TimeoutError as error:
            raise Unasked(f"no more than {self.provider.calls_per_minute} calls a minute may begin") from error

    async def complete(self, body: Mapping[str, Any], key: str | None) -> Completion:
        """Make one call.

        Args:
            body: of the request.
            key: the owner's; the town's own without it.

        Raises:
            Failure: it came to nothing.
        """
        import openai  # noqa: PLC0415  an extra, and heavy

        began = time.monotonic()
        client = self._client(key or self.provider.key or "none")
        more = {name: value for name, value in body.items() if name not in ("model", "messages")}
        try:
            async with client.chat.completions.with_streaming_response.create(
                model=body["model"], messages=body["messages"], extra_body=more
            ) as response:
                raw = await _bounded(response)
        except openai.APIStatusError as error:
            raise _of_status(error.status_code, error.response.headers.get("retry-after")) from error
        except openai.APITimeoutError as error:
            raise Failure("the provider did not answer in time", charged=True) from error
        except openai.APIConnectionError as error:
            raise Failure("the provider can't be reached", passing=True) from error
        except openai.OpenAIError as error:
            raise Failure(f"the provider's answer can't be used: {type(error).__name__}", charged=True) from error
        return _read(raw, round((time.monotonic() - began) * 1000))

    async def close(self) -> None:
        """Hang up."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    def _client(self, key: str) -> Any:
        import openai  # noqa: PLC0415

        if key not in self._clients:
            if len(self._clients) >= self.pool.size * 4:
                self._clients.pop(next(iter(self._clients)))
            self._clients[key] = openai.AsyncOpenAI(
                base_url=self.provider.base_url, api_key=key, timeout=self.provider.timeout_seconds, max_retries=0
            )
        return self._clients[key]


async def _bounded(response: Any) -> bytes:
    """The body of a response, as long as it is no longer than an answer can be."""
    parts: list[bytes] = []
    size = 0
    async for part in response.iter_bytes():
        size += len(part)
        if size > _LONGEST_BYTES:
            raise Failure(f"the provider's answer is longer than {_LONGEST_BYTES} bytes", charged=True)
        parts.append(part)
    return b"".join(parts)


def _of_status(status: int, retry_after: str | None) -> Failure:
    if status in (401, 403):
        return Failure("the provider will not have this key", ours=True)
    if status in _PASSING:
        wait = _seconds(retry_after)
        return Failure(f"the provider answers with {status}", passing=wait is None or wait <= _LONGEST_WAIT, retry_after=wait)
    return Failure(f"the provider refuses the request with {status}", ours=True)


def _seconds(retry_after: str | None) -> float | None:
    """Seconds to wait; a date, which few providers send, is not read."""
    try:
        return max(0.0, float(retry_after)) if retry_after is not None else None
    except ValueError:
        return None


def _read(raw: bytes, latency_ms: int) -> Completion:
    """Take an answer apart.

    Raises:
        Failure: it is no JSON, or not of the form of a chat completion.
    """
    try:
        answer = json.loads(raw)
        message = answer["choices"][0]["message"]
        content, calls = message.get("content"), message.get("tool_calls") or []
        usage = answer.get("usage") or {}
        told = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
        plain = tuple(_call(call) for call in calls)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise Failure("the provider's answer is no chat completion", passing=True, charged=True) from error
    if content is not None and not isinstance(content, str):
        raise Failure("the provider's answer is no chat completion", passing=True, charged=True)
    return Completion({"role": "assistant", "content": content}, plain, *told, latency_ms)


def _call(call: Mapping[str, Any]) -> Mapping[str, Any]:
    name, arguments = call["function"]["name"], call["function"]["arguments"]
    if not isinstance(name, str) or not isinstance(arguments, str):
        raise TypeError("a tool call has a name and arguments, both text")
    return {"id": str(call.get("id") or ""), "type": "function", "function": {"name": name, "arguments": arguments}}


def _count(usage: Mapping[str, Any], name: str) -> int | None:
    count = usage.get(name)
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
