"""The few packets of MQTT 3.1.1 (sections 2 and 3) that a lean client needs, made and read by hand."""

import struct
from typing import Final

__all__ = ["CONNACK", "DISCONNECT", "PUBLISH", "SUBACK", "connect", "delivered", "publish", "subscribe", "take"]

CONNACK: Final = 0x20
SUBACK: Final = 0x90
PUBLISH: Final = 0x30
DISCONNECT: Final = b"\xe0\x00"
_CONNECT: Final = 0x10
_SUBSCRIBE: Final = 0x82
_CLEAN_SESSION: Final = b"\x00\x04MQTT\x04\x02"
_CLEAN_SESSION_WITH_NAME_AND_KEY: Final = b"\x00\x04MQTT\x04\xc2"


def connect(name: str, key: str | None, keep_alive: int) -> bytes:
    """CONNECT with a clean session; `name` is client id, and user name if there is a key; `keep_alive` in seconds."""
    if key is None:
        return _frame(_CONNECT, _CLEAN_SESSION + struct.pack("!H", keep_alive) + _text(name))
    body = _CLEAN_SESSION_WITH_NAME_AND_KEY + struct.pack("!H", keep_alive) + _text(name) + _text(name) + _text(key)
    return _frame(_CONNECT, body)


def subscribe(*filters: str) -> bytes:
    """SUBSCRIBE at QoS 0."""
    return _frame(_SUBSCRIBE, b"\x00\x01" + b"".join(_text(name) + b"\x00" for name in filters))


def publish(topic: str, payload: bytes, *, retain: bool = False) -> bytes:
    """PUBLISH at QoS 0."""
    return _frame(PUBLISH | retain, _text(topic) + payload)


def delivered(body: bytes) -> tuple[bytes, bytes]:
    """Topic and payload of a PUBLISH at QoS 0."""
    (length,) = struct.unpack_from("!H", body)
    return body[2 : 2 + length], body[2 + length :]


def take(buffer: bytearray) -> tuple[int, bytes] | None:
    """Cut the first whole packet off the buffer: its first byte, and its body. None if there is no whole one yet."""
    size, shift, at = 0, 0, 1
    while True:
        if at >= len(buffer):
            return None
        digit = buffer[at]
        size |= (digit & 0x7F) << shift
        shift += 7
        at += 1
        if not digit & 0x80:
            break
    if len(buffer) < at + size:
        return None
    packet = buffer[0], bytes(buffer[at : at + size])
    del buffer[: at + size]
    return packet


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("!H", len(data)) + data


def _frame(kind: int, body: bytes) -> bytes:
    size, length = len(body), bytearray()
    while True:
        size, digit = divmod(size, 128)
        length.append(digit | (0x80 if size else 0))
        if not size:
            return bytes((kind,)) + bytes(length) + body
