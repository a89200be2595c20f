"""A model whose agents act in the town: each of their actions is judged by the world, journaled, and can be replayed."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Final

import polars as pl

from mqttown_cli.laboratory.measure import Tables
from mqttown_cli.laboratory.record import Record
from mqttown_cli.laboratory.residents import residents
from mqttown_cli.laboratory.rulekit.me import Act, Heard, Me
from mqttown_cli.laboratory.schema import TABLES, frame
from mqttown_memory.names import Names
from mqttown_orchestrator.world.digest import digest
from mqttown_orchestrator.world.genesis import genesis
from mqttown_orchestrator.world.inputs import ActionInput, Input, TownInput
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.step import step
from mqttown_orchestrator.world.turn import Happened

__all__ = ["Played", "replayed"]

LABORATORY: Final = "laboratory"
"""Who changes rules, as the town's inputs name it."""
HASHED_EVERY: Final = 60
"""Ticks between two hashes of the state, as in a town."""


class Played:
    """Base of a model: give it a world pack and write `act`. It steps as a Mesa model does, and the runner drives it.

    Args:
        pack: a compiled town, or a plain world of `packs`.
        seed: of world and agents.
        record: whether tables are kept; without it a run is faster, and has `residents` alone.

    Attributes:
        columns: what of each agent's memory is a column of `residents`, and of which type.
        agents: everybody, by id, in the order of the pack.
        steps: made so far.
        running: False when the model is over.
        accepted, refused: verdicts so far.
        journal: inputs of each tick; with pack and seed they give the run again.
    """

    columns: ClassVar[Mapping[str, pl.DataType]] = {}

    def __init__(self, pack: Mapping[str, Any], seed: int, *, record: bool = True) -> None:
        self.pack = pack
        self.plan = Plan.from_json(pack)
        self.state = genesis(self.plan, seed)
        self.luck = Luck(seed)
        contacts = {person["id"]: [relation["with"] for relation in person["relations"]] for person in pack["people"]}
        self._heading: dict[str, str | None] = {}
        self.agents = {
            agent: Me(agent, contacts[agent], self.state, self.plan, self.luck, self._heading) for agent in self.state.bodies
        }
        self.steps = self.accepted = self.refused = 0
        self.running = True
        self.journal: list[list[Input]] = []
        self._record = Record(Names.of_town(pack)) if record else None
        rules = [{"kind": "rule", "name": name, "value": value} for name, value in pack.get("rules", {}).items()]
        first = [TownInput("intervene", LABORATORY, rule) for rule in rules]
        self._tick([*first, *(TownInput("came", agent) for agent in self.agents)])

    def act(self, me: Me) -> Act | None:
        """What an agent does now; None is nothing. This is the rule."""
        raise NotImplementedError

    def step(self) -> None:
        """One step of the model: everybody acts in the same tick, on what was so before it."""
        self.at_once(self.agents)
        self.steps += 1

    def at_once(self, agents: Iterable[str]) -> Happened:
        """One tick in which these agents act; the town's luck decides who comes first."""
        return self._tick([action for agent in agents if (action := self._action(agent)) is not None])

    def in_turn(self, agents: Sequence[str]) -> None:
        """These agents act one after another, a tick each, in an order by luck; who does nothing costs no tick."""
        for agent in sorted(agents, key=lambda agent: (self.luck.draw("turn", self.state.tick, agent), agent)):
            action = self._action(agent)
            if action is not None:
                self._tick([action])

    def tables(self) -> Tables:
        """All tables so far."""
        makers = {"residents": self._residents, "agents": self._agents}
        if self._record is not None:
            kept = ("events", "actions", "speech", "knows", "money", "ticks")
            makers |= {name: partial(self._record.table, name) for name in kept}
        return Tables(self.state.tick, makers)

    def facts(self) -> dict[str, Any]:
        """What the manifest says of this run's world."""
        return {"content_hash": self.pack["content_hash"], "minds": "rule", "models": [], "prompts": {}, "fork": None}

    def digest(self) -> str:
        """Hash of the town's state."""
        return digest(self.state)

    def _action(self, agent: str) -> ActionInput | None:
        me = self.agents[agent]
        act = self.act(me)
        me.heard.clear()
        return None if act is None else ActionInput(agent, f"{agent}-{self.state.tick + 1}", act.verb, act.parameters)

    def _tick(self, inputs: Sequence[Input]) -> Happened:
        self.journal.append(list(inputs))
        happened = step(self.state, self.plan, inputs, self.luck)
        for event in happened.events:
            if event.kind == "said":
                for agent in event.witnesses[1:]:
                    self.agents[agent].heard.append(Heard(str(event.agent), event.data["text"], event.id))
            elif event.kind == "departed":
                self._heading[str(event.agent)] = event.data["to"]
            elif event.kind in ("arrived", "stopped"):
                self._heading.pop(str(event.agent), None)
        refused = sum(verdict.refusal is not None for verdict in happened.verdicts)
        self.refused += refused
        self.accepted += len(happened.verdicts) - refused
        if self._record is not None:
            decided = {
                (entry.agent, entry.id): {"action": entry.verb, "parameters": entry.parameters, "observation_id": None}
                for entry in inputs
                if isinstance(entry, ActionInput)
            }
            state_hash = self.digest() if happened.tick % HASHED_EVERY == 0 else None
            self._record.add(happened, inputs, decided, state_hash)
        return happened

    def _residents(self) -> pl.DataFrame:
        told = [
            pl.Series(name, [me.memory.get(name) for me in self.agents.values()], dtype=type_)
            for name, type_ in self.columns.items()
        ]
        return residents(self.state, self.plan).with_columns(told)

    def _agents(self) -> pl.DataFrame:
        known = TABLES["agents"].schema
        return frame(
            "agents", [tuple({**person, "agent": person["id"]}.get(name) for name in known) for person in self.pack["people"]]
        )


def replayed(pack: Mapping[str, Any], seed: int, journal: Iterable[Sequence[Input]]) -> str:
    """Hash of the state after a journal was fed through the world again, without any rule.

    Args:
        pack: as the model had it.
        seed: of the model.
        journal: inputs of each tick.
    """
    plan = Plan.from_json(pack)
    state, luck = genesis(plan, seed), Luck(seed)
    for inputs in journal:
        step(state, plan, inputs, luck)
    return digest(state)
