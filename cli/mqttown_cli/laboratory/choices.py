"""A resident's moment as numbers: what it perceives as features, and what it can do as a fixed list of choices."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["CHOICES", "FEATURES", "PLACES", "Choice", "choices", "features"]

PLACES: Final = 16
"""The nearest places that can be chosen to go to."""
CHOICES: Final = (
    "wait", "work", "eat", "sleep", "greet", "claim", "buy", "give", "go home", "go to work",
    *(f"go to place {n}" for n in range(PLACES)),
)  # fmt: skip
"""Meaning of each action number."""
DOING: Final = ("idle", "walking", "working", "eating", "sleeping")
NEEDS: Final = ("energy", "food", "company")
FEATURES: Final = (
    *NEEDS, *DOING, "hour_sin", "hour_cos", "indoors", "at home", "at work", "in sight", "carried", "purse",
)  # fmt: skip
"""Meaning of each number of an observation: needs 0-1, flags 0 or 1, `in sight` and `carried` as shares of 32,
the hour as an angle, `purse` as log10 of cents, of ten."""
GREETING: Final = "Good day!"
GIFT: Final = 100
"""Cents."""
_CROWD: Final = 32

Choice = tuple[str, dict[str, Any]]


def features(perceived: Mapping[str, Any], minute: int) -> list[float]:
    """An observation as numbers between -1 and 1, in the order of `FEATURES`.

    Args:
        perceived: as the wire's `observation`.
        minute: of the day.
    """
    own, place = perceived["self"], perceived["location"]
    angle = 2 * math.pi * minute / 1440
    job = own["job"] or {}
    return [
        *(own["needs"].get(need, 0.0) for need in NEEDS),
        *(float(own["doing"] == doing) for doing in DOING),
        math.sin(angle),
        math.cos(angle),
        float(place["building"] is not None),
        float(place["building"] is not None and place["building"] == own["home"]),
        float(place["building"] is not None and place["building"] == job.get("building")),
        min(1.0, len(perceived["visible_agents"]) / _CROWD),
        min(1.0, sum(thing["quantity"] for thing in own["inventory"]) / _CROWD),
        min(1.0, math.log10(max(1, own["purse"])) / 10),
    ]


def choices(perceived: Mapping[str, Any], offers: Sequence[Mapping[str, Any]]) -> list[Choice | None]:
    """What each of `CHOICES` is here and now, as verb and parameters; None for what is not offered.

    Args:
        perceived: as the wire's `observation`.
        offers: as the wire's `available_actions`.
    """
    offered = {offer["action"]: offer["parameters"].get("properties", {}) for offer in offers}
    own, place = perceived["self"], perceived["location"]

    def plain(verb: str, **parameters: Any) -> Choice | None:
        return (verb, parameters) if verb in offered else None

    def of_first(verb: str, field: str, **parameters: Any) -> Choice | None:
        listed = offered.get(verb, {}).get(field, {}).get("enum", ())
        return (verb, {field: listed[0], **parameters}) if listed else None

    def go(to: str | None) -> Choice | None:
        return ("move_to", {"to": to}) if "move_to" in offered and to is not None and to != place["building"] else None

    nearby = [near["id"] for near in place["nearby"][:PLACES]]
    gift = of_first("give", "to", amount=GIFT) if own["purse"] >= GIFT and "amount" in offered.get("give", {}) else None
    return [
        plain("wait"),
        plain("work"),
        plain("eat"),
        plain("sleep"),
        plain("say", text=GREETING) if perceived["visible_agents"] else None,
        plain("claim", building=place["building"]),
        of_first("buy", "item"),
        gift,
        go(own["home"]),
        go((own["job"] or {}).get("building")),
        *(go(near) for near in nearby),
        *[None] * (PLACES - len(nearby)),
    ]
