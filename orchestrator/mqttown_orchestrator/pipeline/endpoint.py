"""A second opinion on words, from a moderation endpoint in OpenAI's form: asked beside the ticks, and never waited for long."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import structlog

from mqttown_orchestrator.pipeline.moderation import PASS, Judgement

__all__ = ["Endpoint"]

_PATIENCE: Final = 1.0
"""Seconds for one answer; then the town's own rules are all there is."""
_FAILURES: Final = 5
"""So many failures in a row, and nobody is asked for a while."""
_PAUSE: Final = 30.0
"""Seconds of that while; then one is tried again."""
_AT_ONCE: Final = 64
_KEPT: Final = 8_192
_log = structlog.get_logger("orchestrator")


class Endpoint:
    """Asks about texts, with a circuit breaker (Nygard, "Release It!", 2007).

    Args:
        url: base URL, like `https://…/v1`.
        key: sent as bearer token.
        model: its name there.
        wake: called after each answer.
        now: seconds, of any steady clock.
    """

    def __init__(
        self, url: str, key: str | None, model: str, wake: Callable[[], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        import openai  # noqa: PLC0415  an extra, and heavy: before the first tick, and only for towns that ask

        self._errors = (openai.OpenAIError, TimeoutError, ValueError, AttributeError, IndexError)
        self._client = openai.AsyncOpenAI(base_url=url, api_key=key or "none", timeout=_PATIENCE, max_retries=0)
        self._model = model
        self._wake = wake
        self._now = now
        self._failures = 0
        self._closed_until = 0.0
        self._asking: set[asyncio.Task[None]] = set()
        self._known: dict[str, Judgement] = {}

    def known(self, text: str) -> Judgement | None:
        """The opinion on a text that was asked about before."""
        return self._known.get(text)

    def ask(self, text: str, answer: Callable[[Judgement], None]) -> bool:
        """Ask about a text; `answer` is called once, within `_PATIENCE`. False if nobody can be asked now."""
        if len(self._asking) >= _AT_ONCE or self._now() < self._closed_until:
            return False
        task = asyncio.get_running_loop().create_task(self._ask(text, answer), name="moderation.endpoint")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        return True

    async def close(self) -> None:
        """Ask nobody any more."""
        for task in list(self._asking):
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        await self._client.close()

    async def _ask(self, text: str, answer: Callable[[Judgement], None]) -> None:
        judgement = PASS
        try:
            async with asyncio.timeout(_PATIENCE):
                said = await self._client.moderations.create(model=self._model, input=text)
            judgement = _read(said)
        except self._errors as error:
            self._failed(error)
        else:
            self._failures = 0
            self._known[text] = judgement
            if len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]
        finally:
            answer(judgement)
            self._wake()

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        if self._failures >= _FAILURES:
            self._closed_until = self._now() + _PAUSE
            _log.warning("the moderation endpoint is away; only the town's own rules hold for a while", why=type(error).__name__)


def _read(said: Any) -> Judgement:
    result = said.results[0]
    if not result.flagged:
        return PASS
    named = [name for name, flagged in result.categories.model_dump().items() if flagged]
    rule = named[0] if named else "flagged"
    return Judgement("reject", 100, rule, f"words without what its moderation calls {rule}")
