"""Events of a tick as JSON: for the public, for those who witnessed them, and for the journal. Each is written once."""

from collections.abc import Mapping
from typing import Any

import orjson

from mqttown_contract.events import Event
from mqttown_orchestrator.citizens import Citizens
from mqttown_orchestrator.world.fragment import fragment
from mqttown_orchestrator.world.witnessing import as_event, as_message

__all__ = ["public_json", "remember", "remember_row"]


def public_json(event: Event) -> bytes:
    """An event as everybody may read it, and as its tick's hash covers it."""
    return orjson.dumps(event)


def remember(citizens: Citizens, event: Event) -> None:
    """Let everybody who witnessed an event have it in later observations."""
    if not event.witnesses:
        return
    message = fragment(as_message(event)) if event.kind == "said" and len(event.witnesses) > 1 else None
    seen: orjson.Fragment | None = None
    for agent in event.witnesses:
        citizen = citizens.get(agent)
        if citizen is None:
            continue
        if message is not None and agent != event.agent:
            citizen.witnessed.hear(event.tick, message)
        else:
            if seen is None:
                seen = fragment(as_event(event))
            citizen.witnessed.see(event.tick, seen)


def remember_row(citizens: Citizens, row: Mapping[str, Any]) -> None:
    """The same from a row of the journal."""
    remember(citizens, Event(**row))
