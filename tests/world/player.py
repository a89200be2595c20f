"""A player who picks at random, but always the same for the same seed, among what is offered to everybody."""

from typing import Any

from mqttown_orchestrator.world.inputs import ActionInput, Input, TownInput
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.offers import offers
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import State

__all__ = ["Player"]


class Player:
    """Draws inputs for the next tick. It draws by the world's own luck, under another seed."""

    def __init__(self, seed: int, strangers: int = 3) -> None:
        self._luck = Luck(f"player-{seed}")
        self._strangers = [f"stranger-{number}" for number in range(strangers)]

    def inputs(self, state: State, plan: Plan) -> list[Input]:
        """Some agents act, one in ten badly; strangers come and go."""
        tick = state.tick
        chosen: list[Input] = []
        for agent in self._strangers:
            kinds = ["register"] if agent not in state.bodies else ["came", "left", "came", "claim_for", "revoke"]
            if self._luck.below(40, "town", tick, agent) == 0:
                kind: Any = kinds[self._luck.below(len(kinds), "kind", tick, agent)]
                data = {"register": {"district": "ranta", "purse": 60_000}, "claim_for": {"building": "kirjakauppa-lehti"}}.get(
                    kind, {}
                )
                chosen.append(TownInput(kind, agent, data))
        for agent in state.bodies:
            if self._luck.below(8, "acts", tick, agent) == 0:
                chosen += [self._action(state, plan, agent, number) for number in range(self._luck.below(3, "count", tick, agent))]
        return chosen

    def _action(self, state: State, plan: Plan, agent: str, number: int) -> ActionInput:
        tick = state.tick
        key = ("pick", tick, agent, number)
        action_id = f"{agent}-{tick - self._luck.below(3, *key, 'old')}-{number}"
        if self._luck.below(10, *key, "bad") == 0:
            return ActionInput(agent, action_id, "move_to", {"to": "nowhere"})
        able = offers(state, plan, agent)
        offer = able[self._luck.below(len(able), *key, "verb")]
        parameters: dict[str, Any] = {}
        schema = offer["parameters"]
        for name, field in schema["properties"].items():
            if name in schema.get("required", ()) or self._luck.below(3, *key, name) == 0:
                parameters[name] = self._value(state, agent, name, field, key)
        if offer["action"] == "give":
            parameters.setdefault("amount", 1)
            if "item" in parameters:
                del parameters["amount"]
        return ActionInput(agent, action_id, offer["action"], parameters)

    def _value(self, state: State, agent: str, name: str, field: dict[str, Any], key: tuple[Any, ...]) -> Any:
        choices = field.get("enum") or field.get("examples")
        if choices:
            return choices[self._luck.below(len(choices), *key, name, "value")]
        if name == "about":
            return state.bodies[agent].heard[-2:]
        if name == "to":
            return field["items"]["enum"][:2]
        if name == "text":
            return f"It is {state.tick}, says {agent}."
        if name == "until":
            return f"{self._luck.below(24, *key, name):02d}:30"
        return 1 + self._luck.below(min(field["maximum"], 30), *key, name)
