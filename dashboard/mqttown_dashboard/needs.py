"""What residents needed at a moment of the past, reckoned from what happened. No I/O.

The journal tells when a need became pressing, what was eaten, said and slept, and not the levels between. The town's own rates
(`mqttown_orchestrator.world.needs`) fill these in. What somebody felt before the reckoning begins is a guess, until an event
tells it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mqttown_dashboard.models import Event

__all__ = ["ASLEEP_AT_HOME", "ASLEEP_ELSEWHERE", "AWAKE", "FULL", "HEARD", "NEWCOMER", "SPOKE", "TELLING", "Meal", "Needs"]

FULL: Final = 1000
"""Permille of a need that is met."""
AWAKE: Final = {"energy": -50, "food": -50, "company": -40}
"""Permille an hour."""
ASLEEP_AT_HOME: Final = {"energy": 100, "food": -20, "company": -10}
ASLEEP_ELSEWHERE: Final = {"energy": 60, "food": -20, "company": -10}
SPOKE: Final = 20
HEARD: Final = 30
NEWCOMER: Final = {"energy": 900, "food": 700, "company": 700}
"""Permille of who comes to town."""
_GUESS: Final = {"energy": 700, "food": 600, "company": 600}
"""Permille of who has been in town for long."""
_MEETS: Final = {"finished_meal": "food", "ate": "food", "fell_asleep": "energy"}
TELLING: Final = (
    *("registered", "revoked", "need", "finished_meal", "ate", "said", "fell_asleep", "woke"),
    *("departed", "arrived", "stopped", "came"),
)
"""Kinds of events that tell of needs, or of where somebody is."""
_HOUR: Final = 60


@dataclass(frozen=True, slots=True)
class Meal:
    """What an item restores, permille by need, and how long one eats it, minutes."""

    restores: Mapping[str, int]
    minutes: int


@dataclass(slots=True)
class _Body:
    levels: dict[str, float]
    rates: Mapping[str, int]
    since: int
    home: str | None
    district: str | None
    pressing: dict[str, Event] = field(default_factory=dict)

    def age(self, tick: int) -> None:
        hours = (tick - self.since) / _HOUR
        self.levels = {name: min(FULL, max(0.0, level + self.rates[name] * hours)) for name, level in self.levels.items()}
        self.since = tick

    def add(self, name: str, amount: float) -> None:
        self.levels[name] = min(FULL, self.levels[name] + amount)


class Needs:
    """Follows everybody's needs through events in order.

    Args:
        meals: what can be eaten, by item id.
        owners: who owns a building, by its id; one sleeps as well there as at home.
    """

    def __init__(self, meals: Mapping[str, Meal], owners: Mapping[str, str]) -> None:
        self._meals = meals
        self._owners = owners
        self._bodies: dict[str, _Body] = {}

    def begin(self, agent: str, tick: int, home: str | None, district: str | None, *, asleep: bool) -> None:
        """Somebody who has been there for long."""
        self._bodies[agent] = _Body(dict(_GUESS), ASLEEP_AT_HOME if asleep else AWAKE, tick, home, district)

    def happen(self, event: Event) -> None:
        """Take in one event."""
        if event.kind == "registered" and event.agent is not None and event.agent not in self._bodies:
            home = event.data.get("home")
            self._bodies[event.agent] = _Body(dict(NEWCOMER), AWAKE, event.tick, home, event.district)
        elif event.kind == "said":
            self._said(event)
        elif event.kind == "revoked":
            self._bodies.pop(event.agent or "", None)
        body = self._bodies.get(event.agent or "")
        if body is None:
            return
        body.district = event.district or body.district
        body.age(event.tick)
        self._own(body, event)

    def _own(self, body: _Body, event: Event) -> None:
        data: dict[str, Any] = event.data
        body.pressing.pop(_MEETS.get(event.kind, ""), None)
        if event.kind == "need":
            body.levels[data["need"]] = float(data["value"]) * FULL
            body.pressing[data["need"]] = event
        elif event.kind == "finished_meal" and (meal := self._meals.get(data["item"])) is not None:
            for name, amount in meal.restores.items():
                body.add(name, amount * min(int(data["minutes"]), meal.minutes) // max(1, meal.minutes))
        elif event.kind == "fell_asleep":
            own = event.building is not None and (event.building == body.home or self._owners.get(event.building) == event.agent)
            body.rates = ASLEEP_AT_HOME if own else ASLEEP_ELSEWHERE
        elif event.kind == "woke":
            body.rates = AWAKE

    def _said(self, event: Event) -> None:
        heard = [name for name in event.witnesses if name != event.agent]
        for name in [*heard, *([event.agent] if heard and event.agent is not None else [])]:
            body = self._bodies.get(name)
            if body is not None:
                body.age(event.tick)
                body.add("company", SPOKE if name == event.agent else HEARD)
                body.pressing.pop("company", None)

    def levels(self, agent: str, tick: int) -> dict[str, float]:
        """Somebody's needs at a tick that is not before the last event, permille by need.

        Raises:
            KeyError: nobody of this id is there.
        """
        body = self._bodies[agent]
        body.age(tick)
        return dict(body.levels)

    def moods(self, districts: Iterable[str], tick: int) -> dict[str, float | None]:
        """Of each district the mean of all needs of who is there, 0 to 1; None where nobody is."""
        told: dict[str, list[float]] = {name: [] for name in districts}
        for agent, body in self._bodies.items():
            if body.district in told:
                told[body.district] += self.levels(agent, tick).values()
        return {name: round(sum(values) / len(values) / FULL, 2) if values else None for name, values in told.items()}

    def pressing(self) -> list[Event]:
        """The events that told of needs which nothing has met since, in order."""
        found = [event for body in self._bodies.values() for event in body.pressing.values()]
        return sorted(found, key=lambda event: (event.tick, int(event.id.rpartition("-")[2])))
