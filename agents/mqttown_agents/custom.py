"""Customs: a few words that people add to a greeting or a goodbye, and take up from those who do.

A custom is taken up once it was met in enough different people, as in Centola and Macy, "Complex Contagions and the Weakness of
Long Ties" (2007), where one example is not enough; the curious follow the first.
"""

import re
from typing import Final

__all__ = ["Customs", "begun", "split"]

_BEGUN: Final = re.compile(r"custom to add [\"“](?P<words>[^\"“”]{3,40})[\"”]")
_MARK: Final = " — "
_CURIOUS: Final = 700
_ENOUGH: Final = 2
_MOST_KEPT: Final = 16
_AT: Final = ("greet", "first_meeting", "reply_greet", "farewell")


def begun(text: str) -> str | None:
    """The words of the custom that a text calls for, if it does: `It is our custom to add "Fair wind!" …`."""
    found = _BEGUN.search(text)
    return found["words"] if found else None


def split(text: str) -> tuple[str, str | None]:
    """What was said, and the words of a custom that were added to it, if any."""
    words, mark, added = text.rpartition(_MARK)
    return (words, added) if mark else (text, None)


class Customs:
    """What one resident has met and taken up of customs.

    Attributes:
        kept: words of the custom that this one keeps; None without any. Whoever keeps one takes up no other.
    """

    __slots__ = ("_met", "kept")

    def __init__(self) -> None:
        self.kept: str | None = None
        self._met: dict[str, set[str]] = {}

    def meet(self, words: str, speaker: str, curious: int) -> None:
        """Hear somebody keep a custom; take it up if that is enough.

        Args:
            words: of the custom.
            speaker: who kept it.
            curious: the trait, permille.
        """
        if self.kept is not None:
            return
        self._met.setdefault(words, set()).add(speaker)
        if len(self._met[words]) >= (1 if curious >= _CURIOUS else _ENOUGH):
            self.kept = words
            self._met.clear()
        elif len(self._met) > _MOST_KEPT:
            del self._met[next(iter(self._met))]

    def added_to(self, group: str, text: str) -> str:
        """What is said with the custom, where there is one and it is a greeting or a goodbye."""
        return f"{text}{_MARK}{self.kept}" if self.kept is not None and group.startswith(_AT) else text
