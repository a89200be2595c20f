"""What can be wrong with content: one problem with its place, and the error that carries all of them."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from difflib import get_close_matches

__all__ = ["ContentError", "Problem", "nearest"]

_LISTED = 20


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in one file.

    Attributes:
        file: path of the file, as the reader would open it.
        line, column: counted from 1.
        path: the field, such as `people[3].home`; empty for the whole file.
        what: the mistake, in words.
        allowed: what would have been right, or None where `what` says it.
        nearest: the nearest right name, or None.
    """

    file: str
    line: int
    column: int
    path: str
    what: str
    allowed: str | None = None
    nearest: str | None = None

    def __str__(self) -> str:
        """One line that editors can jump to: `file:line:column: field: what; allowed: …`."""
        parts = [f"{self.path}: {self.what}" if self.path else self.what]
        if self.nearest is not None:
            parts.append(f"did you mean {self.nearest!r}?")
        if self.allowed is not None:
            parts.append(f"allowed: {self.allowed}")
        return f"{self.file}:{self.line}:{self.column}: " + "; ".join(parts)

    def to_json(self) -> dict[str, str | int | None]:
        """The fields by name."""
        return asdict(self)


class ContentError(Exception):
    """Content can't be used.

    Attributes:
        problems: every mistake found, in the order of files and lines.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems), key=lambda p: (p.file, p.line, p.column, p.path, p.what))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest(name: object, known: Iterable[str]) -> tuple[str | None, str]:
    """Find the nearest of the `known` names, and list what is allowed (all of a few, else how many there are).

    Returns:
        The nearest name or None, and the sentence for `Problem.allowed`.
    """
    names = sorted(known)
    close = get_close_matches(str(name).lower(), names, n=1, cutoff=0.6)
    shown = ", ".join(names) if len(names) <= _LISTED else f"one of {len(names)} known ids"
    return (close[0] if close else None), shown
