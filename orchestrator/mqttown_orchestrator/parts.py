"""Lists that are too long for one message, split into several."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson

from mqttown_contract.types import LIST_SPLIT_BYTES

__all__ = ["split"]

_ENVELOPE: Final = 512
"""Bytes that everything around the list takes, at most."""


def split(message: dict[str, Any], name: str, entries: Sequence[bytes]) -> Iterator[bytes]:
    """Write a message whose list `name` holds `entries`, each JSON already; several with `part` and `parts` if need be.

    Args:
        message: everything but the list.
        name: of the list.
        entries: JSON of each entry.
    """
    groups: list[list[orjson.Fragment]] = [[]]
    size = _ENVELOPE
    for entry in entries:
        if groups[-1] and size + len(entry) + 1 > LIST_SPLIT_BYTES:
            groups.append([])
            size = _ENVELOPE
        groups[-1].append(orjson.Fragment(entry))
        size += len(entry) + 1
    if len(groups) == 1:
        yield orjson.dumps({**message, name: groups[0]})
        return
    for number, group in enumerate(groups, start=1):
        yield orjson.dumps({**message, name: group, "part": number, "parts": len(groups)})
