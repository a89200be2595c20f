"""The model `town`: a town without ports that the runner drives, intervenes in, questions and measures."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from mqttown_agents.mind import Mind, Thinker, Tier
from mqttown_agents.population import routine_minds
from mqttown_cli.laboratory.fork import Fork
from mqttown_cli.laboratory.groups import choose
from mqttown_cli.laboratory.measure import Tables
from mqttown_cli.laboratory.population import Population, Wishes
from mqttown_cli.laboratory.record import Record
from mqttown_cli.laboratory.residents import residents
from mqttown_cli.laboratory.schema import TABLES, frame
from mqttown_cli.laboratory.survey import Interviewer
from mqttown_cli.laboratory.thinking import Mode
from mqttown_memory.names import Names
from mqttown_orchestrator.world.digest import digest
from mqttown_orchestrator.world.inputs import TownInput
from mqttown_orchestrator.world.interventions import INTERVENTIONS
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import State
from mqttown_orchestrator.world.turn import Answered, Happened

__all__ = ["LABORATORY", "InterventionError", "Town", "compiled"]

LABORATORY: Final = "laboratory"
"""Who intervenes, as the town's inputs name it."""
HASHED_EVERY: Final = 60
"""Ticks between two hashes of the state."""
_GROUPS: Final = ("from", "to", "agents")
_PLANS: Final[dict[str, Plan]] = {}
_TOLD_AS: Final = {"register": "registered", "revoke": "revoked"}


class InterventionError(ValueError):
    """An intervention could not be done; the message says why."""


class Town:
    """A town of residents with routine minds, as Mesa would call a model.

    Args:
        seed: of town, world and minds.
        town: name of a town's content, or a compiled town's file.
        residents: how many live there; all of a compiled town's.
        talk: whether they speak.
        start: folder of a fork (`mqttown experiment fork`) to go on from.
        model_minds: residents who think with a model: `all`, or ids with commas; in a fork they begin to.
        models: registry of models, a YAML file; that of the content without it.
        tier: which kind of model.
        cassette: folder of recorded answers, a file for each seed; nothing is recorded without it.
        cassette_mode: `record`, `replay` (what is not there is asked), or `strict` (the run fails).
        budget: what each of them may spend, millionths of a unit of money; 0 for models without a price alone.

    Attributes:
        steps: ticks made so far.
        running: always; a town is never over.
        seed: of the run.
        compiled: the compiled town.
    """

    def __init__(
        self,
        *,
        seed: int,
        town: str = "helsinki",
        residents: int = 25,
        talk: bool = True,
        start: str | None = None,
        model_minds: Sequence[str] | str = (),
        models: str | None = None,
        tier: Tier = "small",
        cassette: str | None = None,
        cassette_mode: Mode = "strict",
        budget: int = 0,
    ) -> None:
        self.seed, self.running, self.talk = seed, True, talk
        self._interventions: list[tuple[Any, ...]] = []
        self._waiting: list[tuple[TownInput, str]] = []
        self._fork = None if start is None else Fork.read(Path(start))
        self.compiled = compiled(town, residents, seed) if self._fork is None else self._fork.compiled
        self._record = Record(Names.of_town(self.compiled))
        wishes = Wishes(talk, model_minds, models, tier, cassette, cassette_mode, budget)
        self._population = Population(self.compiled, seed, residents, wishes, self._fork)
        self._headless = self._population.settle(_plan(self.compiled), self._record)
        self._people = {person["id"]: person for person in self.compiled["people"]}
        think = None if self._population.thinking is None else self._population.thinking.think
        self._interviewer = Interviewer(self._headless, self._people, lambda: self._record.table("memories"), think)

    @property
    def steps(self) -> int:
        """Ticks of the town."""
        return self._headless.state.tick

    @property
    def state(self) -> State:
        """The world as it is now; to be read."""
        return self._headless.state

    @property
    def minds(self) -> Mapping[str, Mind | Thinker]:
        """The residents' minds; to be read."""
        return self._headless.minds

    def tick_at(self, day: int, minute: int) -> int:
        """The tick of a time: day 1 is the first one, `minute` of the day."""
        return (day - 1) * 1440 + minute - self._headless.plan.clock.minute_of_day(0)

    def minute_and_day(self) -> tuple[int, int]:
        """The minute of the day, and the day from 1."""
        now = self._headless.plan.clock.minute_of_day(0) + self.steps
        return now % 1440, now // 1440 + 1

    def step(self) -> None:
        """One tick.

        Raises:
            InterventionError: the world refuses what was to be done from outside.
        """
        waiting, self._waiting = self._waiting, []
        for entry, _ in waiting:
            self._welcome(entry)
        happened = self._headless.tick([entry for entry, _ in waiting], self._population.witness)
        tick = happened.tick
        state_hash = self.digest() if tick % HASHED_EVERY == 0 else None
        self._record.add(happened, self._headless.inputs, self._headless.decided, state_hash)
        if waiting:
            self._settle(happened, waiting)

    def intervene(self, kind: str, data: Mapping[str, Any], because: str) -> None:
        """Take in an intervention: one of the world's, or `remove` (`agents`), or `add` (`agent` and what is known of the person).

        Raises:
            InterventionError: there is none of that kind.
        """
        known = {name: self.choose(group) if name in _GROUPS and group is not None else group for name, group in data.items()}
        if kind == "remove":
            self._waiting += [(TownInput("revoke", agent), because) for agent in known["agents"]]
        elif kind == "add":
            self._waiting.append((TownInput("register", str(known["agent"]), {**known, "kind": "hosted"}), because))
        elif kind == "cut":
            for number, (one, other) in enumerate(_ways(known)):
                name = f"{known['name']}{'-back' if number else ''}"
                cut = {"kind": kind, "name": name, "from": one, "to": other, "words": known.get("words")}
                self._waiting.append((TownInput("intervene", LABORATORY, cut), because))
        elif kind == "plant" and "agents" in known:
            each = ({"kind": kind, "agent": agent, "text": known.get("text")} for agent in known["agents"])
            self._waiting += [(TownInput("intervene", LABORATORY, plant), because) for plant in each]
        elif kind in INTERVENTIONS:
            self._waiting.append((TownInput("intervene", LABORATORY, {"kind": kind, **known}), because))
        else:
            raise InterventionError(f"there is no intervention {kind!r}; there are {', '.join([*INTERVENTIONS, 'remove', 'add'])}")

    def survey(self, question: Mapping[str, Any], agents: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Ask residents something outside town time: neither world nor minds are changed by it.

        Args:
            question: see `Interviewer.ask`.
            agents: whom; everybody without it.
        """
        asked = [agent for agent in self._headless.minds if agents is None or agent in agents]
        return [self._interviewer.ask(agent, question) for agent in asked]

    def choose(self, group: Any) -> list[str]:
        """Residents of a group, as experiment files say it (`groups.py`)."""
        return choose(group, self.tables(), self.seed)

    def close(self) -> None:
        """Hang up with the models, if there are any, and close the cassette."""
        self._population.close()

    def digest(self) -> str:
        """Hash of the world's state."""
        return digest(self._headless.state)

    def facts(self) -> dict[str, Any]:
        """What the manifest says of this run's town and minds."""
        fork = None if self._fork is None else {"origin": self._fork.origin, "tick": self._fork.tick, "hash": self._fork.hash}
        return {"content_hash": self.compiled["content_hash"], "fork": fork, **self._population.facts()}

    def tables(self) -> Tables:
        """All tables of the run so far."""
        kept = ("events", "actions", "speech", "knows", "money", "memories", "ticks")
        makers = {name: partial(self._record.table, name) for name in kept}
        return Tables(
            self.steps,
            {
                **makers,
                "residents": self._residents,
                "agents": self._agents,
                "relations": self._relations,
                "interventions": lambda: frame("interventions", self._interventions),
            },
        )

    def by_hand(self, entries: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Intervene from a notebook: `(kind, data)` each, in the next step."""
        for kind, data in entries:
            self.intervene(kind, data, "by hand")

    def _welcome(self, entry: TownInput) -> None:
        """Give a mind to somebody who comes, and take that of somebody who goes."""
        if entry.kind == "revoke":
            self._headless.leave(entry.agent)
        elif entry.kind == "register":
            person = _person(entry, self._people)
            self._people[entry.agent] = person
            everybody = {**self.compiled, "people": list(self._people.values())}
            self._headless.join(entry.agent, routine_minds(everybody, self.seed, talk=self.talk)[entry.agent])

    def _settle(self, happened: Happened, waiting: Sequence[tuple[TownInput, str]]) -> None:
        """Note what became of the interventions of a tick."""
        told = [event.id for event in happened.events if event.kind == "intervened"]
        made = {(event.kind, event.agent): event.id for event in happened.events if event.kind in _TOLD_AS.values()}
        answers = [answer for answer in happened.answers if answer.kind in ("intervene", *_TOLD_AS)]
        reasons = [(entry, because) for entry, because in waiting if entry.kind == "intervene"]
        others: dict[tuple[str, str], tuple[TownInput, str]] = {
            (entry.kind, entry.agent): (entry, because) for entry, because in waiting if entry.kind != "intervene"
        }
        for n, answer in enumerate(answers):
            entry, because = reasons.pop(0) if answer.kind == "intervene" else others[answer.kind, answer.agent]
            event = None
            if answer.refusal is None:
                event = told.pop(0) if answer.kind == "intervene" else made[_TOLD_AS[answer.kind], answer.agent]
            self._note(happened.tick, n, entry, because, event, answer)

    def _note(self, tick: int, n: int, entry: TownInput, because: str, event: str | None, answer: Answered) -> None:
        kind = {"register": "add", "revoke": "remove"}.get(entry.kind) or entry.data["kind"]
        data = {"agent": entry.agent, **entry.data} if entry.kind != "intervene" else entry.data
        detail = None if answer.refusal is None else answer.refusal.detail
        self._interventions.append((tick, n, kind, orjson.dumps(data).decode(), because, event, detail))
        if detail is not None and because != "by hand":
            raise InterventionError(f"the intervention {kind} in tick {tick} is not possible: {detail}")

    def _residents(self) -> pl.DataFrame:
        return residents(self._headless.state, self._headless.plan)

    def _relations(self) -> pl.DataFrame:
        rows = [
            (agent, relation["with"], relation["kind"], relation["warmth"])
            for agent, person in self._people.items()
            for relation in person.get("relations", ())
        ]
        return frame("relations", rows)

    def _agents(self) -> pl.DataFrame:
        bodies = self._headless.state.bodies
        known = TABLES["agents"].schema
        rows = []
        for agent, person in self._people.items():
            body = bodies.get(agent)
            told = {"agent": agent, "kind": "hosted", **person.get("traits", {}), **person}
            told |= {} if body is None else {"home": body.home, "home_district": body.home_district, "job": body.job}
            rows.append(tuple(told.get(name) for name in known))
        return frame("agents", rows)


def compiled(town: str, residents: int, seed: int) -> dict[str, Any]:
    """A compiled town: read from a file, or made from its content. Shared: must not be changed."""
    if town.endswith(".json"):
        return _read(town)
    written = residents <= _written(town)
    return _compile(town, residents, 1 if written else seed)


@lru_cache(maxsize=2)
def _read(file: str) -> dict[str, Any]:
    return dict(orjson.loads(Path(file).read_bytes()))


@lru_cache(maxsize=2)
def _content(town: str) -> Any:
    """A town's content, read once in a process: that takes as long as half a town day of 25 residents."""
    from mqttown_cli.content.check import checked  # noqa: PLC0415  only where content is compiled
    from mqttown_cli.content.load import find_town, load  # noqa: PLC0415

    return checked(load(find_town(town)))


def _written(town: str) -> int:
    """How many people are written; with no more, a town is the same with every seed."""
    people = _content(town).people
    return 0 if people is None else len(people.people)


@lru_cache(maxsize=2)
def _compile(town: str, residents: int, seed: int) -> dict[str, Any]:
    from mqttown_cli.content.compile import compile_content  # noqa: PLC0415

    return compile_content(_content(town), residents, seed)


def _plan(town: Mapping[str, Any]) -> Plan:
    """The plan of a town; runs of one process share it, and the ways that were found in it."""
    found = _PLANS.get(town["content_hash"])
    if found is None:
        _PLANS.clear()
        found = _PLANS[town["content_hash"]] = Plan.from_json(town)
    return found


def _ways(known: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Who is cut off from whom: between two groups (both ways with `both`), or a group from everybody."""
    if "agents" in known:
        return [(known["agents"], None), (None, known["agents"])]
    one, other = known.get("from"), known.get("to")
    return [(one, other), (other, one)] if known.get("both", True) and one != other else [(one, other)]


def _person(entry: TownInput, people: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Somebody who comes: as said, with what is usual for what is left open."""
    usual: dict[str, Any] = {
        "age": None,
        "job": None,
        "home": None,
        "traits": {},
        "goals": [],
        "likes": [],
        "relations": [],
        "wakes": 420,
        "sleeps": 1350,
    }
    like = people.get(str(entry.data.get("like", "")), {})
    said = {name: value for name, value in entry.data.items() if name in usual}
    taken = {name: value for name, value in like.items() if name in ("traits", "goals", "likes", "wakes", "sleeps")}
    return {**usual, **taken, **said, "id": entry.agent, "name": entry.data.get("name", entry.agent)}
