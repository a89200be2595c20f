"""Whom a resident has met: when they last greeted, and how much they have talked in this encounter."""

from dataclasses import dataclass
from typing import Final

__all__ = ["ENCOUNTER_TICKS", "GREET_AGAIN_TICKS", "NEVER", "Acquaintance", "Acquaintances"]

NEVER: Final = -1_000_000
GREET_AGAIN_TICKS: Final = 240
"""Town minutes before the same person is greeted again."""
ENCOUNTER_TICKS: Final = 60
"""Town minutes that count as one encounter."""
_MOST_KEPT: Final = 128


@dataclass(slots=True)
class Acquaintance:
    """Somebody met.

    Attributes:
        id, name: the other.
        greeted: tick of the last greeting, either way.
        began: tick at which the present encounter began.
        openings: what this resident has begun to talk about in this encounter.
        replies: what this resident has answered in this encounter.
        asked: questions put to them in this encounter.
        topic: tick at which news was last told to them.
        gift: tick at which something was last given to them.
        recalled: tick at which memories of them were last asked for.
        parted: tick of the last goodbye.
    """

    id: str
    name: str
    greeted: int = NEVER
    began: int = NEVER
    openings: int = 0
    replies: int = 0
    asked: tuple[str, ...] = ()
    topic: int = NEVER
    gift: int = NEVER
    recalled: int = NEVER
    parted: int = NEVER

    @property
    def first_name(self) -> str:
        """As friends call them."""
        return self.name.split()[0]

    def meet(self, tick: int) -> None:
        """Start a new encounter if the last one is long over."""
        if tick - self.began >= ENCOUNTER_TICKS:
            self.began, self.openings, self.replies, self.asked = tick, 0, 0, ()


class Acquaintances:
    """The people one resident has met, the most lately met kept."""

    __slots__ = ("_met",)

    def __init__(self) -> None:
        self._met: dict[str, Acquaintance] = {}

    def get(self, other: str) -> Acquaintance | None:
        """Somebody already met, or None."""
        return self._met.get(other)

    def meet(self, other: str, name: str | None, tick: int) -> Acquaintance:
        """Somebody who is here now, known before or not."""
        known = self._met.get(other)
        if known is None:
            known = self._met[other] = Acquaintance(other, name or other.replace("-", " ").title())
            while len(self._met) > _MOST_KEPT:
                del self._met[next(iter(self._met))]
        elif name:
            known.name = name
        known.meet(tick)
        return known
