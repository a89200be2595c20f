"""What those who witness an event are told of it: as a message if they heard words, else as an event."""

from typing import Any

from mqttown_contract.events import Event

__all__ = ["as_event", "as_message"]


def as_message(event: Event) -> dict[str, Any]:
    """Words as an entry of `messages` of an observation, for whoever heard them."""
    told = {"event": event.id, "from": event.agent, "text": event.data["text"], "tick": event.tick}
    return {**told, "to": event.data.get("to"), "about": event.about}


def as_event(event: Event) -> dict[str, Any]:
    """An event as an entry of `environment.events` of an observation.

    It is to be small: without the witnesses, who are in `visible_agents`, and without the path. No bystander knows the path of a
    walk, and the walker is told bit by bit where it is.
    """
    seen: dict[str, Any] = {"id": event.id, "kind": event.kind, "tick": event.tick}
    for name in ("district", "building", "agent", "action_id", "cause"):
        value = getattr(event, name)
        if value is not None:
            seen[name] = value
    if event.about:
        seen["about"] = event.about
    seen["data"] = {name: value for name, value in event.data.items() if name != "path"} if "path" in event.data else event.data
    return seen
