"""MQTT 3.1.1 as it passes by: control packets out of a byte stream, plain or inside WebSocket frames. It only reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Packet", "PacketError", "PacketReader"]

_NAMES: Final = {
    1: "CONNECT", 2: "CONNACK", 3: "PUBLISH", 4: "PUBACK", 5: "PUBREC", 6: "PUBREL", 7: "PUBCOMP",
    8: "SUBSCRIBE", 9: "SUBACK", 10: "UNSUBSCRIBE", 11: "UNSUBACK", 12: "PINGREQ", 13: "PINGRESP", 14: "DISCONNECT",
}  # fmt: skip
_WILL: Final = 0x04
_USER: Final = 0x80
_PASSWORD: Final = 0x40
_MASKED: Final = 0x80
_LONGEST_HEAD: Final = 16 * 1024
"""Bytes; a handshake of WebSocket that is longer is none."""


class PacketError(ValueError):
    """The bytes are no MQTT."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One control packet.

    Attributes:
        name: like `PUBLISH`.
        fields: of a CONNECT: level, client_id, username, password_bytes, will_topic, will_payload, will_retain, clean, keepalive;
            of a PUBLISH: topic, payload, qos, retain, dup; of a SUBSCRIBE: filters, a list of (filter, qos).
    """

    name: str
    fields: dict[str, Any]


class PacketReader:
    """Takes in bytes as they come, in whatever slices, and gives packets. Notices WebSocket by its handshake."""

    def __init__(self) -> None:
        self._raw = bytearray()
        self._mqtt = bytearray()
        self._websocket: bool | None = None

    def feed(self, data: bytes) -> list[Packet]:
        """Packets that are complete now.

        Raises:
            PacketError: the bytes are no MQTT 3.1.1 (or 5) packets.
        """
        self._raw += data
        if not self._raw or (self._websocket is None and not self._begin()):
            return []
        if self._websocket:
            self._unframe()
        else:
            self._mqtt += self._raw
            self._raw.clear()
        return list(self._packets())

    def _begin(self) -> bool:
        """Tell plain MQTT from WebSocket; True once the handshake, if there is one, is over."""
        if self._raw[0] not in b"GH":  # of `GET` and `HTTP`; no first byte of an MQTT connection
            self._websocket = False
            return True
        end = self._raw.find(b"\r\n\r\n")
        if end < 0:
            if len(self._raw) > _LONGEST_HEAD:
                raise PacketError("a WebSocket handshake without end")
            return False
        del self._raw[: end + 4]
        self._websocket = True
        return True

    def _unframe(self) -> None:
        """Take data out of complete frames (RFC 6455, section 5.2)."""
        raw = self._raw
        while len(raw) >= 2:
            kind, short = raw[0] & 0x0F, raw[1] & 0x7F
            wide = {126: 2, 127: 8}.get(short, 0)
            mask_at = 2 + wide
            data_at = mask_at + (4 if raw[1] & _MASKED else 0)
            if len(raw) < data_at:
                return
            length = int.from_bytes(raw[2:mask_at]) if wide else short
            if len(raw) < data_at + length:
                return
            data = bytes(raw[data_at : data_at + length])
            if raw[1] & _MASKED:
                mask = (bytes(raw[mask_at:data_at]) * (length // 4 + 1))[:length]
                data = (int.from_bytes(data) ^ int.from_bytes(mask)).to_bytes(length) if length else b""
            if kind in {0, 1, 2}:
                self._mqtt += data
            del raw[: data_at + length]

    def _packets(self) -> Iterator[Packet]:
        while len(self._mqtt) >= 2:
            length, head = 0, 1
            while True:
                if head >= len(self._mqtt):
                    return
                byte = self._mqtt[head]
                length |= (byte & 0x7F) << (7 * (head - 1))
                head += 1
                if not byte & 0x80:
                    break
                if head > 5:
                    raise PacketError("a remaining length of more than four bytes")
            if len(self._mqtt) < head + length:
                return
            first, body = self._mqtt[0], bytes(self._mqtt[head : head + length])
            del self._mqtt[: head + length]
            yield _packet(first, body)


def _packet(first: int, body: bytes) -> Packet:
    name = _NAMES.get(first >> 4)
    if name is None:
        raise PacketError(f"there is no control packet of type {first >> 4}")
    try:
        if name == "CONNECT":
            return Packet(name, _connect(body))
        if name == "PUBLISH":
            return Packet(name, _publish(first, body))
        if name == "SUBSCRIBE":
            return Packet(name, {"filters": list(_filters(body))})
        if name == "SUBACK":
            return Packet(name, {"codes": list(body[2:])})
        if name == "CONNACK":
            return Packet(name, {"code": body[1]})
    except (IndexError, UnicodeDecodeError) as error:
        raise PacketError(f"a {name} that ends too early or is no UTF-8") from error
    return Packet(name, {})


def _connect(body: bytes) -> dict[str, Any]:
    protocol, at = _text(body, 0)
    level, flags, keepalive = body[at], body[at + 1], int.from_bytes(body[at + 2 : at + 4])
    at += 4
    fields: dict[str, Any] = {"protocol": protocol, "level": level, "keepalive": keepalive, "clean": bool(flags & 0x02)}
    if level >= 5:  # properties of MQTT 5 come next; what follows is not read, since the level alone is wrong already
        return fields
    fields["client_id"], at = _text(body, at)
    if flags & _WILL:
        fields["will_topic"], at = _text(body, at)
        fields["will_payload"], at = _bytes(body, at)
        fields["will_retain"] = bool(flags & 0x20)
    if flags & _USER:
        fields["username"], at = _text(body, at)
    if flags & _PASSWORD:
        password, at = _bytes(body, at)
        fields["password_bytes"] = len(password)
    return fields


def _publish(first: int, body: bytes) -> dict[str, Any]:
    topic, at = _text(body, 0)
    qos = first >> 1 & 3
    payload = body[at + (2 if qos else 0) :]
    return {"topic": topic, "payload": payload, "qos": qos, "retain": bool(first & 1), "dup": bool(first & 8)}


def _filters(body: bytes) -> Iterator[tuple[str, int]]:
    at = 2
    while at < len(body):
        name, at = _text(body, at)
        yield name, body[at]
        at += 1


def _bytes(body: bytes, at: int) -> tuple[bytes, int]:
    end = at + 2 + int.from_bytes(body[at : at + 2])
    if end > len(body):
        raise IndexError
    return body[at + 2 : end], end


def _text(body: bytes, at: int) -> tuple[str, int]:
    found, end = _bytes(body, at)
    return found.decode(), end
