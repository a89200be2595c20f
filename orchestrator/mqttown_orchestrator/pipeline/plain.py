"""Text as it reads to people: without case, accents, look-alike letters, invisible characters and letters written as digits."""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from confusable_homoglyphs import categories, confusables

__all__ = ["misleading", "plain", "plain_word", "unleet"]

_LEET: Final = str.maketrans(
    {
        "0": "o",
        "1": "i",
        "3": "e",
        "4": "a",
        "5": "s",
        "7": "t",
        "8": "b",
        "9": "g",
        "@": "a",
        "$": "s",
        "!": "i",
        "|": "i",
        "+": "t",
    }
)
_USUAL: Final = str.maketrans("åäöÅÄÖéÉüÜ’‘“”–—…", "aaoAAOeEuU''\"\"--.")  # noqa: RUF001  these very characters
"""What people type here every day; a text with nothing else outside ASCII needs no closer look."""
_ALIKE_SCRIPTS: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
"""Scripts whose letters are taken for one another."""
_scripts: Final[Callable[[str], set[str]]] = categories.unique_aliases
_SPACES: Final = re.compile(r"\s+")


def _look_alikes() -> dict[int, str]:
    """Letters outside ASCII that look like one of its letters, by the confusables of Unicode (UTS #39)."""
    table: dict[int, str] = {}
    for char, others in confusables.confusables_data.items():
        if len(char) != 1 or char.isascii():
            continue
        alike = next(
            (other["c"] for other in others if len(other["c"]) == 1 and other["c"].isascii() and other["c"].isalpha()), None
        )
        if alike is not None:
            table[ord(char)] = alike.lower()
    return table


_ALIKE: Final = _look_alikes()


def plain(text: str) -> str:
    """Fold a text: NFKC, then no format characters (Cf) and no marks, no look-alikes, lower case, single spaces."""
    quick = text.translate(_USUAL)
    if quick.isascii():
        return _SPACES.sub(" ", quick.lower())
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(char for char in folded if unicodedata.category(char) not in {"Mn", "Cf", "Me"})
    return _SPACES.sub(" ", kept.translate(_ALIKE))


def unleet(word: str) -> str:
    """Read digits and signs as the letters that they stand for."""
    return word.translate(_LEET)


def plain_word(word: str) -> str:
    """Fold a listed word as texts are."""
    return plain(word).strip()


def misleading(name: str) -> bool:
    """Say whether a name passes for another: by hidden characters, other forms of letters, or look-alike scripts mixed in a word.

    The restrictions of Unicode for identifiers (UTS #39, sections 3.1 and 5.1), as far as they concern readers of Latin letters.
    """
    if name.isascii():
        return not name.isprintable()
    hidden = any(unicodedata.category(char) in {"Cc", "Cf", "Me", "Co", "Zl", "Zp"} for char in name)
    other_form = any(char.isalpha() and unicodedata.normalize("NFKC", char) != unicodedata.normalize("NFC", char) for char in name)
    return hidden or other_form or any(len(_ALIKE_SCRIPTS & _scripts(word)) > 1 for word in name.split())
