"""An agent: handlers for what it perceives, over one connection that mends itself."""

import asyncio
import contextlib
import logging
import signal
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from pydantic import ValidationError

from mqttown.credentials import Credentials
from mqttown.link import Incoming, Link, Will
from mqttown.me import Me
from mqttown.rejections import Rejected
from mqttown.sequence import Sequence
from mqttown_contract import topics
from mqttown_contract.errors import TopicError
from mqttown_contract.messages import HeardMessage, MemoryAnswer, Notice, Observation, Verdict, WorldStatus
from mqttown_contract.types import Detail

__all__ = ["Agent"]

log = logging.getLogger("mqttown")
GAP_SECONDS: Final = 1.0
"""Order across topics is no promise: so long a missing number may still come."""
FAREWELL_SECONDS: Final = 1.0
"""So long a leaving agent tries to say so; after that its Will does."""
HEARD_KEPT: Final = 1024
"""An answer to `hello` may tell again what is known: of so many words it is known that they have been heard.
So many wait for a slow handler, too; then the oldest are dropped."""
NOTICES_KEPT: Final = 64
"""So many notices wait for a slow handler; then the oldest are dropped."""

ObservationHandler = Callable[[Me, Observation], Awaitable[None]]
MessageHandler = Callable[[Me, HeardMessage], Awaitable[None]]
NoticeHandler = Callable[[Me, Notice], Awaitable[None]]


class Agent:
    """A citizen of the town.

    Handlers run one at a time. While one runs, newer observations replace each other: a slow agent misses some, and delays nobody.
    Words heard meanwhile wait for it, the newest 1024 of them. What comes twice is handed on once. What is not as the contract
    says is logged and left alone: nothing that is sent to an agent ends its life.

    Args:
        name: of the agent; its credentials are found by it (see `Credentials.find`).
        credentials: instead of looking for them.
        detail: `brief` lists available actions by name only.
        lockstep: answer each observation with one action; a lockstep town waits for it.
        memory: memories wanted with each observation, 0 to 20.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        credentials: Credentials | None = None,
        detail: Detail = "full",
        lockstep: bool = False,
        memory: int = 0,
    ) -> None:
        self.credentials = credentials or Credentials.find(name)
        self.me = Me(self.credentials, detail=detail, lockstep=lockstep, memory=memory)
        self._on_observation: list[ObservationHandler] = []
        self._on_message: list[MessageHandler] = []
        self._on_notice: list[NoticeHandler] = []
        self._newest: Observation | None = None
        self._first_seen: tuple[int, str] | None = None
        self._heard: deque[HeardMessage] = deque(maxlen=HEARD_KEPT)
        self._notices: deque[Notice] = deque(maxlen=NOTICES_KEPT)
        self._known: dict[str, None] = {}
        self._news = asyncio.Event()
        self._sequence = Sequence()
        self._gap: asyncio.TimerHandle | None = None

    def on_observation(self, handler: ObservationHandler) -> ObservationHandler:
        """Call `handler(me, observation)` for the newest observation."""
        self._on_observation.append(handler)
        return handler

    def on_message(self, handler: MessageHandler) -> MessageHandler:
        """Call `handler(me, message)` for each message heard, before the observation that carries it."""
        self._on_message.append(handler)
        return handler

    def on_notice(self, handler: NoticeHandler) -> NoticeHandler:
        """Call `handler(me, notice)` for each notice: rate limit, moderation, budget, shutdown."""
        self._on_notice.append(handler)
        return handler

    def run(self) -> None:
        """Live until Ctrl-C or SIGTERM, and say goodbye."""
        try:
            asyncio.run(self._live_until_told())
        except KeyboardInterrupt:
            log.info("%s leaves", self.me.id)

    async def live(self) -> None:
        """Live until cancelled.

        Raises:
            Refused: the broker will not have us: wrong key, or revoked.
            LinkError: no broker there.
        """
        me = self.me
        will = Will(me.out("status"), {"status": "offline", "session": me.session})
        town = self.credentials.town
        link = Link(
            self.credentials.address, self.credentials.username, self.credentials.password, will=will, on_connect=self._greet
        )
        await link.subscribe(topics.agent_in(town, self.credentials.district, me.id, "+"), topics.world(town, "status"))
        async with link:
            me.attach(link)
            thinker = asyncio.create_task(self._think(), name=f"mqttown[{me.id}].handlers")
            try:
                async for incoming in link:
                    await self._take(incoming)
                    if thinker.done():
                        thinker.result()
            finally:
                thinker.cancel()
                self._end_gap()
                me.detach()
                await asyncio.wait({thinker})
                if link.connected:
                    await self._say_goodbye(link)

    async def _live_until_told(self) -> None:
        told = False
        life = asyncio.create_task(self.live(), name=f"mqttown[{self.me.id}].life")

        def leave() -> None:
            nonlocal told
            told = True
            life.cancel()

        with contextlib.suppress(NotImplementedError):  # no signals in the event loop of Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, leave)
        try:
            await life
        except asyncio.CancelledError:
            if not told:
                raise
            log.info("%s leaves", self.me.id)

    async def _greet(self, link: Link) -> None:
        self.me.attach(link)
        self._sequence.clear()
        self._end_gap()
        await self.me.hello()

    async def _say_goodbye(self, link: Link) -> None:
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await link.publish(self.me.out("status"), {"status": "offline", "session": self.me.session}, qos=1)
        except TimeoutError:
            log.info("%s leaves without a word: the connection is gone", self.me.id)

    async def _take(self, incoming: Incoming) -> None:
        """Take in one message; what is not of the contract is told to the author, and does no harm."""
        try:
            await self._read(incoming)
        except (TopicError, ValidationError) as error:
            log.warning("%s: %s is not as the contract says: %s", self.me.id, incoming.topic, str(error).partition("\n")[0])

    async def _read(self, incoming: Incoming) -> None:
        topic = topics.parse(incoming.topic)
        match topic.scope, topic.channel:
            case "world", "status":
                await self.me.town_is(WorldStatus.model_validate_json(incoming.payload))
            case _, "observation":
                observation = Observation.model_validate_json(incoming.payload)
                if self._count(observation.seq) and not self._is_again(observation):
                    self.me.observed(observation, gapless=not self._sequence.broken)
                    self._newest = observation
                    self._hear(observation.observation.messages)
                    self._news.set()
            case _, "verdict":
                verdict = Verdict.model_validate_json(incoming.payload)
                self._count(verdict.seq)
                self.me.judged(verdict)
            case _, "notice":
                notice = Notice.model_validate_json(incoming.payload)
                if self._count(notice.seq):
                    self._notices.append(notice)
                    self._news.set()
            case _, "memory":
                self.me.remembered(MemoryAnswer.model_validate_json(incoming.payload))

    def _is_again(self, observation: Observation) -> bool:
        """Whether an answer to hello has come twice: number 1 begins anew, so its number can't tell."""
        if observation.seq != 1:
            return False
        before, self._first_seen = self._first_seen, (observation.generation, observation.id)
        return before == self._first_seen and not self.me.greeting

    def _hear(self, messages: list[HeardMessage]) -> None:
        for message in messages:
            if message.event not in self._known:
                self._known[message.event] = None
                self._heard.append(message)
        while len(self._known) > HEARD_KEPT:
            del self._known[next(iter(self._known))]

    def _count(self, seq: int) -> bool:
        """Say hello again if a number stays missing for a second; returns whether this one is new."""
        fresh = self._sequence.take(seq)
        if not self._sequence.broken:
            self._end_gap()
        elif self._gap is None:
            self._gap = asyncio.get_running_loop().call_later(GAP_SECONDS, self._resync)
        return fresh

    def _resync(self) -> None:
        self._end_gap()
        self._sequence.clear()
        self.me.hello_soon()

    def _end_gap(self) -> None:
        if self._gap is not None:
            self._gap.cancel()
            self._gap = None

    async def _think(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            notices = list(self._notices)
            self._notices.clear()
            for notice in notices:
                for handle_notice in self._on_notice:
                    await self._call(handle_notice(self.me, notice))
            observation, self._newest = self._newest, None
            if observation is None:
                continue
            heard = list(self._heard)
            self._heard.clear()
            self.me.begin(observation)
            for message in heard:
                for handle_message in self._on_message:
                    await self._call(handle_message(self.me, message))
            for handle in self._on_observation:
                await self._call(handle(self.me, observation))
            await self._call(self.me.end(observation))

    async def _call(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Rejected as error:
            log.warning("%s: %s", self.me.id, error)
        except Exception:  # a mistake in one handler must not end the agent's life; its author sees the whole trace
            log.exception("%s: a handler failed", self.me.id)
