"""News a resident has heard, and to whom they still want to tell it.

It spreads, and dies out, as a rumour does in Daley and Kendall, "Stochastic Rumours" (1965): whoever hears it once more
loses the taste for telling it. So it reaches many, rarely everybody, and never goes on for ever.
"""

from dataclasses import dataclass, field
from typing import Final

__all__ = ["FRESH_TICKS", "Gossip", "News"]

FRESH_TICKS: Final = 24 * 60
"""Town minutes for which news is worth telling."""
_MOST_KEPT: Final = 24
_BURSTING: Final = 3
"""Who still means to tell a thing so often looks for listeners."""


@dataclass(slots=True)
class News:
    """One thing that was told.

    Attributes:
        text: the words, without any wrapping.
        event: id of the `said` event it was heard in.
        source, source_name: who told it, agent id and name.
        place: name of where it was heard, if in a building.
        tick: when it was heard.
        eager: how many times it will still be told.
        aware: agents known to know it.
    """

    text: str
    event: str
    source: str
    source_name: str
    place: str | None
    tick: int
    eager: int
    aware: set[str] = field(default_factory=set)


class Gossip:
    """What one resident has heard and may pass on; the newest are kept."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, News] = {}

    def knows(self, text: str) -> bool:
        """Whether the words are known, whoever told them."""
        return _key(text) in self._known

    def hear(self, news: News) -> bool:
        """Take in something told; say whether it was new. Hearing it again makes it less worth telling."""
        key = _key(news.text)
        known = self._known.get(key)
        if known is not None:
            known.aware.add(news.source)
            if known.event != news.event:
                known.eager -= 1
            return False
        news.aware.add(news.source)
        self._known[key] = news
        while len(self._known) > _MOST_KEPT:
            del self._known[next(iter(self._known))]
        return True

    def overheard(self, text: str, others: list[str]) -> None:
        """Note that others have heard these words too."""
        known = self._known.get(_key(text))
        if known is not None:
            known.aware.update(others)

    def worth_telling(self, other: str, tick: int) -> News | None:
        """The newest fresh thing that the other is not known to know."""
        for news in reversed(self._known.values()):
            if news.eager > 0 and tick - news.tick <= FRESH_TICKS and other not in news.aware:
                return news
        return None

    def bursting(self, tick: int) -> bool:
        """Whether there is fresh news that one has from its source and has told few yet."""
        return any(news.eager > _BURSTING and tick - news.tick <= FRESH_TICKS for news in self._known.values())

    def bursting_to_tell(self, other: str, tick: int) -> bool:
        """Whether that is so, and the newest is none that the other is known to know."""
        news = self.worth_telling(other, tick) if self._known else None
        return news is not None and news.eager > _BURSTING

    def told(self, news: News, other: str) -> None:
        """Note that it has been told to somebody."""
        news.aware.add(other)
        news.eager -= 1


def _key(text: str) -> str:
    return " ".join(text.casefold().split())
