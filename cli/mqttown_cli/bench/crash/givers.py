"""Agents that give each other a coin an action, whatever becomes of the town meanwhile; writes the history of what they were told.

Run as `python -m mqttown_cli.bench.crash.givers AGENTS.json HISTORY.jsonl`. It says `giving` when all have connected, goes on until
its standard input is closed, waits until nothing is undecided, asks everybody for its purse, and ends. The lines of the history are
operations, see `history.py`, in the order in which they happened; `info` are `start`, `resend`, `doubt` (a decided action sent
again), `lost` connection, `refused`, new `generation` and final `purse`.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TextIO, cast

import orjson
import uvloop

from mqttown_cli.bench import packets
from mqttown_cli.bench.history import Operation
from mqttown_contract import topics

__all__ = ["Giver", "main"]

Type = Literal["invoke", "ok", "fail", "info"]
LUCK: Final = random.Random()  # noqa: S311  load, no secret
IN_FLIGHT: Final = 8
PATIENCE_SECONDS: Final = 5.0
"""Without a verdict for so long, an action is sent again."""
RECONNECT_SECONDS: Final = (1.0, 3.0)
"""Between two connections, chosen at random: a broker that has just come up is not overrun."""
FULL_HASTE: Final = 500
"""Up to so many agents each gives at its own pace; more together give no more often, since the machine could not judge it."""
PAUSE_SECONDS: Final = 3.0
"""Between two handfuls of coins, on the average."""
DOUBTS: Final = 0.03
"""So often an agent sends a decided action once more; a new generation makes each doubt its newest one."""
TURN_SECONDS: Final = 0.05
KEEP_ALIVE_SECONDS: Final = 600
LAST_SECONDS: Final = 60.0


class History:
    """What happened, line by line."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def add(self, type_: Type, f: str, agent: str, identity: str = "", **value: Any) -> None:
        """Write a line, at once: others look at the file while we write."""
        self._out.write(Operation(time.time(), agent, type_, f, identity, value).to_line())
        self._out.flush()


@dataclass
class Giver:
    """One agent.

    Attributes:
        to: who gets its coins.
        pending: when each undecided action was sent last, monotonic seconds.
        generation: of the town, as far as it knows.
        purse: as observed in answer to the newest hello, with the observation's tick.
        tick: of the newest verdict.
        newest: action that was decided last.
        pause: seconds between gifts, in the mean.
        next_gift: monotonic seconds.
        sent, connections: how many there were.
    """

    id: str
    key: str
    district: str
    to: str
    town: str
    history: History
    pending: dict[str, float] = field(default_factory=dict)
    count: int = 0
    generation: int = 0
    purse: tuple[int, int] | None = None
    tick: int = 0
    observed: asyncio.Event = field(default_factory=asyncio.Event)
    newest: str | None = None
    session: "Session | None" = None
    pause: float = PAUSE_SECONDS
    next_gift: float = 0.0
    sent: int = 0
    connections: int = 0

    def act(self, now: float, *, giving: bool) -> None:
        """Send again what is overdue, and now and then a handful of new coins."""
        if self.session is None:
            return
        for identity, sent in list(self.pending.items()):
            if now - sent > PATIENCE_SECONDS:
                self.pending[identity] = now
                self._give(identity, "resend")
        if giving and now >= self.next_gift:
            self.next_gift = now + LUCK.expovariate(1 / self.pause)
            for _ in range(LUCK.randint(1, IN_FLIGHT) - len(self.pending)):
                self.count += 1
                self.pending[f"coin-{self.count}"] = now
                self._give(f"coin-{self.count}", "invoke")

    def greet(self) -> None:
        """Say hello; the purse is unknown until it is answered."""
        self.purse = None
        if self.session is not None:
            self.session.publish(self._out("hello"), {"detail": "brief"})

    def met(self, session: "Session") -> None:
        """There is a connection, and it is subscribed."""
        self.session = session
        self.greet()

    def lost(self) -> None:
        """The connection is gone."""
        if self.session is not None:
            self.session = None
            self.history.add("info", "lost", self.id)

    def hear(self, channel: str, message: dict[str, Any]) -> None:
        """Take in what the town says."""
        match channel:
            case "verdict":
                self._verdict(message)
            case "observation" if message["seq"] == 1:
                self.purse = message["observation"]["self"]["purse"], message["tick"]
                self.observed.set()
            case "status" if message["status"] == "online" and message["generation"] > self.generation:
                self._new_generation(message["generation"])

    def _verdict(self, message: dict[str, Any]) -> None:
        identity = message["action_id"]
        told = {name: message[name] for name in ("status", "code", "detail", "tick", "events", "generation")}
        del told["status"]
        self.history.add("ok" if message["status"] == "accepted" else "fail", "give", self.id, identity, **told)
        self.tick = max(self.tick, message["tick"])
        if message["code"] == "rate_limited":  # not remembered: the same id is judged anew
            self.pending[identity] = time.monotonic() - PATIENCE_SECONDS + message["retry_after"]
            return
        self.newest = identity
        if self.pending.pop(identity, None) is not None and LUCK.random() < DOUBTS:
            self._give(identity, "doubt")

    def _new_generation(self, generation: int) -> None:
        first, self.generation = self.generation == 0, generation
        if first:
            return
        self.history.add("info", "generation", self.id, generation=generation)
        self.greet()
        now = time.monotonic()
        for identity in self.pending:
            self.pending[identity] = now
            self._give(identity, "resend")
        if self.newest is not None:
            self._give(self.newest, "doubt")

    def _give(self, identity: str, kind: str) -> None:
        if self.session is None:  # heard on a connection that is just lost; what is pending is sent again on the next
            return
        self.sent += 1
        place = {"connection": self.session.name, "number": self.sent}
        self.history.add(
            "invoke" if kind == "invoke" else "info",
            "give" if kind == "invoke" else kind,
            self.id,
            identity,
            to=self.to,
            amount=1,
            **place,
        )
        action = {"id": identity, "action": "give", "parameters": {"to": self.to, "amount": 1}}
        self.session.publish(self._out("action"), action)

    def _out(self, channel: str) -> str:
        return topics.agent_out(self.town, self.district, self.id, channel)


class Session(asyncio.Protocol):
    """One connection of a giver. `ended` is done when it is gone."""

    def __init__(self, giver: Giver) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._giver = giver
        giver.connections += 1
        self.name = f"{giver.id}/{giver.connections}"
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        self._transport.write(packets.connect(self._giver.id, self._giver.key, KEEP_ALIVE_SECONDS))

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell the giver."""
        self._giver.lost()
        if not self.ended.done():  # as it is when we end ourselves
            self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Take packet by packet."""
        self._buffer += data
        while (packet := packets.take(self._buffer)) is not None:
            self._packet(*packet)

    def publish(self, topic: str, message: dict[str, Any]) -> None:
        """Send at QoS 0; whether it arrives is what verdicts are for."""
        assert self._transport is not None
        self._transport.write(packets.publish(topic, orjson.dumps(message)))

    def leave(self) -> None:
        """Disconnect."""
        assert self._transport is not None
        self._transport.write(packets.DISCONNECT)
        self._transport.close()

    def _packet(self, kind: int, body: bytes) -> None:
        assert self._transport is not None
        giver = self._giver
        match kind & 0xF0:
            case packets.CONNACK if body[1] != 0:  # the town may not know its agents yet
                self._transport.close()
            case packets.CONNACK:
                inward = topics.agent_in(giver.town, giver.district, giver.id, "+")
                self._transport.write(packets.subscribe(inward, topics.world(giver.town, "status")))
            case packets.SUBACK if any(body[2:]):
                self._transport.close()
            case packets.SUBACK:
                giver.met(self)
            case packets.PUBLISH:
                topic, payload = packets.delivered(body)
                giver.hear(topic.rpartition(b"/")[2].decode(), orjson.loads(payload))


async def stay_connected(giver: Giver, host: str, port: int) -> None:
    """Connect, and again after a while whenever that ends."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            _transport, session = await loop.create_connection(lambda: Session(giver), host, port)
            await session.ended
        except OSError as error:
            giver.history.add("info", "refused", giver.id, why=str(error))
        await asyncio.sleep(LUCK.uniform(*RECONNECT_SECONDS))


async def purses(givers: list[Giver], kind: str, since_tick: int = 0) -> None:
    """Wait until everybody has observed its purse, and write it down."""
    async with asyncio.timeout(LAST_SECONDS):
        for giver in givers:
            while giver.purse is None or giver.purse[1] < since_tick:
                giver.observed.clear()
                await giver.observed.wait()
            giver.history.add("info", kind, giver.id, purse=giver.purse[0], tick=giver.purse[1])


async def live(known: dict[str, Any], history: History) -> None:
    """Connect everybody, give until standard input ends, come to rest, ask for the purses.

    Raises:
        TimeoutError: some gifts have no verdict long after the end.
    """
    pause = PAUSE_SECONDS * max(1.0, len(known["agents"]) / FULL_HASTE)
    began = time.monotonic()
    givers = [
        Giver(town=known["town"], history=history, pause=pause, next_gift=began + LUCK.uniform(0, pause - PAUSE_SECONDS), **agent)
        for agent in known["agents"]
    ]
    connections = [asyncio.create_task(stay_connected(giver, known["host"], known["port"]), name=giver.id) for giver in givers]
    await purses(givers, "start")
    sys.stdout.write("giving\n")
    sys.stdout.flush()
    asked = asyncio.create_task(asyncio.to_thread(sys.stdin.read), name="stdin")
    deadline = float("inf")
    while not asked.done() or any(giver.pending for giver in givers):
        await asyncio.sleep(TURN_SECONDS)
        now = time.monotonic()
        if asked.done():
            deadline = min(deadline, now + LAST_SECONDS)
        if now > deadline:
            undecided = {giver.id: sorted(giver.pending) for giver in givers if giver.pending}
            raise TimeoutError(f"no verdict within {LAST_SECONDS:.0f} s: {undecided}")
        for giver in givers:
            giver.act(now, giving=not asked.done())
    for giver in givers:
        giver.greet()
    await purses(givers, "purse", max(giver.tick for giver in givers))
    for connection in connections:
        connection.cancel()
    for giver in givers:
        if giver.session is not None:
            giver.session.leave()


def main() -> None:
    """Read the agents, write the history."""
    agents, history = map(Path, sys.argv[1:])
    with history.open("w", encoding="utf-8") as out:
        uvloop.run(live(json.loads(agents.read_text(encoding="utf-8")), History(out)))


if __name__ == "__main__":
    main()
