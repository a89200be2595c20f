"""What a mind is: an observation in, one action out, and in between perhaps questions to its memory or to a model."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

__all__ = ["Completion", "Deliberation", "Mind", "Note", "Question", "Thinker", "Tier", "Wish"]

Tier = Literal["full", "small", "tiny"]


@dataclass(frozen=True, slots=True)
class Question:
    """What a mind wants to recall before it decides.

    Attributes:
        query: words to search by.
        k: how many memories at most.
        kinds: kinds of memory, as on the wire.
        tick: everything witnessed up to this tick shall be in the answer.
    """

    query: str
    k: int
    kinds: tuple[str, ...]
    tick: int


class Mind(Protocol):
    """Somebody who decides. Pure, synchronous and deterministic: what it does hangs on what it was shown alone."""

    def question(self, observation: Mapping[str, Any]) -> Question | None:
        """Say what to recall before deciding on this observation, if anything."""
        ...

    def decide(self, observation: Mapping[str, Any], memories: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Decide on an observation.

        Args:
            observation: the whole message of the wire (`messages.Observation`).
            memories: what was recalled for `question`, best first; empty if nothing was asked or nobody answered.

        Returns:
            Exactly one action as it goes over the wire: `id`, `action`, `parameters`, `observation_id`, `reasoning`.
        """
        ...

    def overhear(self, observation: Mapping[str, Any]) -> None:
        """Take in an observation that it had no time to decide on."""
        ...


@dataclass(frozen=True, slots=True)
class Completion:
    """What a mind wants a model to go on with. It gets the `messages.Thought` of the wire, or `{"code": "timeout"}`.

    Attributes:
        messages, tools: as for a chat completion.
        max_tokens: of the answer.
        tier: which kind of model will do.
    """

    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Mapping[str, Any]] = ()
    max_tokens: int = 200
    tier: Tier = "small"


@dataclass(frozen=True, slots=True)
class Note:
    """What a mind wants to remember by itself.

    Attributes:
        id: of its own, so that noting it twice leaves one memory.
        text: in words.
        kind: `reflection`, `plan` or `note`.
        importance: 0-1.
        evidence: ids of the memories it rests on.
    """

    id: str
    text: str
    kind: Literal["reflection", "plan", "note"]
    importance: float
    evidence: tuple[str, ...] = ()


Wish = Question | Completion | Note
Deliberation = Generator[Wish, Any, dict[str, Any]]
"""Yields what the mind wants, is sent what came of it (memories, a thought, nothing), and returns the action of the wire."""


@runtime_checkable
class Thinker(Protocol):
    """Somebody who takes time to decide. It does no input or output itself, so what it does hangs on what it is told alone."""

    def overhear(self, observation: Mapping[str, Any]) -> None:
        """Take in an observation that it had no time to decide on."""
        ...

    def judged(self, verdict: Mapping[str, Any]) -> None:
        """Hear what became of an action."""
        ...

    def deliberate(self, observation: Mapping[str, Any]) -> Deliberation:
        """Come to a decision on an observation."""
        ...
