"""Names for people and ids for the wire: unique and readable."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from mqttown_contract.types import is_id

__all__ = ["address_of", "given_name", "slug", "unique_ids", "unique_names"]

MAX_ID: Final = 48
_LETTERS: Final = str.maketrans({
    "ß": "ss", "æ": "ae", "Æ": "ae", "ø": "o", "Ø": "o", "œ": "oe", "Œ": "oe", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d",
    "þ": "th", "Þ": "th", "ð": "d", "\N{LATIN SMALL LETTER DOTLESS I}": "i", "&": " and ",
    "'": "", "\N{RIGHT SINGLE QUOTATION MARK}": "", "\N{ACUTE ACCENT}": "", "`": "",
})  # fmt: skip
"""Letters that don't decompose into an ASCII letter and a mark."""


def slug(text: str) -> str:
    """Return the text as an id: ASCII letters, digits and dashes, at most 48; empty if nothing of it is left."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:MAX_ID].strip("-")


def given_name(tags: Mapping[str, str]) -> str | None:
    """Return the name on the map; where no letter of it is Latin, a Latin form of it if there is one."""
    names = [tags[key].strip() for key in ("name", "int_name", "name:en", "brand", "operator") if tags.get(key, "").strip()]
    return next((name for name in names if slug(name)), names[0] if names else None)


def address_of(tags: Mapping[str, str]) -> str | None:
    """Return street (or place) and house number, or None where the tags don't give both."""
    street = tags.get("addr:street") or tags.get("addr:place")
    number = tags.get("addr:housenumber")
    return f"{street} {number}" if street and number else None


def unique_names(names: Sequence[str], streets: Sequence[str | None]) -> list[str]:
    """Tell namesakes apart: by their street, then by a number in brackets.

    Args:
        names: a name for each place; earlier places keep the shorter form.
        streets: where each place is; None where nobody knows.
    """
    shared = Counter(names)
    told = [
        f"{name}, {street}" if shared[name] > 1 and street and street not in name else name
        for name, street in zip(names, streets, strict=True)
    ]
    return _numbered(told, "{} ({})")


def unique_ids(names: Sequence[str], otherwise: Sequence[str]) -> list[str]:
    """Return an id for each name.

    Args:
        names: what the ids are made from.
        otherwise: what to make an id from where a name has no letter that an id may have.

    Raises:
        ValueError: what was made is no id, which would be a fault of ours.
    """
    ids: list[str] = []
    taken: set[str] = set()
    for name, spare in zip(names, otherwise, strict=True):
        stem = slug(name) or slug(spare) or "place"
        found, number = stem, 1
        while found in taken:
            number += 1
            tail = f"-{number}"
            found = stem[: MAX_ID - len(tail)].rstrip("-") + tail
        if not is_id(found):
            raise ValueError(f"{found!r} made from {name!r} is no id")
        taken.add(found)
        ids.append(found)
    return ids


def _numbered(names: Sequence[str], form: str) -> list[str]:
    """Add 2, 3, … to names that were there before."""
    seen: defaultdict[str, int] = defaultdict(int)
    taken = set(names)
    result: list[str] = []
    for name in names:
        seen[name] += 1
        if seen[name] == 1:
            result.append(name)
            continue
        fresh = form.format(name, seen[name])
        while fresh in taken:
            seen[name] += 1
            fresh = form.format(name, seen[name])
        taken.add(fresh)
        result.append(fresh)
    return result
