"""The tables of a run folder: columns with type, unit and meaning; the data dictionary is made from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from mqttown_contract.events import EVENT_KINDS
from mqttown_contract.verbs import VERBS

__all__ = ["TABLES", "Column", "Table", "dictionary", "frame"]

_TEXT, _WHOLE, _REAL, _FLAG, _LIST = pl.String(), pl.Int64(), pl.Float64(), pl.Boolean(), pl.List(pl.String)


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `unit` is empty for text."""

    name: str
    type: pl.DataType
    meaning: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        name: of its folder in a run folder.
        meaning: a sentence; what one row is.
        columns: without `RunId`, which every table begins with.
        measured: whether a row is of a measurement, so that `iteration`, `Step` and the parameters come first, as in Mesa.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    measured: bool = False

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Names and types."""
        return {column.name: column.type for column in self.columns}


def _text(name: str, meaning: str) -> Column:
    return Column(name, _TEXT, meaning)


def _whole(name: str, meaning: str, unit: str) -> Column:
    return Column(name, _WHOLE, meaning, unit)


def _real(name: str, meaning: str, unit: str) -> Column:
    return Column(name, _REAL, meaning, unit)


def _list(name: str, meaning: str) -> Column:
    return Column(name, _LIST, meaning)


_TICK: Final = _whole("tick", "when, since the town's first minute", "town minutes")
_N: Final = _whole("n", "number within the tick", "1")
_EVENT: Final = _text("event", "id of the event, `e-{tick}-{n}`")
_WHERE: Final = (_text("district", "id of the district, if in one"), _text("building", "id of the building, if in one"))
_ABOUT: Final = _list("about", "ids of the events that the words pass on")
_KINDS: Final = "; ".join(f"{kind.name}: {kind.meaning}" for kind in EVENT_KINDS.values())
_DATA: Final = "; ".join(
    f"{kind.name}: {', '.join(f'{name} ({what})' for name, what in kind.data.items()) or 'nothing'}"
    for kind in EVENT_KINDS.values()
)

RESIDENTS: Final = (
    _text("agent", "id"),
    _text("kind", "hosted or external"),
    _text("home", "id of the home, if any"),
    _text("home_district", "id of the district it is at home in"),
    _text("job", "id of the job, if any"),
    *_WHERE,
    _real("x", "eastwards from the town's origin", "metres"),
    _real("y", "northwards from the town's origin", "metres"),
    _text("doing", "idle, walking, working, eating or sleeping"),
    _whole("purse", "money carried", "cents"),
    _real("energy", "0 exhausted to 1 rested", "1"),
    _real("food", "0 starving to 1 full", "1"),
    _real("company", "0 lonely to 1 content", "1"),
    Column("present", _FLAG, "whether somebody drives the body"),
)

TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        Table("residents", "One body at this moment; kept as `agent_vars` at each measurement.", RESIDENTS),
        Table("model_vars", "One measurement of a run; the columns after the parameters are its metrics.", (), measured=True),
        Table(
            "agent_vars",
            "One agent at one measurement.",
            (_text("AgentID", "id of the agent"), *RESIDENTS[1:]),
            measured=True,
        ),
        Table(
            "agents",
            "One agent that has or had a body.",
            (
                _text("agent", "id"),
                _text("name", "public name"),
                _text("kind", "hosted or external"),
                _text("home_district", "id of the district it is at home in"),
                _text("home", "id of the home, if any"),
                _text("job", "id of the job, if any"),
                _whole("age", "years, if known", "years"),
                *(_whole(trait, "trait, if known", "permille") for trait in ("sociable", "curious", "generous", "conscientious")),
                _text("owner", "whose agent it is, if anybody's"),
                _text("tagline", "what it says of itself"),
            ),
        ),
        Table(
            "events",
            f"One thing that happened, in order. Kinds: {_KINDS}",
            (
                _TICK,
                _N,
                _text("id", "`e-{tick}-{n}`"),
                _text("kind", "one of the kinds"),
                *_WHERE,
                _text("agent", "who did it, if anybody"),
                _text("action_id", "action it comes from, if any"),
                _text("cause", "event it follows from, if any"),
                _ABOUT,
                _list("witnesses", "who saw or heard it, the doer first"),
                _text("data", f"JSON. {_DATA}"),
            ),
        ),
        Table(
            "actions",
            "One decided action with its verdict.",
            (
                _TICK,
                _N,
                _text("agent", "who acted"),
                _text("action_id", "id that the agent gave"),
                _text("action", f"one of {', '.join(VERBS)}"),
                _text("parameters", "JSON"),
                _text("observation_id", "observation that it answers"),
                _text("reasoning", "why, in its words"),
                _text("status", "accepted or rejected"),
                _text("code", "reason code, if rejected"),
                _text("detail", "the reason in words"),
                _list("events", "ids of the events that it caused at once"),
            ),
        ),
        Table(
            "speech",
            "One thing that was said.",
            (
                _TICK,
                _EVENT,
                _text("speaker", "id"),
                *_WHERE,
                _text("text", "the words"),
                _list("addressed", "to whom, null for all in earshot"),
                _ABOUT,
                _list("heard_by", "who heard it, nearest first"),
                _text("action_id", "action it comes from"),
            ),
        ),
        Table(
            "knows",
            "Who heard what from whom: one listener of one thing said, planted or announced. `about` leads back to the source.",
            (
                _TICK,
                _EVENT,
                _text("agent", "who heard it"),
                _text("speaker", "who said it; null if it was planted or announced"),
                _text("text", "the words"),
                _ABOUT,
            ),
        ),
        Table(
            "money",
            "One payment. Accounts are `purse:{agent}`, `till:{building}`, `treasury` and `mint`.",
            (
                _TICK,
                _EVENT,
                _text("payer", "account"),
                _text("payee", "account"),
                _whole("cents", "amount", "cents"),
                _text("why", "wage, sale, gift, claim, endowment, support or levy"),
                _text("agent", "whose doing, if anybody's"),
                _text("cause", "event it follows from"),
                _text("action_id", "action it comes from, if any"),
            ),
        ),
        Table(
            "relations",
            "Who somebody was to another before the run began.",
            (
                _text("agent", "whose relation"),
                _text("other", "to whom"),
                _text("kind", "what the other is: partner, friend, …"),
                _whole("warmth", "of the relation", "permille"),
            ),
        ),
        Table(
            "memories",
            "One memory of one agent, as the memory service keeps it.",
            (
                _TICK,
                _text("agent", "whose"),
                _text("id", "unique for the agent"),
                _text("kind", "observation, message or reflection"),
                _text("text", "in the agent's words"),
                _whole("importance", "how much it matters", "permille"),
                _list("evidence", "ids of events or memories it rests on"),
                _text("actor", "other agent it is about"),
                _text("place", "building it happened in"),
            ),
        ),
        Table(
            "interventions",
            "One change from outside.",
            (
                _TICK,
                _N,
                _text("kind", "close, open, usual, price, wage, rule, plant, broadcast, cut, mend, weather, remove or add"),
                _text("data", "JSON"),
                _text("because", "setup, at, every, when or by hand"),
                _text("event", "id of the event that tells of it; null if it was refused"),
                _text("detail", "why it was refused, if it was"),
            ),
        ),
        Table(
            "answers",
            "One answer of one agent to a question that was put to it outside town time.",
            (
                _TICK,
                _text("survey", "name of the survey"),
                _text("agent", "who was asked"),
                _text("question", "what was asked"),
                _text("type", "boolean, number, choice, list or text: which of the next is filled"),
                Column("boolean", _FLAG, "answer"),
                _real("number", "answer", "as the question says"),
                _text("text", "answer, or choice"),
                _list("list", "answer"),
                _list("evidence", "ids of the events or memories it rests on"),
            ),
        ),
        Table(
            "ticks",
            "One step of the world: what it was given, and the hash of what came of it.",
            (
                _TICK,
                _text("inputs", "JSON: all that the world was given"),
                _text("inputs_hash", "BLAKE2b of the inputs"),
                _text("events_hash", "BLAKE2b of events, verdicts and answers"),
                _text("state_hash", "BLAKE2b of the state; each 60th tick and the last, else null"),
            ),
        ),
    )
}
"""By name."""


def frame(table: str, rows: list[Any]) -> pl.DataFrame:
    """Rows (mappings or tuples) as a table of these columns."""
    return pl.DataFrame(rows, schema=TABLES[table].schema, orient="row")


def dictionary(tables: Mapping[str, Mapping[str, pl.DataType]], metrics: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """The data dictionary of a run folder.

    Args:
        tables: names and types of the columns that are there, by table.
        metrics: unit and meaning of columns that are no table's own: metrics and parameters.
    """
    told = {}
    for name, columns in tables.items():
        known = {column.name: column for column in TABLES[name].columns} if name in TABLES else {}
        told[name] = {
            "meaning": TABLES[name].meaning if name in TABLES else "",
            "columns": {column: _told(column, str(type_), known.get(column), metrics) for column, type_ in columns.items()},
        }
    return told


def _told(name: str, type_: str, column: Column | None, metrics: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    if column is not None:
        return {"type": type_, "unit": column.unit, "meaning": column.meaning}
    unit, meaning = {**_OF_ALL, **metrics}.get(name, ("", "of the model's own"))
    return {"type": type_, "unit": unit, "meaning": meaning}


_OF_ALL: Final = {
    "RunId": ("1", "number of the run in this folder"),
    "iteration": ("1", "number of the repetition, from 0"),
    "Step": ("steps", "steps made; a step of the town is a minute"),
    "seed": ("1", "of the run"),
}
