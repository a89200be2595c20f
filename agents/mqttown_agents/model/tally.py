"""How a model-driven mind's decisions came about, counted before any fall-back."""

from dataclasses import asdict, dataclass

__all__ = ["Asked", "Tally"]


@dataclass(slots=True)
class Asked:
    """How one question to a model went.

    Attributes:
        answers: how many times it said something.
        fits: whether one of its answers was a call that fits its schema.
        done: whether that call is what is done.
    """

    answers: int = 0
    fits: bool = False
    done: bool = False


@dataclass(slots=True)
class Tally:
    """Counts of decisions. A decision is made where there is something to decide; to go on with what one does is none.

    Attributes:
        decisions: all of them.
        answered: those to which a model said something, whatever it was.
        at_once: of those, answers that were a possible action with parameters that fit its schema.
        mended: of those, answers that were so after one repair.
        imprudent: of those, answers that fitted even then but went beyond the resident's bounds; the routine mind decided.
        invalid: of those, answers that were none even then; the routine mind decided.
        unanswered: decisions that no model answered (time-out, fault); the routine mind decided.
        unpaid: decisions for which there was no budget.
        plans, reflections: plans made by a model, and conclusions drawn.
    """

    decisions: int = 0
    answered: int = 0
    at_once: int = 0
    mended: int = 0
    imprudent: int = 0
    invalid: int = 0
    unanswered: int = 0
    unpaid: int = 0
    plans: int = 0
    reflections: int = 0

    def count(self, asked: Asked) -> None:
        """Count how a decision came about."""
        self.decisions += 1
        self.answered += asked.answers > 0
        if not asked.answers:
            self.unanswered += 1
        elif asked.done and asked.answers == 1:
            self.at_once += 1
        elif asked.done:
            self.mended += 1
        elif asked.fits:
            self.imprudent += 1
        else:
            self.invalid += 1

    def to_json(self) -> dict[str, int]:
        """All counts by name."""
        return asdict(self)
