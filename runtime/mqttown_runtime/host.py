"""A host: lends hosted agents a connection, shows their minds what they observe, and says what they decide."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from mqttown.link import Incoming, Link
from mqttown_agents.mind import Mind, Thinker
from mqttown_contract import topics
from mqttown_contract.errors import TopicError
from mqttown_runtime.deliberation import Deliberations
from mqttown_runtime.recollection import Recollection
from mqttown_runtime.seat import RESEND_SECONDS, Seat, Sent

__all__ = ["Host"]

log = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 0.5
_CARDS_SECONDS: Final = 3.0
"""Whose card has not come by then is asked for again, and again after twice as long each time."""
_CARDS_AT_LAST_SECONDS: Final = 60.0
_GOODBYE_SECONDS: Final = 1.0


class Host:
    """Runs minds over one connection.

    An agent takes its seat once the town has published its card, which tells the home district that its topics are made of.
    Whoever takes time to think or to recall overhears what comes meanwhile, and decides on the newest observation; in lockstep on
    each. So a host that can't keep pace with the town's clock neither falls further and further behind nor fills its memory.

    Args:
        town: town id.
        link: our connection; its `on_connect` must call `connected`.
        minds: by agent id, everybody placed here from the start.
        session: of this host's life.
        lockstep: whether every observation is answered, and the town waits for it.
        hold_waits: in live mode, don't send a `wait` that changes nothing.
        recollection: the way to the memory service.
        deliberations: the way to a decision for those who take time to think.
        failed: told whose mind failed and how; says whether somebody looks after that. If nobody does, the whole host fails.
        whose: home district and id of the one agent that the connection is for; everybody's without it.
        all_here: called once, when every hello has been answered.

    Attributes:
        decided, rejected, resent, held: actions decided on, refused by the town, sent again, held back.
    """

    def __init__(
        self,
        town: str,
        link: Link,
        minds: Mapping[str, Mind | Thinker],
        session: str,
        recollection: Recollection,
        deliberations: Deliberations,
        all_here: Callable[[], None],
        *,
        failed: Callable[[str, Exception], bool] = lambda _agent, _error: False,
        whose: tuple[str, str] = ("+", "+"),
        lockstep: bool = False,
        hold_waits: bool = True,
    ) -> None:
        self.decided = self.rejected = self.resent = self.held = 0
        self._town = town
        self._link = link
        self._minds = dict(minds)
        self._failed = failed
        self._whose = whose
        self._cards: dict[str, str] = {}
        self._ask_for_cards_after = _CARDS_SECONDS
        self._session = session
        self._recollection = recollection
        self._deliberations = deliberations
        self._all_here = all_here
        self._lockstep = lockstep
        self._hold_waits = hold_waits and not lockstep
        self._seats: dict[str, Seat] = {}
        self._awaited = set(minds)
        self._group = asyncio.TaskGroup()
        self._workers: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Host until cancelled."""
        await self._link.subscribe(
            topics.world(self._town, "status"),
            topics.agent(self._town, *self._whose, "card"),
            topics.agent_in(self._town, *self._whose, "+"),
        )
        if not self._awaited:
            self._all_here()
        async with self._group:
            watch = self._group.create_task(self._watch(), name="host.watch")
            async for message in self._link:
                await self._take(message)
            watch.cancel()

    @property
    def minds(self) -> Mapping[str, Mind | Thinker]:
        """Everybody who is hosted now."""
        return self._minds

    async def goodbye(self) -> None:
        """Tell the town that all our agents are away."""
        async with asyncio.timeout(_GOODBYE_SECONDS):
            for seat in self._seats.values():
                await self._part(seat)

    async def admit(self, agent: str, mind: Mind | Thinker) -> None:
        """Host one more, or one anew with another mind; it takes its seat as soon as its card is known."""
        await self.dismiss(agent)
        self._minds[agent] = mind
        self._ask_for_cards_after = _CARDS_SECONDS
        if agent in self._cards:
            await self._seat(agent, self._cards[agent])

    async def dismiss(self, agent: str) -> None:
        """Host somebody no more; nothing happens if they are not here."""
        self._minds.pop(agent, None)
        self._arrive(agent)
        seat = self._seats.get(agent)
        self._unseat(agent)
        if seat is not None and self._link.connected:
            await self._part(seat)

    async def _part(self, seat: Seat) -> None:
        await self._link.publish(seat.out("status"), {"status": "offline", "session": seat.session})

    async def connected(self) -> None:
        """Say hello again for everybody: while we were away, things were said that we have not heard."""
        for seat in list(self._seats.values()):
            await self._greet(seat)

    async def _take(self, message: Incoming) -> None:
        try:
            topic = topics.parse(message.topic)
        except TopicError:
            log.warning("a topic that is none of the town's", topic=message.topic)
            return
        if topic.scope == "world":
            await self._status(message.json())
        elif topic.subject is not None and topic.district is not None:
            if topic.channel == "card":
                await self._card(topic.subject, topic.district, bool(message.payload))
            elif topic.direction == "in" and topic.subject in self._seats:
                await self._told(self._seats[topic.subject], topic.channel, json.loads(message.payload))

    async def _status(self, status: Mapping[str, Any]) -> None:
        """A town that has come up again forgets who is online."""
        if status["status"] != "online":
            return
        for seat in list(self._seats.values()):
            if seat.generation is not None and status["generation"] > seat.generation:
                await self._greet(seat)

    async def _card(self, agent: str, district: str, present: bool) -> None:
        if not present:
            self._cards.pop(agent, None)
            self._unseat(agent)
            return
        self._cards[agent] = district
        if agent in self._minds and agent not in self._seats:
            await self._seat(agent, district)

    async def _seat(self, agent: str, district: str) -> None:
        seat = self._seats[agent] = Seat(self._town, district, agent, self._minds[agent], self._session)
        self._workers[agent] = self._group.create_task(self._live(seat), name=f"host.live[{agent}]")
        await self._greet(seat)

    def _unseat(self, agent: str) -> None:
        self._seats.pop(agent, None)
        worker = self._workers.pop(agent, None)
        if worker is not None:
            worker.cancel()

    async def _told(self, seat: Seat, channel: str, message: Mapping[str, Any]) -> None:
        if channel == "memory":
            self._recollection.answered(seat.agent, message)
            return
        if channel == "thought":
            self._deliberations.answered(seat.agent, message)
            return
        if channel not in ("observation", "verdict", "notice"):
            return
        if seat.count(message, asyncio.get_running_loop().time()):
            await self._greet(seat)
        if channel == "verdict":
            self._judged(seat, message)
        elif channel == "observation":
            if message["seq"] == 1:
                seat.greeted_at = None
                self._arrive(seat.agent)
            seat.tick = message["tick"]
            seat.inbox.put_nowait(message)

    def _arrive(self, agent: str) -> None:
        if agent in self._awaited:
            self._awaited.discard(agent)
            if not self._awaited:
                self._all_here()

    def _judged(self, seat: Seat, verdict: Mapping[str, Any]) -> None:
        if verdict["status"] == "rejected":
            self.rejected += 1
            log.debug("rejected", agent=seat.agent, action=verdict["action_id"], code=verdict["code"], detail=verdict["detail"])
            if verdict["code"] in ("rate_limited", "quarantined"):
                return  # Judged anew when it is sent again.
        seat.undecided.pop(str(verdict["action_id"]), None)
        if isinstance(seat.mind, Thinker):
            seat.mind.judged(verdict)

    async def _live(self, seat: Seat) -> None:
        """Decide on one observation after the other."""
        while True:
            observation = await seat.inbox.get()
            try:
                action = await self._decide(seat, observation)
            except Exception as error:
                if not self._failed(seat.agent, error):
                    raise
                log.exception("a mind failed", agent=seat.agent)
                return
            self.decided += 1
            if self._hold_waits and action["action"] == "wait" and not action["parameters"]:
                self.held += 1
                continue
            seat.undecided[action["id"]] = Sent(action, asyncio.get_running_loop().time())
            await self._link.publish(seat.out("action"), action, qos=1)

    async def _decide(self, seat: Seat, observation: Mapping[str, Any]) -> dict[str, Any]:
        mind = seat.mind
        while not self._lockstep and not seat.inbox.empty():
            mind.overhear(observation)
            observation = seat.inbox.get_nowait()
        if isinstance(mind, Thinker):
            return await self._deliberations.decide(seat, mind, observation)
        question = mind.question(observation)
        memories = await self._recollection.recall(seat, question) if question is not None else []
        return mind.decide(observation, memories)

    async def _greet(self, seat: Seat) -> None:
        await self._link.publish(
            seat.out("hello"), seat.hello(lockstep=self._lockstep, now=asyncio.get_running_loop().time()), qos=1
        )

    async def _watch(self) -> None:
        """Send again what has no answer, and ask again for cards that have not come."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if len(self._seats) < len(self._minds) and loop.time() - asked > self._ask_for_cards_after:
                asked = loop.time()
                self._ask_for_cards_after = min(2 * self._ask_for_cards_after, _CARDS_AT_LAST_SECONDS)
                await self._link.subscribe_again(topics.agent(self._town, *self._whose, "card"))
            for seat in list(self._seats.values()):
                if seat.lost_something(loop.time()):
                    await self._greet(seat)
                await self._resend(seat, loop.time())

    async def _resend(self, seat: Seat, now: float) -> None:
        """Send actions again with the same id; in lockstep a tick may well take longer, so only an unanswered hello says so."""
        if self._lockstep and seat.greeted_at is None:
            return
        for sent in list(seat.undecided.values()):
            if now - sent.at > RESEND_SECONDS:
                sent.at = now
                self.resent += 1
                await self._link.publish(seat.out("action"), sent.payload, qos=1)
