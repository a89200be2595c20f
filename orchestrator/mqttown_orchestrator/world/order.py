"""The fair order of a tick's inputs: the town first, then actions in rounds, by the luck of the tick."""

from collections.abc import Iterable, Iterator

from mqttown_orchestrator.world.inputs import ActionInput, Input, TownInput
from mqttown_orchestrator.world.luck import Luck

__all__ = ["actions_in_order", "town_inputs_in_order"]


def town_inputs_in_order(inputs: Iterable[Input], tick: int, luck: Luck) -> list[TownInput]:
    """Agent by agent, by luck; those about one agent in the order of arrival, since who left and came is back."""
    town = [entry for entry in inputs if isinstance(entry, TownInput)]
    return sorted(town, key=lambda entry: (luck.draw("town", tick, entry.agent), entry.agent))


def actions_in_order(inputs: Iterable[Input], tick: int, luck: Luck) -> Iterator[ActionInput]:
    """The first action of every agent, then the second, …; within a round by luck, so nobody gains by being quick."""
    queues: dict[str, list[ActionInput]] = {}
    for entry in inputs:
        if isinstance(entry, ActionInput):
            queues.setdefault(entry.agent, []).append(entry)
    turn, agents = 0, list(queues)
    while agents:
        if len(agents) > 1:
            agents.sort(key=lambda agent: (luck.draw("order", tick, turn, agent), agent))
        for agent in agents:
            yield queues[agent][turn]
        turn += 1
        agents = [agent for agent in agents if len(queues[agent]) > turn]
