"""The agent's own side of the wire: what it does, says, remembers, and the verdicts it waits for."""

import asyncio
import itertools
import secrets
from typing import Any, Final

from mqttown.credentials import Credentials
from mqttown.link import Link
from mqttown.rejections import AgentError, NoVerdict, RateLimited, rejection
from mqttown_contract import topics
from mqttown_contract.messages import MemoryAnswer, Observation, Recalled, Verdict, WorldStatus
from mqttown_contract.types import MAX_UNDECIDED, Detail, MemoryKind

__all__ = ["Me"]

RESEND_SECONDS: Final = 5.0
"""No verdict within this: send the action again with the same id."""
PATIENCE_SECONDS: Final = 60.0
HELLO_SECONDS: Final = 1.0
"""The town answers at most one hello a second."""


class Me:
    """What a handler acts through.

    Attributes:
        id: the agent's id.
        session: of this life of the program.
        observation: the newest one handed to a handler.
        generation: of the town, as last heard.
    """

    def __init__(self, credentials: Credentials, *, detail: Detail = "full", lockstep: bool = False, memory: int = 0) -> None:
        self.id = credentials.agent
        self.session = secrets.token_hex(6)
        self.observation: Observation | None = None
        self.generation = 0
        self._credentials = credentials
        self._hello = {"session": self.session, "detail": detail, "lockstep": lockstep, "memory": memory}
        self._lockstep = lockstep
        self._link: Link | None = None
        self._numbers = itertools.count(1)
        self._verdicts: dict[str, asyncio.Future[Verdict]] = {}
        self._memories: dict[str, asyncio.Future[MemoryAnswer]] = {}
        self._reborn = asyncio.Event()
        self._places = asyncio.Semaphore(MAX_UNDECIDED)
        self._limited: tuple[float, RateLimited] | None = None
        self._answered = True
        self._last_hello = -HELLO_SECONDS
        self._later: asyncio.Task[None] | None = None
        self._unanswered: asyncio.TimerHandle | None = None
        self._since: int | None = None

    def out(self, channel: str) -> str:
        """One of this agent's own topics."""
        return topics.agent_out(self._credentials.town, self._credentials.district, self.id, channel)

    async def do(
        self,
        action: str,
        /,
        *,
        reasoning: str | None = None,
        confidence: float | None = None,
        expires_tick: int | None = None,
        patience: float = PATIENCE_SECONDS,
        **parameters: Any,
    ) -> Verdict:
        """Do something, and wait for the town's verdict.

        Sent again with the same id after 5 s without a verdict, or when the town has started anew; it has one effect. Waits while
        eight others are undecided, and until `retry_after` has passed where the town has said `rate_limited`.

        Args:
            action: a verb, like `move_to`.
            reasoning: kept with the action for whoever studies the town.
            confidence: 0-1, kept likewise.
            expires_tick: the last tick at which it may still be judged.
            patience: seconds to wait in all.
            **parameters: of the verb.

        Returns:
            The accepting verdict.

        Raises:
            Rejected: the town said no; the subclass tells why. `RateLimited` without asking again, if the wait that it was told is
                longer than `patience`.
            NoVerdict: no answer within `patience`.
        """
        self._heed(patience)
        identity = f"{self.session}-{next(self._numbers)}"
        message: dict[str, Any] = {"id": identity, "action": action, "parameters": parameters}
        optional = {"reasoning": reasoning, "confidence": confidence, "expires_tick": expires_tick}
        message |= {name: value for name, value in optional.items() if value is not None}
        if self.observation is not None:
            message["observation_id"] = self.observation.id
            message |= _followed(self.observation.traceparent)
        self._answered = True
        future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._verdicts[identity] = future
        try:
            async with asyncio.timeout(patience):
                async with self._places:
                    await self._wait_out()
                    verdict = await self._insist(message, future)
        except TimeoutError:
            raise NoVerdict(f"no verdict on {action} within {patience:g} s") from None
        finally:
            del self._verdicts[identity]
        if verdict.status == "rejected":
            raise rejection(verdict)
        return verdict

    @property
    def greeting(self) -> bool:
        """Whether a hello waits for its answer."""
        return self._unanswered is not None

    async def remember(self, text: str, *, importance: float = 0.5, kind: MemoryKind = "note") -> None:
        """Keep a text in the agent's memory; returns when it is durable.

        Raises:
            AgentError: the memory service refused it.
            NoVerdict: it did not answer.
        """
        await self._ask_memory({"op": "remember", "text": text, "importance": importance, "kind": kind})

    async def recall(
        self, query: str, *, k: int = 8, kinds: list[MemoryKind] | None = None, tick: int | None = None
    ) -> list[Recalled]:
        """Ask the agent's memory.

        Args:
            query: in plain words.
            k: at most so many memories, 1 to 50.
            kinds: only these kinds.
            tick: wait until all that was witnessed up to this tick is stored.

        Raises:
            AgentError: the memory service refused it.
            NoVerdict: it did not answer.
        """
        request: dict[str, Any] = {"op": "recall", "query": query, "k": k}
        request |= {name: value for name, value in {"kinds": kinds, "tick": tick}.items() if value is not None}
        return (await self._ask_memory(request)).memories

    # --- called by `Agent` ---------------------------------------------------------------------------

    def attach(self, link: Link) -> None:
        """Speak over this link from now on."""
        self._link = link

    def detach(self) -> None:
        """Say hello no more."""
        self._answer_hello()
        if self._later is not None:
            self._later.cancel()

    async def hello(self) -> None:
        """Say that we are here, and up to where we have seen all; again after a while if the town does not answer."""
        loop = asyncio.get_running_loop()
        self._last_hello = loop.time()
        since = {} if self._since is None else {"since_tick": self._since}
        self._answer_hello()
        self._unanswered = loop.call_later(RESEND_SECONDS, self.hello_soon)
        await self._send("hello", self._hello | since)

    def hello_soon(self) -> None:
        """Say hello as soon as the town would answer it."""
        if self._later is None or self._later.done():
            self._later = asyncio.create_task(self._hello_later(), name=f"mqttown[{self.id}].hello")

    def observed(self, observation: Observation, *, gapless: bool) -> None:
        """An observation has come; if nothing is missing before it, all up to its tick is known."""
        if observation.seq == 1:
            self._answer_hello()
        if gapless:
            self._since = observation.tick

    async def town_is(self, status: WorldStatus) -> None:
        """Take note of the town's status; a new generation has forgotten who is here."""
        if status.status == "online" and status.generation > self.generation:
            reborn = self.generation > 0
            self.generation = status.generation
            if reborn:
                self._reborn.set()
                self._reborn = asyncio.Event()
                self.hello_soon()

    def judged(self, verdict: Verdict) -> None:
        """Hand a verdict to whoever waits for it."""
        refused = rejection(verdict) if verdict.status == "rejected" else None
        if isinstance(refused, RateLimited) and refused.retry_after is not None:
            until = asyncio.get_running_loop().time() + refused.retry_after
            self._limited = max(self._limited or (until, refused), (until, refused), key=lambda told: told[0])
        future = self._verdicts.get(verdict.action_id or "")
        if future is not None and not future.done():
            future.set_result(verdict)

    def remembered(self, answer: MemoryAnswer) -> None:
        """Hand a memory answer to whoever waits for it."""
        future = self._memories.get(answer.id or "")
        if future is not None and not future.done():
            future.set_result(answer)

    def begin(self, observation: Observation) -> None:
        """Handlers are about to see this observation."""
        self.observation = observation
        self._answered = False

    async def end(self, observation: Observation) -> None:
        """Handlers have seen it; in lockstep the town waits for an action, so `wait` stands for none."""
        if self._lockstep and not self._answered and self.observation is observation:
            await self.do("wait")

    def _heed(self, patience: float) -> None:
        """Refuse at once what the town has said that it would refuse all the time."""
        if self._limited is not None and self._limited[0] - asyncio.get_running_loop().time() > patience:
            raise self._limited[1]

    async def _wait_out(self) -> None:
        """Wait until the town will take actions again."""
        while self._limited is not None and (wait := self._limited[0] - asyncio.get_running_loop().time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(wait)
        self._limited = None

    async def _insist(self, message: dict[str, Any], future: asyncio.Future[Verdict]) -> Verdict:
        while not future.done():
            await self._send("action", message)
            reborn = asyncio.create_task(self._reborn.wait(), name=f"mqttown[{self.id}].reborn")
            waited: set[asyncio.Future[Any]] = {future, reborn}
            try:
                await asyncio.wait(waited, timeout=RESEND_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            finally:
                reborn.cancel()
        return future.result()

    async def _ask_memory(self, request: dict[str, Any]) -> MemoryAnswer:
        identity = f"{self.session}-m{next(self._numbers)}"
        future: asyncio.Future[MemoryAnswer] = asyncio.get_running_loop().create_future()
        self._memories[identity] = future
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not future.done():
                    await self._send("memory", {"id": identity, **request})
                    await asyncio.wait([future], timeout=RESEND_SECONDS)
        except TimeoutError:
            raise NoVerdict(f"the memory service did not answer within {PATIENCE_SECONDS:g} s") from None
        finally:
            del self._memories[identity]
        answer = future.result()
        if answer.code is not None:
            raise AgentError(f"{answer.code} ({answer.path}): {answer.detail}")
        return answer

    async def _send(self, channel: str, message: dict[str, Any]) -> None:
        if self._link is None:
            raise AgentError("not connected yet: act in a handler, or after `live` has begun")
        await self._link.publish(self.out(channel), message, qos=0 if channel == "hello" else 1)

    def _answer_hello(self) -> None:
        if self._unanswered is not None:
            self._unanswered.cancel()
            self._unanswered = None

    async def _hello_later(self) -> None:
        await asyncio.sleep(max(0.0, self._last_hello + HELLO_SECONDS - asyncio.get_running_loop().time()))
        await self.hello()


def _followed(traceparent: str | None) -> dict[str, str]:
    """The trace of an observation, gone on with by a span of our own (W3C Trace Context, section 3.2)."""
    parts = (traceparent or "").split("-")
    return {"traceparent": f"{parts[0]}-{parts[1]}-{secrets.token_hex(8)}-{parts[3]}"} if len(parts) == 4 else {}
