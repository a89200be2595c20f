"""How much of the broker one agent, one address and all together may take: the numbers behind every cut-off."""

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the gate. Our own services are exempt from those of an agent.

    Attributes:
        connections: held at a time, all together.
        agent_connections: of one agent, all tags together.
        address_connections: of spectators from one address.
        agent_connects: a second that one agent may come again, after a first 20.
        messages: a second that one connection may publish for long; ten times the burst of the widest plan is the first bucket.
        message_burst: messages above that before it is cut off.
        bytes: a second that one connection may publish for long.
        byte_burst: bytes above that before it is cut off.
        subscriptions: of one connection; a `#` and a QoS above 0 take two each.
        pending_bytes: that the server keeps for a connection that does not read.
        queued_messages: the same for Mosquitto, in messages above those under way.
        queued_bytes: the same for Mosquitto.
    """

    connections: int = 20_000
    agent_connections: int = 8
    address_connections: int = 200
    agent_connects: float = 2.0
    messages: float = 100.0
    message_burst: float = 2_000.0
    bytes: float = 256 * 1024.0
    byte_burst: float = 8 * 1024 * 1024.0
    subscriptions: int = 256
    pending_bytes: int = 32 * 1024 * 1024
    queued_messages: int = 1_000
    queued_bytes: int = 8 * 1024 * 1024
