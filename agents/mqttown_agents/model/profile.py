"""A personality profile: what sets two residents with the same model apart, in what they do and not in their wording alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

__all__ = ["Profile"]

_MEMORIES: Final = {"brief": 2, "normal": 5, "rich": 12}
_SIGHTS: Final = {"brief": 3, "normal": 6, "rich": 16}
_REFLECTS_AFTER: Final = {"brief": 6000, "normal": 4000, "rich": 2500}


@dataclass(frozen=True, slots=True)
class Profile:
    """How somebody is.

    Attributes:
        style: how they talk; wording alone.
        risk: permille of their purse that they will part with in one action.
        interests: words that they search their memory by, and kinds of place that they look at first.
        relationship: whom they begin to talk to: `reserved` speaks when spoken to or to those they are warm with, `open` to
            anybody, `neutral` to anybody but strangers.
        detail: how much they take in and remember: `brief`, `normal` or `rich`.
    """

    style: str = "plain"
    risk: int = 300
    interests: tuple[str, ...] = ()
    relationship: Literal["reserved", "neutral", "open"] = "neutral"
    detail: Literal["brief", "normal", "rich"] = "normal"

    @classmethod
    def from_person(cls, person: Mapping[str, Any]) -> Self:
        """Read `profile` of an entry of `people`; what it does not tell follows from likes and traits."""
        told = person.get("profile") or {}
        sociable = person.get("traits", {}).get("sociable", 500)
        return cls(
            style=told.get("style", "plain"),
            risk=told.get("risk", 300),
            interests=tuple(told.get("interests") or person.get("likes", ())),
            relationship=told.get("relationship", "open" if sociable >= 700 else "reserved" if sociable < 350 else "neutral"),
            detail=told.get("detail", "normal"),
        )

    @property
    def memories(self) -> int:
        """So many are recalled for a decision."""
        return _MEMORIES[self.detail]

    @property
    def sights(self) -> int:
        """So many places and people are looked at."""
        return _SIGHTS[self.detail]

    @property
    def reflects_after(self) -> int:
        """Permille of importance after which they reflect."""
        return _REFLECTS_AFTER[self.detail]

    def least_warmth(self) -> int:
        """Permille of warmth from which on they begin to talk to somebody; a stranger has 300."""
        return {"reserved": 600, "neutral": 301, "open": 0}[self.relationship]

    def may_spend(self, purse: int) -> int:
        """Cents that they part with in one action."""
        return purse * self.risk // 1000
