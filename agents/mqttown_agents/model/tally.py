"""How a model-driven mind's decisions came about, counted before any fall-back."""

from dataclasses import asdict, dataclass

__all__ = ["Tally"]


@dataclass(slots=True)
class Tally:
    """Counts of decisions. A decision is made where there is something to decide; to go on with what one does is none.

    Attributes:
        decisions: all of them.
        answered: those to which a model said something, whatever it was.
        at_once: of those, answers that were a possible action with parameters that fit its schema.
        mended: of those, answers that were so after one repair.
        invalid: of those, answers that were none even then; the routine mind decided.
        unanswered: decisions that no model answered (time-out, fault); the routine mind decided.
        unpaid: decisions for which there was no budget.
        plans, reflections: plans made by a model, and conclusions drawn.
    """

    decisions: int = 0
    answered: int = 0
    at_once: int = 0
    mended: int = 0
    invalid: int = 0
    unanswered: int = 0
    unpaid: int = 0
    plans: int = 0
    reflections: int = 0

    def add(self, other: "Tally") -> None:
        """Add another mind's counts."""
        for name, count in asdict(other).items():
            setattr(self, name, getattr(self, name) + count)

    def to_json(self) -> dict[str, int]:
        """All counts by name."""
        return asdict(self)
