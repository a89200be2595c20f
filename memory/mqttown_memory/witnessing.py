"""What an event leaves behind: one memory for each of its witnesses."""

from collections.abc import Collection

from mqttown_contract.events import Event
from mqttown_memory.importance import importance
from mqttown_memory.names import Names
from mqttown_memory.sentences import sentence
from mqttown_memory.stream import Memory

__all__ = ["witnessed"]


def witnessed(event: Event, names: Names, forgetful: Collection[str] = ()) -> list[Memory]:
    """Memories of an event, in the order of its witnesses.

    The id follows from the event alone, so that an event read twice is remembered once.

    Args:
        event: what happened.
        names: what the sentences call people and places.
        forgetful: agents for whom nothing is remembered.
    """
    memories = []
    for witness in dict.fromkeys(event.witnesses):
        text = None if witness in forgetful else sentence(event, witness, names)
        if text is None:
            continue
        others = [event.agent, *(event.data.get("to") or [])] if event.kind == "said" else [event.agent, event.data.get("to")]
        memories.append(
            Memory(
                agent=witness,
                id=f"m-{event.id}",
                kind="message" if event.kind == "said" and event.agent != witness else "observation",
                text=text,
                importance=importance(event, witness),
                born=event.tick,
                last_access=event.tick,
                evidence=(event.id,),
                actor=next((other for other in others if other and other != witness), None),
                place=event.building or event.data.get("building"),
            )
        )
    return memories
