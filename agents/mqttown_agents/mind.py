"""What a mind is: an observation in, one action out, and in between perhaps a question to its memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Mind", "Question"]


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
