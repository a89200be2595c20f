"""The gate in front of NATS: answers each CONNECT, and ends connections whose credential has ended."""

import asyncio
import contextlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from mqttown_broker.bans import Allowance, Bans
from mqttown_broker.credentials import Credential
from mqttown_broker.jwt import Signer, read_claims
from mqttown_broker.limits import Limits
from mqttown_broker.login import Admission, CredentialSource, Login, Refused, admit, is_known_service, still_valid
from mqttown_broker.nats import AUTH_SECONDS, CONNECTION_TYPES, MAX_PACKET_BYTES, TOWN_ACCOUNT, NatsServer, permissions
from mqttown_broker.post import Post
from mqttown_broker.waiting import Waiting
from mqttown_broker.watch import Spoken

__all__ = ["Gate"]

log = structlog.get_logger(__name__)

Connection = tuple[str, int]
"""Id of the server, and the connection's number there."""
NOTED_A_SECOND: Final = 5
CONNECTS_AT_ONCE: Final = 20.0
"""So often an agent may come again at once, before its rate counts."""
STRANGERS_A_SECOND: Final = 200.0
STRANGERS_AT_ONCE: Final = 1_000.0
"""Keys that are not in memory cost a question to the database: so many of them from one address."""
TIDY_SECONDS: Final = 60.0


class Gate:
    """Serves the auth callout of one NATS server, or of several that are one cluster.

    Args:
        servers: started servers with the same keys.
        town: id of the town that the grants are for.
        source: where credentials come from. Call `review` when one of a name's may have changed.
        limits: how much one agent or address may take of the broker, over all servers.

    Attributes:
        posts: one at each server, in their order; one is `deaf` once nobody can connect there any more.
        used: when a name and tag last came in; for whoever keeps it, who may empty it.
        counts: connections refused, kicked and banned so far.
    """

    def __init__(self, servers: Sequence[NatsServer], town: str, source: CredentialSource, limits: Limits | None = None) -> None:
        self._town = town
        self._source = source
        self._signer = Signer(servers[0].keys.issuer)
        self._live: dict[str, dict[Connection, Admission]] = {}
        self._names: dict[Connection, str] = {}
        self._waiting: Waiting[tuple[Msg, dict[str, Any]]] = Waiting(AUTH_SECONDS)
        self._answers: set[asyncio.Task[None]] = set()
        self._limits = limits or Limits()
        self._bans = Bans()
        self._connects = Allowance(self._limits.agent_connects, CONNECTS_AT_ONCE)
        self._strangers = Allowance(STRANGERS_A_SECOND, STRANGERS_AT_ONCE)
        self._messages = Allowance(self._limits.messages, self._limits.message_burst)
        self._bytes = Allowance(self._limits.bytes, self._limits.byte_burst)
        self._steady: list[asyncio.Task[None]] = []
        self.posts = [self._post(server) for server in servers]
        self.used: dict[tuple[str, str], float] = {}
        self.counts = {"refused": 0, "kicked": 0, "banned": 0}
        self._noted_second, self._noted, self._unnoted = 0, 0, 0

    async def start(self) -> None:
        """Connect and serve. From the return on, agents can connect."""
        await asyncio.gather(*(post.start() for post in self.posts))
        self._steady = [asyncio.create_task(self._answer_all(), name="gate"), asyncio.create_task(self._tidy(), name="tidy gate")]

    async def stop(self) -> None:
        """Stop serving; live connections stay."""
        tasks = [*self._steady, *self._answers]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for post in self.posts:
            await post.stop()

    async def leave(self, number: int) -> None:
        """Give up a server that has ended, and with it its connections."""
        post = self.posts[number]
        await post.stop()
        for connection in [one for one in self._names if one[0] == post.server_id]:
            self._gone(connection)

    async def attend(self, number: int, server: NatsServer) -> None:
        """Serve a server that was started again."""
        self.posts[number] = post = self._post(server)
        await post.start()

    def _post(self, server: NatsServer) -> Post:
        return Post(server, self._asked, self._forget, self._spoken, self._limits)

    def live(self, name: str | None = None) -> int:
        """How many connections a name has now; without a name, how many there are."""
        return len(self._names) if name is None else len(self._live.get(name, {}))

    async def review(self, name: str | None) -> None:
        """End the live connections of a name, or of all names, whose credential is changed, revoked or expired."""
        names = [name] if name is not None else sorted(self._live)
        ended = [
            (connection, admission)
            for one in names
            for connection, admission in self._live.get(one, {}).items()
            if not still_valid(self._source, admission)
        ]
        for connection, admission in ended:
            await self._kick(connection, admission)

    async def cut_off(self, who: str, why: str) -> None:
        """End all connections of an agent, or of spectators at `@address`, and keep them out for a while."""
        seconds = self._bans.ban(who)
        self.counts["banned"] += 1
        log.warning("cut off", who=who, why=why, seconds=seconds)
        for connection, admission in list(self._live.get(who, {}).items()):
            await self._kick(connection, admission)

    async def _spoken(self, server: str, all_spoken: list[Spoken]) -> None:
        """Pour what each has published into its bucket, and cut off whose bucket runs over."""
        for one in all_spoken:
            who = self._names.get((server, one.connection))
            admission = self._live.get(who or "", {}).get((server, one.connection))
            if who is None or admission is None or _is_service(admission):
                continue
            if one.subscriptions > self._limits.subscriptions:
                await self.cut_off(who, f"{one.subscriptions} subscriptions")
            elif not self._messages.take(who, one.messages):
                await self.cut_off(who, f"{one.messages} messages in a second")
            elif not self._bytes.take(who, one.bytes):
                await self.cut_off(who, f"{one.bytes} bytes in a second")

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(TIDY_SECONDS)
            self._bans.forget()
            for allowance in (self._connects, self._strangers, self._messages, self._bytes):
                allowance.forget()
            log.info("gate", connections=self.live(), late=self._waiting.late, **self.counts)

    async def _kick(self, connection: Connection, admission: Admission) -> None:
        post = next((post for post in self.posts if post.server_id == connection[0]), None)
        if post is None:  # its server has ended, and was started again
            return
        try:
            error = await post.kick(connection[1])
        except NatsError as failure:
            # Better a new start, which ends all connections, than one alive that should not be.
            log.error("a connection could not be ended", user=admission.login.username, error=repr(failure))  # noqa: TRY400
            post.deaf.set()
            return
        self.counts["kicked"] += error is None
        # An unknown connection has ended by itself in the meantime.
        log.info("connection ended", user=admission.login.username, error=error)

    async def _asked(self, message: Msg) -> None:
        asked = read_claims(message.data)["nats"]
        self._waiting.add((message, asked), first=is_known_service(self._source, _login(asked)))

    async def _answer_all(self) -> None:
        while True:
            message, asked = await self._waiting.next()
            # A task each: one that has to ask the database must not hold up the others.
            task = asyncio.create_task(self._answer(message, asked))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)
            await asyncio.sleep(0)  # who has come meanwhile takes their place first

    async def _answer(self, message: Msg, asked: dict[str, Any]) -> None:
        user: str = asked["user_nkey"]
        answer: dict[str, Any] = {"type": "authorization_response", "version": 2}
        try:
            answer["jwt"] = await self._admit(asked)
        except Refused as refusal:
            self.counts["refused"] += 1
            self._note(refusal, asked["client_info"].get("host", ""))
            answer["error"] = "refused"
        token = self._signer.sign({"sub": user, "aud": asked["server_id"]["id"], "iat": int(time.time()), "nats": answer})
        with contextlib.suppress(NatsError):  # the server has gone, and with it whoever asked
            await message.respond(token.encode())

    def _note(self, refusal: Refused, client: str) -> None:
        """Log a refusal, but not more of them in a second than a person can read."""
        second = int(time.monotonic())
        if second != self._noted_second:
            if self._unnoted:
                log.info("refused more", times=self._unnoted)
            self._noted_second, self._noted, self._unnoted = second, 0, 0
        if self._noted < NOTED_A_SECOND:
            self._noted += 1
            log.info("refused", why=str(refusal), client=client)
        else:
            self._unnoted += 1

    async def _admit(self, asked: dict[str, Any]) -> str:
        client = asked["client_info"]
        if client.get("type") != "mqtt":
            raise Refused(f"connection type {client.get('type')!r} is not MQTT")
        login = _login(asked)
        address = str(client.get("host", ""))
        admission = await admit(_Guarded(self._source, self._strangers, address), self._town, login)
        await self._hold_to_limits(admission, address)
        self._remember((str(asked["server_id"]["id"]), int(client["id"])), admission, address)
        return self._user_token(asked["user_nkey"], admission)

    async def _hold_to_limits(self, admission: Admission, address: str) -> None:
        """See that somebody who may come in does not come too often or in too great a number.

        Raises:
            Refused: it does, or is kept out for having done so.
        """
        if _is_service(admission):
            return
        if len(self._names) >= self._limits.connections:
            raise Refused(f"{self._limits.connections} are connected, and no more may be")
        who = _who(admission, address)
        if left := self._bans.left(who):
            raise Refused(f"{who} is kept out for {left:.0f} s more")
        credential = admission.credential
        cap = self._limits.address_connections if credential is None else self._limits.agent_connections
        if self.live(who) >= cap:
            raise Refused(f"{who} has {cap} connections, and may have no more")
        if credential is not None and not self._connects.take(who):
            await self.cut_off(who, f"connects again more than {self._limits.agent_connects:g} times a second")
            raise Refused(f"{who} connects too often")

    def _user_token(self, user: str, admission: Admission) -> str:
        expires = admission.credential.expires if admission.credential is not None else None
        claims: dict[str, Any] = {
            "sub": user,
            "aud": TOWN_ACCOUNT,
            "name": admission.login.username or "spectator",
            "iat": int(time.time()),
            "nats": {
                "type": "user",
                "version": 2,
                **permissions(admission.grants),
                "subs": self._limits.subscriptions,
                "data": -1,
                "payload": MAX_PACKET_BYTES,
                "allowed_connection_types": CONNECTION_TYPES,
            },
        }
        if expires is not None:
            claims["exp"] = math.ceil(expires.timestamp())  # the server ends the connection then; it counts whole seconds
        return self._signer.sign(claims)

    def _remember(self, connection: Connection, admission: Admission, address: str) -> None:
        name = _who(admission, address)
        if admission.credential is not None:
            self.used[name, admission.credential.tag] = time.time()
        self._live.setdefault(name, {})[connection] = admission
        self._names[connection] = name

    async def _forget(self, message: Msg) -> None:
        told = json.loads(message.data)
        self._gone((str(told["server"]["id"]), int(told["client"]["id"])))

    def _gone(self, connection: Connection) -> None:
        name = self._names.pop(connection, None)
        if name is None:
            return
        connections = self._live[name]
        del connections[connection]
        if not connections:
            del self._live[name]


class _Guarded:
    """A source that lets one address ask for only so much that is not in memory."""

    def __init__(self, source: CredentialSource, allowance: Allowance, address: str) -> None:
        self._source = source
        self._allowance = allowance
        self._address = address

    def known(self, name: str) -> Mapping[str, Credential] | None:
        return self._source.known(name)

    async def read(self, name: str) -> Mapping[str, Credential] | None:
        if not self._allowance.take(self._address):
            raise Refused("too many wrong keys from this address")
        return await self._source.read(name)


def _login(asked: dict[str, Any]) -> Login:
    options = asked["connect_opts"]
    return Login(options.get("user", ""), options.get("pass", ""), asked["client_info"].get("mqtt_id", ""))


def _who(admission: Admission, address: str) -> str:
    """Under which name somebody's connections are counted: an agent's own, or a spectator's address."""
    return admission.login.username.partition("~")[0] if admission.credential is not None else f"@{address}"


def _is_service(admission: Admission) -> bool:
    return admission.credential is not None and admission.credential.kind == "service"
