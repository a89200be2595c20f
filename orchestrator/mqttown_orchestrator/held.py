"""Words that wait for an operator: passed ones enter the world as an action of whoever sent them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mqttown_orchestrator.citizens import Citizen, Undecided
from mqttown_orchestrator.statements import Statement, enter_held, hold
from mqttown_orchestrator.town import Town

__all__ = ["Held", "HeldWords", "held_id"]


@dataclass(frozen=True, slots=True)
class HeldWords:
    """One `say` that waits.

    Attributes:
        id: number of its row.
        parameters: as they were sent.
    """

    id: int
    agent: str
    parameters: dict[str, Any]


def held_id(number: int) -> str:
    """Action id under which passed words come into the world."""
    return f"held-{number}"


class Held:
    """Knows what waits. Numbers go on where the journal ends.

    Args:
        town: whose citizens spoke.
        last: number of the newest row.
        rows: those that wait, and those that were passed and have not come into the world: `id`, `agent`, `parameters`, `status`.

    Attributes:
        enter: lets an action of a citizen wait for the next tick.
    """

    def __init__(self, town: Town, last: int, rows: Iterable[Mapping[str, Any]]) -> None:
        self._town = town
        self._last = last
        self._waiting: dict[int, HeldWords] = {}
        self._fresh: list[HeldWords] = []
        self._entering: dict[tuple[str, str], int] = {}
        self._passed: list[HeldWords] = []
        self.enter: Callable[[Citizen, Undecided], None] | None = None
        for row in rows:
            words = HeldWords(row["id"], row["agent"], row["parameters"])
            if row["status"] == "passed":
                self._passed.append(words)
            else:
                self._waiting[words.id] = words

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting) + len(self._fresh)

    def of(self, agent: str) -> int:
        """How many of one agent wait."""
        return sum(words.agent == agent for words in (*self._waiting.values(), *self._fresh))

    def get(self, number: int) -> HeldWords | None:
        """What waits under a number, if the journal has it."""
        return self._waiting.get(number)

    def add(
        self, agent: str, action_id: str, parameters: Mapping[str, Any], *, rule: str, says: str, score: int
    ) -> tuple[int, Statement]:
        """Hold words. Returns their number and their row."""
        self._last += 1
        self._fresh.append(HeldWords(self._last, agent, dict(parameters)))
        return self._last, hold(self._last, agent, action_id, parameters, rule, says, score)

    def durable(self) -> None:
        """What has been held up to this tick is in the journal."""
        self._waiting.update((words.id, words) for words in self._fresh)
        self._fresh.clear()

    def drop(self, number: int) -> HeldWords | None:
        """The operator has refused it."""
        return self._waiting.pop(number, None)

    def let_in(self, number: int, at: float) -> None:
        """The operator has passed it."""
        words = self._waiting.pop(number, None)
        if words is not None:
            self._enter(words, at)

    def go_on(self, at: float) -> None:
        """After a start: what was passed and did not come into the world yet."""
        passed, self._passed = self._passed, []
        for words in passed:
            self._enter(words, at)

    def entered(self, taken: Iterable[tuple[str, str]], tick: int) -> list[Statement]:
        """What is to be written of those that a tick has taken."""
        if not self._entering:
            return []
        numbers = [number for key in taken if (number := self._entering.pop(key, None)) is not None]
        return [enter_held(number, tick) for number in numbers]

    def _enter(self, words: HeldWords, at: float) -> None:
        citizen = self._town.citizens.get(words.agent)
        if citizen is None or self.enter is None:
            return
        action_id = held_id(words.id)
        self._entering[words.agent, action_id] = words.id
        self.enter(
            citizen,
            Undecided(
                id=action_id, action="say", parameters=words.parameters, observation_id=None, expires_tick=None, reasoning=None,
                traceparent=None, refusal=None, arrived=at, note="passed by the operator",
            ),
        )  # fmt: skip
