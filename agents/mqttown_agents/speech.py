"""Putting a turn's thought into words for somebody: the one place where residents come to `say` something."""

from collections.abc import Sequence
from typing import Any

from mqttown_agents.acquaintance import Acquaintance
from mqttown_agents.turn import Choice, Turn

__all__ = ["answer", "open_with", "say"]


def say(turn: Turn, other: Acquaintance, text: str, reasoning: str, about: Sequence[str] = ()) -> Choice:
    """Say words to one person, and note that one has spoken."""
    turn.notebook.said.append(turn.now.tick)
    parameters: dict[str, Any] = {"text": text, "to": [other.id]}
    if about:
        parameters["about"] = list(about)
    return Choice("say", parameters, reasoning)


def open_with(turn: Turn, other: Acquaintance, group: str, reasoning: str, **values: str) -> Choice | None:
    """Begin to talk about something; None where the town has no words for it."""
    text = _words(turn, other, group, values)
    if text is None:
        return None
    other.openings += 1
    return say(turn, other, text, reasoning)


def answer(turn: Turn, other: Acquaintance, group: str, reasoning: str, **values: str) -> Choice | None:
    """Answer somebody; None where the town has no words for it."""
    text = _words(turn, other, group, values)
    if text is None:
        return None
    other.replies += 1
    return say(turn, other, text, reasoning)


def _words(turn: Turn, other: Acquaintance, group: str, values: dict[str, str]) -> str | None:
    job = turn.now.job
    known = {
        "name": other.first_name,
        "me": turn.persona.first_name,
        "place": turn.now.place_name or "this street",
        "where": turn.notebook.heading or "nowhere in particular",
        "job": job["title"] if job is not None else "neighbour",
        **values,
    }
    text = turn.prose.render(group, turn.draw("words", other.id, group), known)
    return None if text is None else turn.notebook.customs.added_to(group, text)
