"""What an intervention has changed in the town as it was built, and the plan as it holds under that."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson

from mqttown_orchestrator.world.plan import Place, Plan
from mqttown_orchestrator.world.state import State

__all__ = ["RULES", "present", "reaches", "rule"]

RULES: Final[dict[str, str]] = {
    "levy": "permille of what a purse holds above `rich`, each night",
    "rich": "cents above which a purse pays the levy",
    "poor": "cents up to which a purse is filled from the treasury each night",
    "earshot": "cm that words carry in the open",
}
"""Rules of the world that an intervention may change, and their units."""
_EVERY_DAY: Final = frozenset(range(7))
_PLANNED: Final = ("doors", "prices", "wages")


def present(state: State, plan: Plan) -> Plan:
    """The plan with the doors, prices and wages that hold now; the very same plan where nothing was changed."""
    if not state.altered:
        return plan
    changed: dict[str, Any] = {name: state.altered[name] for name in _PLANNED if name in state.altered}
    if not changed:
        return plan
    key = ("altered", orjson.dumps(changed))
    found: Plan | None = plan.tables.get(key)
    if found is None:
        found = plan.tables[key] = _under(plan, changed)
    return found


def rule(state: State, name: str, usual: int) -> int:
    """The number of a rule that holds now, in its own unit."""
    return int(state.altered["rules"].get(name, usual)) if "rules" in state.altered else usual


def reaches(state: State, speaker: str, listener: str, text: str) -> bool:
    """Whether words get from one to the other: no cut between their groups keeps these words."""
    for cut in state.altered["cuts"].values():
        if _among(speaker, cut["from"]) and _among(listener, cut["to"]) and _kept(text, cut["words"]):
            return False
    return True


def _among(agent: str, group: list[str] | None) -> bool:
    return group is None or agent in group


def _kept(text: str, words: list[str] | None) -> bool:
    return words is None or any(word in text.casefold() for word in words)


def _under(plan: Plan, changed: Mapping[str, Any]) -> Plan:
    places = dict(plan.places)
    for building, opened in changed.get("doors", {}).items():
        place = places.get(building) or Place(0, 0, _EVERY_DAY, {}, None, 0)
        places[building] = replace(place, opens=0, closes=0, days=_EVERY_DAY if opened else frozenset())
    for building, prices in changed.get("prices", {}).items():
        sells = {name: replace(sale, price=prices.get(name, sale.price)) for name, sale in places[building].sells.items()}
        places[building] = replace(places[building], sells=sells)
    jobs = {name: replace(job, wage=changed.get("wages", {}).get(name, job.wage)) for name, job in plan.jobs.items()}
    return replace(plan, places=places, jobs=jobs, tables={})
