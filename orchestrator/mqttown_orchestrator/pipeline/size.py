"""Stage `size`: nobody sends more than the wire allows. No verdict: an oversize payload isn't read at all."""

from mqttown_contract.types import MAX_PAYLOAD_BYTES

__all__ = ["fits"]


def fits(payload: bytes) -> bool:
    """Say whether a payload may be read."""
    return len(payload) <= MAX_PAYLOAD_BYTES
