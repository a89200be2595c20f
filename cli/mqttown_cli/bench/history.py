"""What agents did and were told, and what the journal says of it: the two that the checks compare."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["Decided", "Facts", "Gift", "Operation", "of_type", "read_history"]


@dataclass(frozen=True, slots=True)
class Operation:
    """A line of a history, as Jepsen's histories have it (https://github.com/jepsen-io/jepsen).

    Attributes:
        time: seconds, of one clock for the whole history.
        process: the agent.
        type: `invoke` an action is sent for the first time; `ok` or `fail` a verdict is heard; `info` anything else.
        f: what was asked for, or what the information is.
        id: of the action.
        value: more, by the kind of line.
    """

    time: float
    process: str
    type: Literal["invoke", "ok", "fail", "info"]
    f: str
    id: str = ""
    value: dict[str, Any] = field(default_factory=dict)

    def to_line(self) -> str:
        """As one line of JSON."""
        return json.dumps(asdict(self)) + "\n"


def read_history(file: Path) -> list[Operation]:
    """Read what was written line by line."""
    with file.open(encoding="utf-8") as lines:
        return [Operation(**json.loads(line)) for line in lines]


@dataclass(frozen=True, slots=True)
class Decided:
    """A row of the journal's actions; rows are in the order in which they were decided."""

    tick: int
    agent: str
    id: str
    status: str
    code: str | None = None
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gift:
    """An event of the kind `gave`, with money."""

    agent: str
    action_id: str
    to: str
    amount: int


@dataclass(slots=True)
class Facts:
    """What is durable at the end.

    Attributes:
        actions: of the agents of the history, in order.
        gifts: of money, in order.
        before, after: purses of these agents, cents.
        total: sum over all accounts of the town.
        hashes: of the last state, by how it was come by; all must be the same.
        arrivals: by generation, (agent, action id) in the order in which they reached the town; known in a simulation alone.
        generations: of each tick.
    """

    actions: list[Decided] = field(default_factory=list)
    gifts: list[Gift] = field(default_factory=list)
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    total: int = 0
    hashes: dict[str, str] = field(default_factory=dict)
    arrivals: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    generations: dict[int, int] = field(default_factory=dict)


def of_type(history: Iterable[Operation], *types: str) -> Iterator[Operation]:
    """Lines of some types."""
    return (line for line in history if line.type in types)
