"""Who knows what, and from whom: read off the events alone. No I/O."""

from collections.abc import Mapping, Sequence

from mqttown_dashboard.models import Chain, Event, Fact

__all__ = ["facts"]


def facts(agent: str, heard: Sequence[Event], events: Mapping[str, Event]) -> list[Fact]:
    """What an agent knows, with the way by which it came to it first.

    A fact is an event that passes nothing on: words without `about`, or an event that is no `said` and was talked of. Words
    with `about` carry every fact that those events carry, so a chain is read backwards from what the agent heard, along
    `about`, to the event where it ends. A step counts only if the speaker was a witness of what it passes on.

    Args:
        agent: whose knowledge.
        heard: the `said` events that the agent is a witness of.
        events: these, and all that they are about, over any number of steps, by id.

    Returns:
        Facts, the last learned first; of several ways to one fact the first, and of those the shortest.
    """
    found: dict[str, list[Event]] = {}
    for event in sorted(heard, key=lambda event: (event.tick, _number(event.id))):
        for way in _ways(event, events):
            found.setdefault(way[0].id, way)
    told = [_fact(agent, way) for way in found.values()]
    return sorted(told, key=lambda fact: (-fact.learned_tick, fact.event))


def _ways(event: Event, events: Mapping[str, Event]) -> list[list[Event]]:
    """Shortest way from every fact that `event` carries to `event`, the fact first."""
    ways: dict[str, list[Event]] = {}
    seen = {event.id}
    edge: list[list[Event]] = [[event]]
    while edge:
        further: list[list[Event]] = []
        for way in edge:
            first = way[0]
            if not first.about:
                ways.setdefault(first.id, way)
                continue
            for name in first.about:
                source = events.get(name)
                if source is not None and name not in seen and first.agent in source.witnesses:
                    seen.add(name)
                    further.append([source, *way])
        edge = further
    return list(ways.values())


def _fact(agent: str, way: Sequence[Event]) -> Fact:
    first, last = way[0], way[-1]
    return Fact(
        event=first.id,
        text=_text(first),
        kind=first.kind,
        began_tick=first.tick,
        learned_tick=first.tick if agent in first.witnesses else last.tick,
        first_hand=agent in first.witnesses,
        heard_from=last.agent if last.agent != agent else None,
        chain=[
            Chain(event=event.id, tick=event.tick, kind=event.kind, by=event.agent, to=event.witnesses, text=_text(event))
            for event in way
        ],
    )


def _text(event: Event) -> str | None:
    return str(event.data.get("text", "")) if event.kind == "said" else None


def _number(event_id: str) -> int:
    return int(event_id.rsplit("-", 1)[-1])
