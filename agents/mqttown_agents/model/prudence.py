"""Prudence: which of the possible actions a resident considers at all, by their profile, whatever a model may say."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mqttown_agents.model.profile import Profile
from mqttown_agents.model.relations import Relations
from mqttown_agents.model.tools import BadCall, Chosen
from mqttown_agents.persona import Persona
from mqttown_agents.schedule import DAY, span_holds
from mqttown_agents.situation import Situation

__all__ = ["Prudence", "TooMuch"]

_MOST_SAID: Final = 8
_WINDOW: Final = 60
"""In so many minutes nobody says more than that, or gives more than once: the bounds that make an endless to and fro impossible."""
_STAY: Final = 10
"""Minutes: whoever has just set out does not set out again, unless somebody calls."""
_SHORTEST_REST: Final = 10
"""Minutes: somebody idle who waits does so at least this long, since every look around costs a thought."""
_LONGEST_REST: Final = 30
_EARLY_TO_BED: Final = 60
_TIRED: Final = 0.4


class TooMuch(BadCall):
    """A call that fits its schema, but goes beyond what the resident would do."""


class Prudence:
    """Bounds on what a model can make a resident do; they hold for its own ideas and for those that others talk it into.

    Args:
        persona: of the resident.
        profile: likewise.
        relations: likewise.
    """

    def __init__(self, persona: Persona, profile: Profile, relations: Relations) -> None:
        self._persona = persona
        self._profile = profile
        self._relations = relations
        self._said: list[int] = []
        self._left = -_STAY
        self._gave = -_WINDOW

    def considered(self, now: Situation, *, addressed: bool) -> list[Mapping[str, Any]]:
        """Those of `available_actions` that go to the model, each as it is."""
        self._said = [tick for tick in self._said if now.tick - tick < _WINDOW]
        return [entry for entry in now.observation["available_actions"] if self._considers(entry["action"], now, addressed)]

    def check(self, chosen: Chosen, now: Situation) -> Chosen:
        """The choice, if it keeps within the profile; an idle rest is of 10 to 30 minutes.

        Raises:
            TooMuch: it costs more than the resident parts with at once, or leads nowhere.
        """
        cost = _cost(chosen, now)
        if chosen.action == "move_to" and chosen.parameters["to"] == now.building:
            raise TooMuch(f"move_to: you are in {now.building} already")
        most = self._profile.may_spend(now.purse)
        if cost > most:
            raise TooMuch(f"{chosen.action}: {cost} cents are more than you part with at once, which is {most}")
        if chosen.action == "wait" and not now.busy:
            ticks = min(_LONGEST_REST, max(_SHORTEST_REST, chosen.parameters.get("ticks", 1)))
            return Chosen("wait", {**chosen.parameters, "ticks": ticks}, chosen.reasoning)
        return chosen

    def note(self, chosen: Chosen, tick: int) -> None:
        """Keep in mind what is being done."""
        if chosen.action == "say":
            self._said.append(tick)
        elif chosen.action == "give":
            self._gave = tick
        elif chosen.action == "move_to":
            self._left = tick

    def rest(self, now: Situation) -> Chosen:
        """To go on with what one does; somebody idle looks around again after a while."""
        return Chosen("wait", {} if now.busy else {"ticks": _SHORTEST_REST}, "goes on")

    def _considers(self, verb: str, now: Situation, addressed: bool) -> bool:
        spare, price = self._profile.may_spend(now.purse), now.here.get("price") if now.here is not None else None
        bounds: dict[str, Callable[[], bool]] = {
            "say": lambda: len(self._said) < _MOST_SAID and (addressed or self._would_begin(now)),
            "give": lambda: now.tick - self._gave >= _WINDOW,
            "sleep": lambda: self._is_bedtime(now) or now.needs["energy"] < _TIRED,
            "move_to": lambda: addressed or now.tick - self._left >= _STAY,
            "buy": lambda: any(offer["price"] <= spare for offer in _sold(now)),
            "claim": lambda: price is not None and price <= spare,
        }
        return verb not in bounds or bounds[verb]()

    def _is_bedtime(self, now: Situation) -> bool:
        return span_holds((self._persona.sleeps - _EARLY_TO_BED) % DAY, self._persona.wakes, now.minute)

    def _would_begin(self, now: Situation) -> bool:
        least = self._profile.least_warmth()
        return any(self._relations.warmth(other["id"]) >= least for other in now.company)


def _sold(now: Situation) -> Sequence[Mapping[str, Any]]:
    return now.here["sells"] if now.here is not None else ()


def _cost(chosen: Chosen, now: Situation) -> int:
    if chosen.action == "give":
        return int(chosen.parameters.get("amount") or 0)
    if chosen.action == "buy":
        price = next((offer["price"] for offer in _sold(now) if offer["item"] == chosen.parameters["item"]), 0)
        return int(price * chosen.parameters.get("quantity", 1))
    if chosen.action == "claim" and now.here is not None:
        return int(now.here.get("price") or 0)
    return 0
