"""The state as bytes and back, and its hash."""

from dataclasses import fields
from hashlib import blake2b
from typing import Any, Final

import orjson

from mqttown_orchestrator.world.state import Body, Need, State, Walk

__all__ = ["digest", "dump", "load"]

_DERIVED: Final = frozenset({"dues", "holdings", "outdoors"})
_KEPT: Final = tuple(entry.name for entry in fields(State) if entry.name not in _DERIVED)


def dump(state: State) -> bytes:
    """The whole state as JSON. Keys keep their order, since it is part of the state."""
    return orjson.dumps({name: getattr(state, name) for name in _KEPT if name != "altered" or state.altered})


def load(data: bytes) -> State:
    """The state that was dumped.

    Raises:
        ValueError, KeyError, TypeError: the bytes are no dump of this version.
    """
    plain = orjson.loads(data)
    plain["bodies"] = {agent: _body(row) for agent, row in plain["bodies"].items()}
    state = State(**plain)
    state.derive()
    return state


def digest(state: State) -> str:
    """BLAKE2b hash of the dump, 64 hexadecimal digits."""
    return blake2b(dump(state), digest_size=32).hexdigest()


def _body(row: dict[str, Any]) -> Body:
    row["needs"] = {name: Need(**need) for name, need in row["needs"].items()}
    if row["walk"] is not None:
        row["walk"] = Walk(**row["walk"])
    row["decided"] = {action: tuple(entry) for action, entry in row["decided"].items()}
    return Body(**row)
