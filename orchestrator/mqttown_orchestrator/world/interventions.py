"""What an experimenter changes from outside: doors, prices, wages, rules, what somebody knows, who hears whom, the weather."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mqttown_contract.errors import Refusal
from mqttown_orchestrator.world.altered import RULES
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import State
from mqttown_orchestrator.world.turn import Turn
from mqttown_orchestrator.world.verbs.rule import no

__all__ = ["INTERVENTIONS", "intervene"]

_Data = Mapping[str, Any]
_Check = Callable[[State, Plan, _Data], Refusal | None]
_Apply = Callable[[Turn, _Data, str], None]
_LONGEST_TEXT: Final = 1000


def intervene(turn: Turn, data: _Data) -> Refusal | None:
    """Do one intervention, and tell of it as an event `intervened`; what follows from it names that event as its cause.

    Args:
        turn: of this tick.
        data: `kind`, one of `INTERVENTIONS`, and what it needs.
    """
    known = INTERVENTIONS.get(str(data.get("kind")))
    if known is None:
        return no(f"There is no intervention {data.get('kind')}.", "parameters.kind", list(INTERVENTIONS))
    check, apply = known
    try:
        refusal = check(turn.state, turn.plan, data)
    except KeyError as missing:
        return no(f"The intervention {data['kind']} needs {missing.args[0]}.", f"parameters.{missing.args[0]}")
    except TypeError:
        return no(f"What the intervention {data['kind']} needs is not of that kind.", "parameters")
    if refusal is None:
        apply(turn, data, turn.happening("intervened", dict(data)))
    return refusal


def _part(state: State, name: str) -> dict[str, Any]:
    """One part of what was changed, to be changed further."""
    part: dict[str, Any] = state.altered.setdefault(name, {})
    return part


def _check_door(_state: State, plan: Plan, data: _Data) -> Refusal | None:
    building = data["building"]
    if building not in plan.buildings:
        return no(f"There is no building {building}.", "parameters.building")
    if plan.buildings[building].private:
        return no(f"{building} is a home, and has no hours.", "parameters.building")
    return None


def _door(turn: Turn, data: _Data, told: str) -> None:
    building, doors = data["building"], _part(turn.state, "doors")
    if data["kind"] == "usual":
        doors.pop(building, None)
    else:
        doors[building] = data["kind"] == "open"
    before, turn.plan = turn.plan, turn.replan()
    now = turn.plan.is_open(building, turn.tick) is not False
    if now != (before.is_open(building, turn.tick) is not False):
        turn.happening("opened" if now else "closed", {"building": building}, building, cause=told)


def _check_price(_state: State, plan: Plan, data: _Data) -> Refusal | None:
    item, building = data["item"], data.get("building")
    if not _whole(data["cents"]):
        return no("A price is whole cents, 0 or more.", "parameters.cents")
    if building is not None and building not in plan.places:
        return no(f"{building} sells nothing.", "parameters.building")
    if not any(item in plan.places[place].sells for place in ([building] if building is not None else plan.places)):
        return no(f"{item} is not sold {'in town' if building is None else 'there'}.", "parameters.item", list(plan.items))
    return None


def _price(turn: Turn, data: _Data, _told: str) -> None:
    prices, wanted = _part(turn.state, "prices"), data.get("building")
    for building, place in turn.plan.places.items():
        if data["item"] in place.sells and wanted in (None, building):
            prices.setdefault(building, {})[data["item"]] = data["cents"]


def _check_wage(_state: State, plan: Plan, data: _Data) -> Refusal | None:
    if not _whole(data["cents"]):
        return no("A wage is whole cents an hour, 0 or more.", "parameters.cents")
    if data["job"] not in (*plan.jobs, "all"):
        return no(f"There is no job {data['job']}.", "parameters.job", "all, or a job of the town")
    return None


def _wage(turn: Turn, data: _Data, _told: str) -> None:
    for job in turn.plan.jobs if data["job"] == "all" else (data["job"],):
        _part(turn.state, "wages")[job] = data["cents"]


def _check_rule(_state: State, _plan: Plan, data: _Data) -> Refusal | None:
    if data["name"] not in RULES:
        return no(f"There is no rule {data['name']} to be changed.", "parameters.name", list(RULES))
    return None if _whole(data["value"]) else no("A rule is a whole number, 0 or more.", "parameters.value")


def _rule(turn: Turn, data: _Data, _told: str) -> None:
    _part(turn.state, "rules")[data["name"]] = data["value"]


def _check_words(state: State, _plan: Plan, data: _Data) -> Refusal | None:
    text = data["text"]
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_TEXT:
        return no(f"Words are text of 1 to {_LONGEST_TEXT} letters.", "parameters.text")
    if data["kind"] == "plant" and data["agent"] not in state.bodies:
        return no(f"{data['agent']} has no body in this town.", "parameters.agent")
    return None


def _plant(turn: Turn, data: _Data, told: str) -> None:
    turn.event("planted", turn.state.bodies[data["agent"]], {"text": data["text"]}, cause=told)
    turn.news(data["agent"], "message")


def _broadcast(turn: Turn, data: _Data, told: str) -> None:
    turn.happening("announced", {"text": data["text"]}, cause=told, witnesses=turn.state.bodies)
    for agent in turn.state.bodies:
        turn.news(agent, "message")


def _check_cut(_state: State, _plan: Plan, data: _Data) -> Refusal | None:
    for end in ("from", "to", "words"):
        group = data[end]
        if group is not None and not (isinstance(group, list) and all(isinstance(entry, str) for entry in group)):
            return no(f"`{end}` is a list, or null for all.", f"parameters.{end}")
    return None if isinstance(data["name"], str) else no("A cut has a name, by which it is mended.", "parameters.name")


def _cut(turn: Turn, data: _Data, _told: str) -> None:
    words = None if data["words"] is None else [word.casefold() for word in data["words"]]
    _part(turn.state, "cuts")[data["name"]] = {"from": data["from"], "to": data["to"], "words": words}


def _check_mend(state: State, _plan: Plan, data: _Data) -> Refusal | None:
    cuts = state.altered.get("cuts", {})
    return None if data["name"] in cuts else no(f"There is no cut {data['name']}.", "parameters.name", list(cuts))


def _mend(turn: Turn, data: _Data, _told: str) -> None:
    del _part(turn.state, "cuts")[data["name"]]
    if not turn.state.altered["cuts"]:
        del turn.state.altered["cuts"]


def _check_weather(_state: State, plan: Plan, data: _Data) -> Refusal | None:
    known = list(plan.weather)
    return None if data["weather"] in known else no(f"There is no weather {data['weather']}.", "parameters.weather", known)


def _weather(turn: Turn, data: _Data, told: str) -> None:
    if turn.state.weather != data["weather"]:
        turn.state.weather = data["weather"]
        turn.happening("weather", {"weather": data["weather"]}, cause=told)


def _whole(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0


def _replanned(apply: _Apply) -> _Apply:
    """Let what was changed hold for the rest of the tick."""

    def applied(turn: Turn, data: _Data, told: str) -> None:
        apply(turn, data, told)
        turn.plan = turn.replan()

    return applied


INTERVENTIONS: Final[dict[str, tuple[_Check, _Apply]]] = {
    "close": (_check_door, _door),
    "open": (_check_door, _door),
    "usual": (_check_door, _door),
    "price": (_check_price, _replanned(_price)),
    "wage": (_check_wage, _replanned(_wage)),
    "rule": (_check_rule, _rule),
    "plant": (_check_words, _plant),
    "broadcast": (_check_words, _broadcast),
    "cut": (_check_cut, _cut),
    "mend": (_check_mend, _mend),
    "weather": (_check_weather, _weather),
}
"""Each kind: may it be done, and doing it. To remove and add residents are the town inputs `revoke` and `register`."""
