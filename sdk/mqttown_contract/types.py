"""The nouns of the wire, and the few numbers that bind both sides.

Units on the wire: positions are metres in the town's frame, money is whole cents, needs are 0-1,
`town_time` is local time in the town and `timestamp` is UTC, both ISO 8601.
"""

import re
from typing import Annotated, Final, Literal, NewType

from pydantic import StringConstraints

__all__ = [
    "DECIDED_WINDOW",
    "ID_PATTERN",
    "LIST_SPLIT_BYTES",
    "MAX_EARSHOT",
    "MAX_OBSERVED",
    "MAX_PAYLOAD_BYTES",
    "MAX_TEXT",
    "MAX_UNDECIDED",
    "MAX_VISIBLE",
    "PROTOCOL_VERSION",
    "SERVICES",
    "ActionId",
    "AgentId",
    "BuildingId",
    "Detail",
    "DistrictId",
    "EventId",
    "Id",
    "MemoryKind",
    "PresenceState",
    "Text",
    "Tick",
    "TownId",
    "is_id",
    "is_service_name",
]

Tick = NewType("Tick", int)
"""One step of the world; one town minute."""
AgentId = NewType("AgentId", str)
BuildingId = NewType("BuildingId", str)
DistrictId = NewType("DistrictId", str)
TownId = NewType("TownId", str)
EventId = NewType("EventId", str)
"""`e-{tick}-{n}`: the n-th event of a tick. Made by the town alone."""

PROTOCOL_VERSION: Final = 1
MAX_PAYLOAD_BYTES: Final = 65_536
"""Nobody sends more than this, and that binds the town too."""
LIST_SPLIT_BYTES: Final = 48 * 1024
"""A list that would pass this is split into messages with `part` and `parts`."""
MAX_VISIBLE: Final = 32
"""An agent sees at most so many nearest others."""
MAX_EARSHOT: Final = 32
"""Words reach at most so many nearest others."""
MAX_OBSERVED: Final = 50
"""An observation carries at most so many messages, and as many events."""
MAX_UNDECIDED: Final = 8
"""So many actions of one agent may await their verdict; one more is `rate_limited`."""
DECIDED_WINDOW: Final = 256
"""For so many decided actions of one agent the same id gets the same verdict."""
MAX_TEXT: Final = 1_000
"""Characters that one `say` may carry."""

ID_PATTERN: Final = r"^[a-z0-9][a-z0-9_-]{0,47}$"
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
"""Town, district, building or agent."""
ActionId = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""Chosen by the agent; any printable text of 1 to 128 characters."""
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""Any text without U+0000, which no database keeps."""

Detail = Literal["full", "brief"]
PresenceState = Literal["online", "offline", "asleep", "suspended"]
MemoryKind = Literal["observation", "message", "reflection", "note", "plan"]

SERVICES: Final = ("orchestrator", "memory", "gateway", "dashboard", "cli")
"""Names of our own processes; with `host-{n}` they can't be taken by an agent."""
_HOST: Final = re.compile(r"host-[0-9]{1,4}")


def is_id(text: object) -> bool:
    """Say whether `text` may name a town, district, building or agent."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def is_service_name(name: str) -> bool:
    """Say whether `name` is reserved for one of our own processes."""
    return name in SERVICES or _HOST.fullmatch(name) is not None
