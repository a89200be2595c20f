"""Somebody else's broker by URL: whether it lets us in, and the rules that its operator has to enter."""

import asyncio
import ipaddress
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from mqttown_broker import grants
from mqttown_broker.grants import Grants
from mqttown_broker.nats import BrokerError
from mqttown_broker.suite import SUITE_VERSION, Finding
from mqttown_contract.types import SERVICES

__all__ = ["RemoteBroker", "mosquitto_acl", "prove", "require_proof", "rules"]

CONNECT_SECONDS: Final = 5.0
_WHEN: Final = " (asked for with --public and of a broker on another machine)"
_REASONS: Final = {
    1: "it does not speak MQTT 3.1.1",
    2: "it refuses the client id",
    3: "it is not available",
    4: "it does not know this user name and password",
    5: "it does not let this user in",
}


@dataclass(frozen=True, slots=True)
class RemoteBroker:
    """A broker that we neither start nor stop.

    Attributes:
        host: name or address.
        port: TCP port of MQTT.
        username: '' for none.
        password: of that user.
    """

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Take `mqtt://user:password@host:port` apart.

        Raises:
            BrokerError: it is not of that form.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or 1883
        except ValueError as error:
            raise BrokerError(f"--broker {url.partition('@')[2] or url!r}: {error}") from error
        if parts.scheme != "mqtt" or not parts.hostname:
            raise BrokerError("--broker takes nats, mosquitto, amqtt, or a URL like mqtt://user:password@host:1883")
        return cls(parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""))

    @property
    def on_this_machine(self) -> bool:
        """Whether it is reached by loopback."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name, which may lead anywhere
            return False

    async def check(self) -> None:
        """Connect once and leave.

        Raises:
            BrokerError: it can't be reached or does not let us in.
        """
        where = f"the broker at {self.host}:{self.port}"
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(self.host, self.port)
                try:
                    writer.write(self._connect_packet())
                    answer = await reader.readexactly(4)
                    writer.write(b"\xe0\x00")  # DISCONNECT
                    await writer.drain()
                finally:
                    writer.close()
                    await writer.wait_closed()
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise BrokerError(f"{where} can't be reached: {str(error) or type(error).__name__}") from error
        if answer[0] != 0x20 or answer[3] != 0:
            raise BrokerError(f"{where} refuses us: {_REASONS.get(answer[3], f'code {answer[3]}')}")

    def _connect_packet(self) -> bytes:
        """CONNECT of MQTT 3.1.1, section 3.1: clean session, 10 s keep-alive, client id = user name."""
        flags = 0x02 | (0xC0 if self.username else 0)
        body = _text("MQTT") + bytes([4, flags, 0, 10]) + _text(self.username)
        if self.username:
            body += _text(self.username) + _text(self.password)
        length, size = len(body), b""
        while length >= 0x80:
            size += bytes([length & 0x7F | 0x80])
            length >>= 7
        return b"\x10" + size + bytes([length]) + body


def prove(file: Path, broker: RemoteBroker, town: str, findings: Iterable[Finding]) -> bool:
    """Write down what the grants suite found about a broker; return whether it holds all of it."""
    cases = {found.case: found.problem or "held" for found in findings}
    held = all(word == "held" for word in cases.values())
    proof = {
        "suite": SUITE_VERSION, "host": broker.host, "port": broker.port, "town": town, "held": held,
        "when": datetime.now(UTC).isoformat(timespec="seconds"), "cases": cases,
    }  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(proof, indent=1), encoding="utf-8")
    return held


def require_proof(file: Path, broker: RemoteBroker, town: str) -> None:
    """See that the grants suite has passed against a broker: asked with `--public`, and of one on another machine.

    Raises:
        BrokerError: it has not, or that was another broker, town or suite.
    """
    how = f"run mqttown broker check against it first; see docs/broker.md ({file})"
    try:
        proof = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BrokerError(f"nobody has shown that {broker.host}:{broker.port} holds the grants{_WHEN}; {how}") from None
    wanted = {"suite": SUITE_VERSION, "host": broker.host, "port": broker.port, "town": town}
    other = [name for name, value in wanted.items() if proof.get(name) != value]
    if other:
        raise BrokerError(f"the check that was made{_WHEN} is of another {', '.join(other)}; {how}")
    if not proof.get("held"):
        lacking = [case for case, word in proof["cases"].items() if word != "held"]
        raise BrokerError(
            f"{broker.host}:{broker.port} did not hold: {'; '.join(lacking)}; so neither --public nor from another machine"
        )


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw


def rules(town: str) -> Mapping[str, Grants]:
    """The grants that an operator has to enter, by the user name that they are for; '' is nobody's, {…} are places to fill."""
    named = {"": grants.of_spectator(town)}
    named |= {service: grants.of_service(town, service) for service in (*SERVICES, "host-1")}
    named["{agent}"] = grants.of_agent(town, "{district}", "{agent}")
    return named


def mosquitto_acl(users: Iterable[tuple[str, Grants]]) -> str:
    """Grants in the syntax of Mosquitto's `acl_file`. The one for '' (no user name) must come first."""
    lines = []
    for user, granted in users:
        lines += [f"user {user}"] if user else []
        lines += [f"topic deny {one}" for one in granted.hidden]
        lines += [f"topic write {one}" for one in granted.publish]
        lines += [f"topic read {one}" for one in granted.subscribe]
        lines.append("")
    return "\n".join(lines)
