"""What happened in a run so far, as rows; tables are made of them when somebody asks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import orjson
import polars as pl

from mqttown_cli.laboratory.schema import TABLES, frame
from mqttown_contract.events import Event
from mqttown_memory.names import Names
from mqttown_memory.reflection import LOOKED_AT, THRESHOLD, reflect
from mqttown_memory.stream import Memory
from mqttown_memory.witnessing import witnessed
from mqttown_orchestrator.record import hash_bytes, hash_happened, write_events, write_inputs
from mqttown_orchestrator.world.inputs import Input
from mqttown_orchestrator.world.turn import Happened

__all__ = ["Record", "Remembered", "heard_rows", "remembered"]

_Row = tuple[Any, ...]
_WORDS: Final = ("said", "planted", "announced")


class _Growing:
    """A table to which rows are only added; a frame is made of the new rows alone."""

    def __init__(self, name: str) -> None:
        self.rows: list[_Row] = []
        self._name = name
        self._frame = pl.DataFrame(schema=TABLES[name].schema)
        self._framed = 0

    def frame(self) -> pl.DataFrame:
        """All rows so far."""
        if self._framed < len(self.rows):
            fresh = frame(self._name, self.rows[self._framed :])
            self._frame = pl.concat([self._frame, fresh]) if self._framed else fresh
            self._framed = len(self.rows)
        return self._frame


class Record:
    """Keeps what each tick brought.

    Args:
        names: what memories call people and places; learns those who register.

    Attributes:
        events: all so far, in order.
    """

    def __init__(self, names: Names) -> None:
        self.events: list[Event] = []
        self._names = names
        self._tables = {name: _Growing(name) for name in _ROWS}
        self._ticks = _Growing("ticks")
        self._actions = _Growing("actions")
        self._noted = 0

    def add(
        self,
        happened: Happened,
        inputs: Sequence[Input],
        decided: Mapping[tuple[str, str], Mapping[str, Any]],
        state_hash: str | None,
    ) -> None:
        """Take in one tick.

        Args:
            happened: in it.
            inputs: that the world was given.
            decided: actions of the wire by agent and id.
            state_hash: of the state after it, if it was taken.
        """
        written = write_inputs(inputs)
        events_hash = hash_happened(happened, write_events(happened.events))
        self._ticks.rows.append((happened.tick, written.decode(), hash_bytes(written), events_hash, state_hash))
        self._actions.rows += _action_rows(happened, decided)
        self.events += happened.events

    def table(self, name: str) -> pl.DataFrame:
        """A table of all so far: one of `events`, `speech`, `knows`, `money`, `actions`, `ticks` or `memories`."""
        if name == "ticks":
            return self._ticks.frame()
        if name == "actions":
            return self._actions.frame()
        if name == "memories":
            return frame(name, [_memory_row(memory) for memory in remembered(self.events, self._names)])
        self._note()
        return self._tables[name].frame()

    def _note(self) -> None:
        """Make rows of the events that have come since the last time."""
        fresh, self._noted = self.events[self._noted :], len(self.events)
        for name, make in _ROWS.items():
            rows = self._tables[name].rows
            for event in fresh:
                rows += make(event)


class Remembered:
    """Makes memories of events, tick by tick, and what everybody concludes from them; as the memory service does it.

    Args:
        names: what the sentences call people and places; learns those who register.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._streams: dict[str, list[Memory]] = {}
        self._since: dict[str, int] = {}

    def of_tick(self, events: Sequence[Event]) -> list[Memory]:
        """Memories of the events of one tick, in order, and then reflections."""
        self._names.learn(events)
        fresh = [memory for event in events for memory in witnessed(event, self._names)]
        for memory in fresh:
            self._streams.setdefault(memory.agent, []).append(memory)
            self._since[memory.agent] = self._since.get(memory.agent, 0) + memory.importance
        for agent in sorted({memory.agent for memory in fresh}):
            if self._since[agent] >= THRESHOLD:
                self._since[agent] = 0
                concluded = reflect(agent, self._streams[agent][-LOOKED_AT:], events[0].tick, self._names)
                self._streams[agent] += concluded
                fresh += concluded
        return fresh


def remembered(events: Iterable[Event], names: Names) -> Iterator[Memory]:
    """What everybody remembers of events, in order.

    Args:
        events: in order.
        names: what the sentences call people and places; learns those who register.
    """
    made = Remembered(names)
    for _tick, of_tick in groupby(events, attrgetter("tick")):
        yield from made.of_tick(list(of_tick))


def heard_rows(event: Event) -> list[_Row]:
    """Rows of `knows`: whoever heard words, from whom."""
    if event.kind not in _WORDS:
        return []
    said = event.kind == "said"
    hearers = [agent for agent in event.witnesses if not (said and agent == event.agent)]
    speaker = event.agent if said else None
    return [(event.tick, event.id, agent, speaker, event.data["text"], event.about) for agent in hearers]


def _event_row(event: Event) -> list[_Row]:
    return [
        (
            event.tick, int(event.id.rpartition("-")[2]), event.id, event.kind, event.district, event.building, event.agent,
            event.action_id, event.cause, event.about, event.witnesses, orjson.dumps(event.data).decode(),
        )
    ]  # fmt: skip


def _speech_row(event: Event) -> list[_Row]:
    if event.kind != "said":
        return []
    heard_by = [agent for agent in event.witnesses if agent != event.agent]
    return [
        (
            event.tick, event.id, event.agent, event.district, event.building, event.data["text"], event.data.get("to"),
            event.about, heard_by, event.action_id,
        )
    ]  # fmt: skip


def _money_row(event: Event) -> list[_Row]:
    if event.kind != "paid":
        return []
    paid = event.data
    return [
        (event.tick, event.id, paid["from"], paid["to"], paid["amount"], paid["why"], event.agent, event.cause, event.action_id)
    ]  # fmt: skip


_ROWS: Final[dict[str, Callable[[Event], list[_Row]]]] = {
    "events": _event_row,
    "speech": _speech_row,
    "knows": heard_rows,
    "money": _money_row,
}


def _action_rows(happened: Happened, decided: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[_Row]:
    for n, verdict in enumerate(happened.verdicts):
        sent, no = decided[verdict.agent, verdict.id], verdict.refusal
        yield (
            happened.tick, n, verdict.agent, verdict.id, sent["action"], orjson.dumps(sent["parameters"]).decode(),
            sent["observation_id"], sent.get("reasoning"), verdict.status, None if no is None else no.code.value,
            None if no is None else no.detail, list(verdict.events),
        )  # fmt: skip


def _memory_row(memory: Memory) -> _Row:
    return (
        memory.born, memory.agent, memory.id, memory.kind, memory.text, memory.importance, list(memory.evidence), memory.actor,
        memory.place,
    )  # fmt: skip
