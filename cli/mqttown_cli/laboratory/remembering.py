"""The memory service in process: what was witnessed and noted, recalled by the same score."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mqttown_agents.mind import Note, Question
from mqttown_cli.laboratory.record import Remembered
from mqttown_contract.events import Event
from mqttown_memory.embedding import WordLlama
from mqttown_memory.names import Names
from mqttown_memory.stream import Memory, Stream

__all__ = ["Remembering"]

_PERMILLE = 1000


class Remembering:
    """Streams of memories of those who ask for them.

    Args:
        names: what memories call people and places.
        agents: whose memories are kept.
    """

    def __init__(self, names: Names, agents: Iterable[str]) -> None:
        self._embedding = WordLlama()
        self._remembered = Remembered(names)
        self._streams = {agent: Stream(agent, self._embedding.dimensions) for agent in agents}
        self._fresh: dict[str, list[Memory]] = {agent: [] for agent in self._streams}

    def take_in(self, events: Sequence[Event]) -> None:
        """Remember the events of a tick, for everybody who witnessed them."""
        for memory in self._remembered.of_tick(events):
            if memory.agent in self._fresh:
                self._fresh[memory.agent].append(memory)

    def recall(self, agent: str, question: Question) -> list[dict[str, Any]]:
        """Memories as the wire tells them, best first; those returned count as accessed now."""
        stream = self._up_to_date(agent)
        query = self._embedding.embed([question.query])[0]
        return [_told(found.memory) for found in stream.recall(query, question.tick, question.k, question.kinds)]

    def note(self, agent: str, note: Note, tick: int) -> Mapping[str, Any]:
        """Remember what a mind has noted by itself; noted twice it is remembered once."""
        importance = round(note.importance * _PERMILLE)
        self._fresh[agent].append(Memory(agent, f"n-{note.id}", note.kind, note.text, importance, tick, tick, note.evidence))
        return {"id": f"n-{note.id}"}

    def _up_to_date(self, agent: str) -> Stream:
        fresh = self._fresh[agent]
        if fresh:
            self._streams[agent].extend(fresh, self._embedding.embed([memory.text for memory in fresh]))
            self._fresh[agent] = []
        return self._streams[agent]


def _told(memory: Memory) -> dict[str, Any]:
    return {
        "id": memory.id, "kind": memory.kind, "text": memory.text, "tick": memory.born,
        "importance": memory.importance / _PERMILLE, "evidence": list(memory.evidence),
    }  # fmt: skip
