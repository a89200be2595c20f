"""What every verb has: an offer for here and now, a check, and an effect; and how a verb says no."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Any, Final

from mqttown_contract.errors import Code, Refusal
from mqttown_contract.verbs import VERBS
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State
from mqttown_orchestrator.world.turn import Turn

__all__ = ["ASLEEP", "Rule", "meant", "narrowed", "no", "similar"]

_COMPARED: Final = 64
"""Names that a mistaken one is compared with at most: comparing takes long, and anybody can be mistaken in every tick."""
_LONGER: Final = 3
"""Characters by which a similar name may be longer or shorter."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The functions of a verb.

    Attributes:
        offer: its JSON Schema narrowed to what this body could do here and now, or None. Shared parts must not be changed.
        check: why it is forbidden here and now, or None. The parameters fit the verb's model.
        apply: does it, after a check; returns ids of the events.
        offered: whether there is an offer, where that is known without writing it; None where it isn't.
    """

    offer: Callable[[State, Plan, Body], dict[str, Any] | None]
    check: Callable[[State, Plan, Body, Any], Refusal | None]
    apply: Callable[[Turn, Body, Any, str], list[str]]
    offered: Callable[[State, Plan, Body], bool] | None = None


def no(detail: str, path: str | None = None, allowed: Any = None) -> Refusal:
    """A refusal by the rules of the world."""
    return Refusal(Code.NOT_POSSIBLE, detail, path, allowed)


def similar(name: str, known: Iterable[str]) -> list[str]:
    """Known names that look like a mistaken one, the most similar first. They begin with the same letter."""
    alike = (other for other in known if other[0] == name[0] and abs(len(other) - len(name)) <= _LONGER)
    return get_close_matches(name, list(islice(alike, _COMPARED)), n=5, cutoff=0.6)


def meant(names: list[str]) -> str:
    """A question whether the first of some similar names was meant; nothing if there is none."""
    return f" Do you mean {names[0]}?" if names else ""


ASLEEP = no("You are asleep. Move, work, eat or sleep on, or wait.", None, ["move_to", "work", "eat", "sleep", "wait"])
"""What a sleeper can't do."""


def narrowed(verb: str, **fields: dict[str, Any] | None) -> dict[str, Any]:
    """A verb's schema with keys added to some of its fields; a field given as None is left out."""
    schema = VERBS[verb].schema
    properties = dict(schema["properties"])
    for name, keys in fields.items():
        if keys is None:
            del properties[name]
        else:
            properties[name] = {**properties[name], **keys}
    return {**schema, "properties": properties}
