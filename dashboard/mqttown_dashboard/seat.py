"""One agent's connection to the broker, shared by all its HTTP requests. What it says and hears is the wire's own."""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import structlog
from pydantic import ValidationError

from mqttown.link import Address, Incoming, Link, LinkError, Refused, Will
from mqttown_contract import topics
from mqttown_contract.errors import TopicError
from mqttown_contract.messages import MemoryAnswer, Verdict
from mqttown_contract.types import DECIDED_WINDOW
from mqttown_dashboard.problems import ProblemError

__all__ = ["Heard", "Seat", "Sitter"]

HEARD_KEPT: Final = 32
"""Messages kept for readers that come back; an observation is some kilobytes."""
RESEND_SECONDS: Final = 5.0
"""No verdict within this: the same action is sent once more (docs/wire.md)."""
FAREWELL_SECONDS: Final = 1.0
MEMORY_SECONDS: Final = 10.0
BEAT_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 10.0
_AWAY: Final = (503, "unavailable", "The connection to the town has ended; try again in a moment.")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sitter:
    """Whose seat: the agent, the user name it connects by, its home district, and its key."""

    agent: str
    username: str
    district: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """One message of the town to the agent, as it came.

    Attributes:
        number: counts the messages of this seat.
        channel: `observation`, `verdict` or `notice`.
        data: the payload.
        tick: town time of the newest observation by then, for coming back.
    """

    number: int
    channel: str
    data: str
    tick: int


class Seat:
    """Speaks as one agent.

    Args:
        sitter: whose.
        address: of the broker.
        town: id.
        since: tick after which the first hello asks for what was witnessed.
    """

    def __init__(self, sitter: Sitter, address: Address, town: str, since: int | None) -> None:
        self.sitter = sitter
        self.readers = 0
        self.used = asyncio.get_running_loop().time()
        self.observation: Heard | None = None
        self.verdicts: dict[str, Verdict] = {}
        self._town = town
        self._since = since
        self._session = secrets.token_hex(6)
        self._epoch = secrets.token_hex(3)
        self._count = 0
        self._heard: deque[Heard] = deque(maxlen=HEARD_KEPT)
        self._news = asyncio.Event()
        self._asked: dict[str, None] = {}
        self._waiting: dict[str, list[asyncio.Future[Verdict]]] = {}
        self._memories: dict[str, asyncio.Future[MemoryAnswer]] = {}
        self._closing = False
        self._up = asyncio.Event()
        self._why: LinkError | None = None
        will = Will(self._out("status"), {"status": "offline", "session": self._session})
        self._link = Link(address, sitter.username, sitter.key, will=will, on_connect=self._greet, patience=PATIENCE_SECONDS)
        self._task = asyncio.create_task(self._sit(), name=f"mqttown[{sitter.username}].seat")

    @property
    def open(self) -> bool:
        """Whether it is, or is about to be, connected."""
        return not self._task.done() and not self._closing

    async def ready(self) -> None:
        """Return once connected.

        Raises:
            ProblemError: 403 if the broker will not have the key, 503 if it can't be reached.
        """
        waiting = asyncio.create_task(self._up.wait(), name="mqttown[dashboard].seat_ready")
        await asyncio.wait({waiting, self._task}, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        self._see_open()
        if not self._up.is_set():
            raise ProblemError(*_AWAY)

    @property
    def count(self) -> int:
        """Number of the newest message."""
        return self._count

    def id_of(self, heard: Heard) -> str:
        """Id of a server-sent event, by which a reader comes back."""
        return f"{self._epoch}-{heard.number}-{heard.tick}"

    def place(self, event_id: str | None) -> int | None:
        """Number of the message with this id; None if it is of another seat, or too long ago."""
        epoch, _, rest = (event_id or "").partition("-")
        number = rest.partition("-")[0]
        if epoch != self._epoch or not number.isdecimal():
            return None
        oldest = self._heard[0].number if self._heard else self._count + 1
        return int(number) if oldest - 1 <= int(number) <= self._count else None

    async def hello(self, since: int | None) -> None:
        """Ask for a fresh observation, with what was witnessed after a tick."""
        message: dict[str, Any] = {"session": self._session}
        if since is not None:
            message["since_tick"] = since
        await self._send("hello", message)

    async def after(self, number: int) -> AsyncIterator[Heard | None]:
        """Messages after this number, as they come; None after 10 s of silence. A slow reader is resynchronised."""
        last = number
        self.readers += 1
        try:
            while self.open:
                news = self._news
                for heard in [one for one in self._heard if one.number > last]:
                    if heard.number > last + 1 and last:
                        await self.hello(heard.tick)
                    last = heard.number
                    yield heard
                if self._count > last or not self.open:
                    continue
                try:
                    await asyncio.wait_for(news.wait(), BEAT_SECONDS)
                except TimeoutError:
                    yield None
        finally:
            self.readers -= 1
            self.used = asyncio.get_running_loop().time()

    async def newest(self, after: int, seconds: float) -> Heard | None:
        """The newest observation with a number above `after`; None if none came in time."""
        try:
            async with asyncio.timeout(seconds):
                while self.observation is None or self.observation.number <= after:
                    await self._wait(self._news)
        except TimeoutError:
            return None
        return self.observation

    async def act(self, action_id: str, payload: bytes, seconds: float) -> Verdict | None:
        """Send an action as it came, and wait for the town's verdict; None if none came in time."""
        future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(action_id, []).append(future)
        waited: set[asyncio.Future[Any]] = {future, self._task}
        try:
            await self._send_action(action_id, payload)
            async with asyncio.timeout(seconds):
                while not future.done():
                    done, _ = await asyncio.wait(waited, timeout=RESEND_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                    self._see_open()
                    if not done:
                        await self._send_action(action_id, payload)
        except TimeoutError:
            return None
        finally:
            waiting = self._waiting[action_id]
            waiting.remove(future)
            if not waiting:
                del self._waiting[action_id]
        return future.result()

    def undecided(self, action_id: str) -> bool:
        """Whether this action was sent and has no verdict yet."""
        return action_id in self._asked

    async def ask_memory(self, request: dict[str, Any]) -> MemoryAnswer:
        """Ask the agent's memory, as the agent.

        Raises:
            ProblemError: no answer in time.
        """
        future: asyncio.Future[MemoryAnswer] = asyncio.get_running_loop().create_future()
        self._memories[request["id"]] = future
        try:
            async with asyncio.timeout(MEMORY_SECONDS):
                await self._send("memory", request, qos=1)
                waited: set[asyncio.Future[Any]] = {future, self._task}
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
                self._see_open()
        except TimeoutError as error:
            raise ProblemError(504, "timeout", f"The memory service did not answer within {MEMORY_SECONDS:g} s.") from error
        finally:
            del self._memories[request["id"]]
        return future.result()

    def leave(self) -> None:
        """End all readers; the connection ends with `close`."""
        self._closing = True
        self._tell()

    async def close(self) -> None:
        """Say goodbye and disconnect."""
        self.leave()
        if self._link.connected:
            try:
                async with asyncio.timeout(FAREWELL_SECONDS):
                    await self._send("status", {"status": "offline", "session": self._session}, qos=1)
            except TimeoutError:
                log.info("left without a word: the connection is gone", agent=self.sitter.agent)
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _sit(self) -> None:
        agent = self.sitter
        try:
            await self._link.subscribe(topics.agent_in(self._town, agent.district, agent.agent, "+"))
            async with self._link:
                async for incoming in self._link:
                    try:
                        self._take(incoming)
                    except (TopicError, ValidationError, ValueError) as error:
                        log.warning("message not understood", topic=incoming.topic, error=str(error))
        except LinkError as error:
            log.info("a seat ends", agent=agent.agent, why=str(error))
            self._why = error
        finally:
            self._tell()

    async def _greet(self, link: Link) -> None:
        message: dict[str, Any] = {"session": self._session}
        since = self._since if self.observation is None else self.observation.tick
        if since is not None:
            message["since_tick"] = since
        await link.publish(self._out("hello"), message)
        self._up.set()

    def _take(self, incoming: Incoming) -> None:
        channel = topics.parse(incoming.topic).channel
        if channel == "memory":
            answer = MemoryAnswer.model_validate_json(incoming.payload)
            future = self._memories.get(answer.id or "")
            if future is not None and not future.done():
                future.set_result(answer)
            return
        if channel not in {"observation", "verdict", "notice"}:
            return
        self._count += 1
        known = self.observation.tick if self.observation else self._since or 0
        tick = orjson.loads(incoming.payload)["tick"] if channel == "observation" else known
        heard = Heard(self._count, channel, incoming.payload.decode(), tick)
        self._heard.append(heard)
        if channel == "observation":
            self.observation = heard
        elif channel == "verdict":
            self._judged(Verdict.model_validate_json(incoming.payload))
        self._tell()

    def _judged(self, verdict: Verdict) -> None:
        if verdict.action_id is None:
            return
        self._asked.pop(verdict.action_id, None)
        self.verdicts.pop(verdict.action_id, None)
        self.verdicts[verdict.action_id] = verdict
        if len(self.verdicts) > DECIDED_WINDOW:
            del self.verdicts[next(iter(self.verdicts))]
        for future in self._waiting.get(verdict.action_id, ()):
            if not future.done():
                future.set_result(verdict)

    async def _send_action(self, action_id: str, payload: bytes) -> None:
        try:
            async with asyncio.timeout(RESEND_SECONDS):
                await self._link.publish(self._out("action"), payload, qos=1)
        except TimeoutError:
            self._see_open()
            raise ProblemError(*_AWAY) from None
        self._ask(action_id)

    def _ask(self, action_id: str) -> None:
        self._asked[action_id] = None
        if len(self._asked) > DECIDED_WINDOW:
            del self._asked[next(iter(self._asked))]

    async def _wait(self, news: asyncio.Event) -> None:
        self._see_open()
        await news.wait()
        self._see_open()

    def _see_open(self) -> None:
        """Raise why this seat is none any more, if so.

        Raises:
            ProblemError: 403 if the broker would not have the key, else 503.
        """
        if isinstance(self._why, Refused):
            raise ProblemError(403, "not_allowed", "The broker does not let this key in.") from self._why
        if not self.open:
            raise ProblemError(*_AWAY)

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _send(self, channel: str, message: dict[str, Any], qos: int = 0) -> None:
        await self._link.publish(self._out(channel), message, qos=qos)

    def _out(self, channel: str) -> str:
        return topics.agent_out(self._town, self.sitter.district, self.sitter.agent, channel)
