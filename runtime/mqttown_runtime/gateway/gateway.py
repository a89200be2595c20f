"""The gateway itself: from a request to a thought, over cassette, budget, cache, fall-back and retries."""

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from mqttown_contract.messages import Thought
from mqttown_runtime.gateway.budget import Budgets, Exhausted, Holder, Reservation, Warned
from mqttown_runtime.gateway.calling import call_of
from mqttown_runtime.gateway.cassette import Cassette
from mqttown_runtime.gateway.ledger import Begun, Call, Ledger
from mqttown_runtime.gateway.provider import Completion, Failure, Line, Unasked
from mqttown_runtime.gateway.registry import Model, Registry
from mqttown_runtime.gateway.request import Ask, body_of, most_tokens_in, sha256, tokens_about
from mqttown_runtime.scheduler import Superseded

__all__ = ["Gateway", "Told"]

log = structlog.get_logger(__name__)

_TRIES: Final = 3
"""Calls to one model for one request, at most."""
_LONGEST_JITTER: Final = 8.0


@dataclass(frozen=True, slots=True)
class Told:
    """What has become of somebody's budget, for whoever is to tell them.

    Attributes:
        agent: whose call brought it out.
        text: in words.
        asleep: whether the agent sleeps now; None says nothing of it.
    """

    agent: str
    text: str
    asleep: bool | None = None


class Gateway:
    """Answers requests. One for a town, since its budgets are in its memory.

    Args:
        registry: the models.
        ledger: opened already.
        budgets: filled by it.
        key_of: an owner's key for a provider, or None.
        tell: told of budgets.
        cassette: entered already, or none.
        cache: answers kept, 0 for none; a cassette goes without.
        first_wait: seconds before the first retry, on average half of it.
    """

    def __init__(
        self,
        registry: Registry,
        ledger: Ledger,
        budgets: Budgets,
        key_of: Callable[[str, str], Awaitable[str | None]],
        tell: Callable[[Told], Awaitable[None]],
        *,
        cassette: Cassette | None = None,
        cache: int = 0,
        first_wait: float = 0.5,
    ) -> None:
        self.owners: dict[str, str | None] = {}
        self._registry = registry
        self._ledger = ledger
        self._budgets = budgets
        self._key_of = key_of
        self._tell = tell
        self._cassette = cassette
        self._cache: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._cache_size = 0 if cassette is not None else cache
        self._first_wait = first_wait
        self._lines = {name: Line(name, provider) for name, provider in registry.providers.items()}
        self._running: dict[str, set[asyncio.Task[Any]]] = {}
        self._settling: set[asyncio.Task[None]] = set()
        self._sleeping: set[str] = set()

    async def think(self, ask: Ask) -> Thought:
        """Answer a request, whatever happens: with a message, or with a code."""
        chain = self._registry.chain(ask.tier)
        key = sha256(body_of(ask, chain[0]))
        number = 0
        if self._cassette is not None:
            number = self._cassette.occurrence(ask.agent, key)
            known = self._cassette.find(ask.agent, key, number)
            if known is not None:
                await self._note(ask, chain[0], key, "replayed")
                return Thought(**{**known, "id": ask.id, "cached": True})
            if self._cassette.strict:
                log.error("a request is not on the cassette", agent=ask.agent, request=ask.id, hash=key, number=number)
                return Thought(id=ask.id, code="provider_error", detail=f"request {key} is not on the cassette")
        thought = await self._live(ask, chain, key)
        if self._cassette is not None:
            self._cassette.keep(ask.agent, key, number, thought.model_dump(mode="json", exclude={"id"}))
        return thought

    async def apply(self, budgets: Mapping[Holder, Any], owners: Mapping[str, str | None]) -> None:
        """Take over what holders may spend and who pays; whoever is paused is cut off in the middle of a call."""
        self.owners = dict(owners)
        for holder, caps in budgets.items():
            self._budgets.allow(holder, caps)
        for agent in list(self._running):
            if self._paused(agent):
                for task in list(self._running.get(agent, ())):
                    task.cancel()
        for agent in sorted(self._sleeping):
            if not self._paused(agent):
                self._sleeping.discard(agent)
                await self._tell(Told(agent, "There is a budget to think with again.", asleep=False))

    async def test_key(self, provider: str, key: str) -> str | None:
        """Make the smallest call with a key; return what is wrong with it, None if nothing.

        Raises:
            KeyError: there is no such provider, or it has no model.
        """
        model = next(model for model in self._registry.models.values() if model.provider == provider)
        body = {"model": model.name, "messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 1}
        line = self._lines[provider]
        try:
            async with asyncio.timeout(line.provider.timeout_seconds):
                await line.complete(body, key)
        except Failure as failure:
            return failure.why
        except TimeoutError:
            return "the provider did not answer in time"
        return None

    async def close(self) -> None:
        """Write down how the last calls ended, and hang up."""
        await asyncio.sleep(0)  # so that those who were cancelled come to their end
        while self._settling:
            await asyncio.wait(set(self._settling))
        for line in self._lines.values():
            await line.close()

    def _paused(self, agent: str) -> bool:
        try:
            self._budgets.check(self._holders(agent))
        except Exhausted:
            return True
        return False

    def _holders(self, agent: str) -> tuple[Holder, ...]:
        return Ledger.holders(agent, self.owners.get(agent))

    async def _live(self, ask: Ask, chain: list[Model], key: str) -> Thought:
        try:
            self._budgets.check(self._holders(ask.agent))
            cached = self._cache.get(key)
            if cached is not None:
                self._cache.move_to_end(key)
                await self._note(ask, chain[0], key, "cached")
                return Thought(**{**cached, "id": ask.id, "cached": True})
            thought = await self._cancellable(ask, chain)
        except Exhausted as error:
            return await self._spent(ask, error)
        if ask.agent in self._sleeping and thought.code is None:
            self._sleeping.discard(ask.agent)
            await self._tell(Told(ask.agent, "There is a budget to think with again.", asleep=False))
        if thought.code is None and self._cache_size:
            self._cache[key] = thought.model_dump(mode="json", exclude={"id"})
            if len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)
        return thought

    async def _cancellable(self, ask: Ask, chain: list[Model]) -> Thought:
        """Ask one model after the other, in a task that a pause can end."""
        task = asyncio.ensure_future(self._along(ask, chain))
        tasks = self._running.setdefault(ask.agent, set())
        tasks.add(task)
        try:
            done, _ = await asyncio.wait({task})
            if task.cancelled():
                self._budgets.check(self._holders(ask.agent))
                return Thought(id=ask.id, code="timeout", detail="the call was given up")
            return done.pop().result()
        finally:
            task.cancel()
            tasks.discard(task)
            if not tasks:
                self._running.pop(ask.agent, None)

    async def _along(self, ask: Ask, chain: list[Model]) -> Thought:
        why, code, too_dear = "no model could be asked", "provider_error", None
        for model in chain:
            line = self._lines[model.provider]
            too_long = _too_long(ask, model)
            if too_long is not None:
                why, code = too_long, "provider_error"
                await self._refuse(ask, model, too_long)
                continue
            try:
                completion, cost = await self._try(ask, model, line)
            except Exhausted as error:
                too_dear = too_dear or error
            except Failure as failure:
                why = f"{model.name}: {failure.why}"
                code = "provider_error"
            except TimeoutError:
                why, code = f"{model.name} did not answer in time", "timeout"
            except Superseded:
                return Thought(id=ask.id, code="timeout", detail="the agent has asked something newer")
            else:
                return _thought(ask, model, completion, cost)
        if too_dear is not None:
            raise too_dear
        log.warning("no thought", agent=ask.agent, request=ask.id, why=why)
        return Thought(id=ask.id, code="timeout" if code == "timeout" else "provider_error", detail=why)

    async def _try(self, ask: Ask, model: Model, line: Line) -> tuple[Completion, int]:
        """Ask one model up to three times, with full jitter in between."""
        seconds = line.provider.timeout_seconds
        attempt = 0
        while True:
            attempt += 1
            if line.breaker.open:
                raise Failure("its provider is left alone for a while")
            try:
                answer = await line.pool.run(ask.agent, ask.id, lambda: self._in_turn(ask, model, line), 2 * seconds)
            except (Exhausted, Superseded, Unasked, asyncio.CancelledError):
                line.breaker.given_up()
                raise
            except TimeoutError:
                line.breaker.failed()
                raise
            except Failure as failure:
                line.breaker.succeeded() if failure.ours else line.breaker.failed()
                if not failure.passing or attempt == _TRIES:
                    raise
                ceiling = min(_LONGEST_JITTER, self._first_wait * 2 ** (attempt - 1))
                await asyncio.sleep((failure.retry_after or 0.0) + random.uniform(0.0, ceiling))  # noqa: S311  spreads retries
            else:
                line.breaker.succeeded()
                return answer

    async def _in_turn(self, ask: Ask, model: Model, line: Line) -> tuple[Completion, int]:
        """One call when the rate has room for it; its time limit is of the call alone."""
        await line.turn()
        async with asyncio.timeout(line.provider.timeout_seconds):
            return await self._call(ask, model, line)

    async def _call(self, ask: Ask, model: Model, line: Line) -> tuple[Completion, int]:
        """One call: reserved and written down before, settled and written down after."""
        owner = self.owners.get(ask.agent)
        key = await self._key_of(owner, line.name) if owner is not None else None
        bound = most_tokens_in(body_of(ask, model))
        reservation = self._budgets.reserve(self._holders(ask.agent), model.cost(bound, ask.max_tokens), bound + ask.max_tokens)
        began = time.monotonic()
        settled: Call | None = None
        number: int | None = None
        try:
            number = await self._ledger.begin(self._begun(ask, model, reservation))
            completion = await line.complete(body_of(ask, model), key)
            settled = _exact(completion, model, reservation)
        except Failure as failure:
            settled = _failed(failure, reservation, began)
            raise
        else:
            return completion, settled.cost
        finally:
            settled = settled or _failed(Failure("it was given up", charged=number is not None), reservation, began)
            task = asyncio.ensure_future(self._settle(ask, reservation, number, settled))
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)
            await asyncio.shield(task)

    def _begun(self, ask: Ask, model: Model, reservation: Reservation) -> Begun:
        return Begun(
            ask.agent,
            self.owners.get(ask.agent),
            ask.id,
            ask.tick,
            ask.trace,
            model.provider,
            model.name,
            self._registry.version,
            sha256(body_of(ask, model)),
            sha256(list(ask.messages)),
            reservation.day,
            reservation.tokens,
            reservation.money,
        )

    async def _settle(self, ask: Ask, reservation: Reservation, number: int | None, call: Call) -> None:
        warned = self._budgets.settle(reservation, call.cost, call.tokens)
        if number is not None:
            await self._ledger.end(number, call)
        for warning in warned:
            await self._tell(Told(ask.agent, _words(warning)))

    async def _refuse(self, ask: Ask, model: Model, why: str) -> None:
        """Write down that a model was not asked."""
        log.warning("a prompt that is too long was not sent", agent=ask.agent, request=ask.id, model=model.name, why=why)
        number = await self._note(ask, model, sha256(body_of(ask, model)), "refused")
        await self._ledger.end(number, Call("refused", 0, 0, 0, 0, 0, why))

    async def _note(self, ask: Ask, model: Model, key: str, state: str) -> int:
        """Write down what needed no call, and return its number."""
        begun = self._begun(ask, model, Reservation((), self._budgets.today, 0, 0))
        return await self._ledger.begin(Begun(**{**_fields(begun), "request_hash": key, "state": state}))

    async def _spent(self, ask: Ask, error: Exhausted) -> Thought:
        asleep = self._budgets.caps(error.holder).when_spent == "asleep"
        if ask.agent not in self._sleeping:
            self._sleeping.add(ask.agent)
            await self._tell(Told(ask.agent, f"Nothing to think with: {error.why}.", asleep=asleep))
        return Thought(id=ask.id, code="budget", detail=error.why, asleep=asleep)


def _fields(begun: Begun) -> dict[str, Any]:
    return {name: getattr(begun, name) for name in Begun.__dataclass_fields__}


def _thought(ask: Ask, model: Model, completion: Completion, cost: int) -> Thought:
    calls, said = completion.tool_calls, completion.message["content"]
    if model.calling == "schema" and ask.tools and (written := call_of(said)) is not None:
        calls, said = (written,), None
    usage = {"tokens_in": completion.tokens_in or 0, "tokens_out": completion.tokens_out or 0, "cost": cost}
    return Thought(
        id=ask.id,
        message={**completion.message, "content": said},
        tool_calls=[dict(call) for call in calls],
        usage=usage,
        model=model.name,
    )


def _too_long(ask: Ask, model: Model) -> str | None:
    """Why a model is not asked, in words: prompt and answer together are more than its context."""
    prompt = tokens_about(body_of(ask, model), model)
    if prompt + ask.max_tokens <= model.context:
        return None
    parts = f"about {prompt} tokens of prompt and up to {ask.max_tokens} of answer"
    return f"{parts} do not fit into the {model.context} of {model.name}"


def _exact(completion: Completion, model: Model, reservation: Reservation) -> Call:
    """What a call has cost; a provider that counts nothing is taken to have used all that was held."""
    if completion.tokens_in is None or completion.tokens_out is None:
        return Call("done", completion.latency_ms, 0, 0, reservation.tokens, reservation.money, "no usage was told")
    cost = model.cost(completion.tokens_in, completion.tokens_out)
    tokens = completion.tokens_in + completion.tokens_out
    return Call("done", completion.latency_ms, completion.tokens_in, completion.tokens_out, tokens, cost)


def _failed(failure: Failure, reservation: Reservation, began: float) -> Call:
    latency = round((time.monotonic() - began) * 1000)
    if failure.charged:
        return Call("unknown", latency, 0, 0, reservation.tokens, reservation.money, failure.why)
    return Call("failed", latency, 0, 0, 0, 0, failure.why)


def _words(warning: Warned) -> str:
    which = "today" if warning.period == "day" else "in total"
    what = "tokens" if warning.unit == "tokens" else "millionths of a unit of money"
    percent = warning.spent * 100 // warning.cap
    holder = f"{warning.holder.kind} {warning.holder.name}"
    return f"{percent} % of what {holder} may spend {which} is gone: {warning.spent} of {warning.cap} {what}."
