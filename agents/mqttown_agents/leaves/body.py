"""Looking after the body: eating what one carries, buying a meal, finding a place to eat, sleeping at home."""

from typing import Final

from mqttown_agents.atlas import Place
from mqttown_agents.schedule import MEALS, clock_text, span_holds
from mqttown_agents.turn import Choice, Turn

__all__ = ["buy_meal", "eat", "go_to_eat", "hungry", "sleep"]

_SOON_HUNGRY: Final = 0.65
_HUNGRY: Final = 0.35
_STARVING: Final = 0.15
_EXHAUSTED: Final = 0.08
_EATERIES: Final = ("cafe", "restaurant")
_FALLBACK: Final = ("shop", "bar", "hotel")
_LARDER: Final = 2
"""Pieces that one buys in a shop: one now, one for later."""
_WALKABLE_METRES: Final = 900
_AMONG_PEOPLE: Final = 700


def hungry(turn: Turn) -> bool:
    """Whether it is time to eat: at meal times one need not be very hungry."""
    food = turn.now.needs.get("food", 1.0)
    if turn.now.doing == "working":
        return food < _STARVING or (food < _SOON_HUNGRY and _meal_time(turn.now.minute))
    return food < _HUNGRY or (food < _SOON_HUNGRY and _meal_time(turn.now.minute))


def eat(turn: Turn) -> Choice | None:
    """Eat the most filling thing one carries."""
    if turn.now.doing not in ("idle", "working") or not hungry(turn):
        return None
    carried = [turn.items[entry["item"]] for entry in turn.now.inventory if entry["item"] in turn.items]
    best = max((item for item in carried if item.food > 0), key=lambda item: (item.food, item.id), default=None)
    if best is None:
        return None
    return turn.attempt("eat", best.id, {"item": best.id}, "I am hungry.")


def buy_meal(turn: Turn) -> Choice | None:
    """Buy something filling that one can afford, where it is sold."""
    here = turn.now.here
    if here is None or turn.now.doing not in ("idle", "working") or not hungry(turn):
        return None
    meals = [
        (turn.items[offer["item"]].food, offer)
        for offer in here.get("sells", ())
        if offer["stock"] > 0
        and offer["price"] <= turn.now.purse
        and offer["item"] in turn.items
        and turn.items[offer["item"]].food > 0
    ]
    if not meals:
        return None
    filling = [offer for food, offer in meals if food >= 150] or [offer for _, offer in meals]
    chosen = turn.luck.pick(filling, "meal", turn.now.tick // 30)
    spare = here["kind"] == "shop" and chosen["stock"] >= _LARDER and chosen["price"] * 10 <= turn.now.purse
    parameters = {"item": chosen["item"], **({"quantity": _LARDER} if spare else {})}
    return turn.attempt("buy", chosen["item"], parameters, f"{chosen['name']} is what I want now.")


def go_to_eat(turn: Turn) -> Choice | None:
    """Walk to an open café or restaurant, or failing that to a shop."""
    if turn.now.doing not in ("idle", "working") or not hungry(turn) or turn.now.purse < 300:
        return None
    here = turn.now
    haunts = [haunt for haunt in turn.open_haunts(_EATERIES) if haunt.metres_from(here.x, here.y) <= _WALKABLE_METRES]
    if haunts and turn.luck.chance(_AMONG_PEOPLE, "among people", here.tick // 60):
        choice = turn.walk_to(turn.luck.pick(haunts, "haunt", here.tick // 60).id, "It is time to eat, and I like company.")
        if choice is not None:
            return choice
    for kinds in (_EATERIES, _FALLBACK):
        near = [place for place in turn.notebook.atlas.places(kinds) if place.id != turn.now.building and _near_enough(place)]
        if near:
            chosen = turn.luck.pick(near[:3], "eatery", turn.now.tick // 60)
            choice = turn.walk_to(chosen.id, "It is time to eat.")
            if choice is not None:
                return choice
    return None


def sleep(turn: Turn) -> Choice | None:
    """Sleep at home at night, or go home to do so."""
    persona, now = turn.persona, turn.now
    night = span_holds(persona.sleeps, persona.wakes, now.minute)
    exhausted = now.needs.get("energy", 1.0) < _EXHAUSTED
    if now.busy or now.home is None or not (night or exhausted):
        return None
    if now.building != now.home:
        return turn.walk_to(now.home, "It is late.")
    return turn.attempt("sleep", now.home, {"until": clock_text(persona.wakes)} if night else {}, "It has been a long day.")


def _near_enough(place: Place) -> bool:
    return place.metres is None or place.metres <= _WALKABLE_METRES


def _meal_time(minute: int) -> bool:
    return any(begin <= minute < end for begin, end in MEALS)
