"""How much an event matters to one who witnessed it: fixed rules, no model.

Permille, 0 to 1000. In Generative Agents (arXiv 2304.03442, section 4.1) a language model rates poignancy from 1 to 10; here the
kind of the event says where to start, and a few facts about this witness add to it:

    +150  it was said or given to me, by name
    +100  I did it myself (not for waking, walking and the like, whose base says it all)
    +100  the words pass on what happened elsewhere (`about`)
     +50  the words ask something
    +150  the words have to do with what people care about: see `WEIGHTY`
    + up to 50 for long words: 1 for each 4 characters
"""

import re
from typing import Final

from mqttown_contract.events import Event

__all__ = ["BASE", "WEIGHTY", "importance"]

BASE: Final = {
    "announced": 300,
    "arrived": 60,
    "ate": 80,
    "bought": 120,
    "claimed": 700,
    "fell_asleep": 40,
    "finished_work": 150,
    "gave": 400,
    "planted": 400,
    "registered": 500,
    "revoked": 600,
    "said": 200,
    "started_work": 100,
    "weather": 60,
    "woke": 40,
}
"""Where to start, by kind of event."""
_MINE: Final = frozenset({"bought", "claimed", "gave", "registered", "said"})
_WEIGHTY: Final = """
accident baby birthday born break broke broken concert dead death died divorce election engaged fight fire fired
friend gone hate help hospital hurt invite invited job kiss left lie lost love marry married meet money murder new
party plan police promise rumour secret sick sorry steal stole stolen strange thank thanks tomorrow tonight trust
wedding won
"""
WEIGHTY: Final = frozenset(_WEIGHTY.split())
"""Words that make a sentence matter more."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_MOST: Final = 1000


def importance(event: Event, witness: str) -> int:
    """Permille of importance of an event to a witness."""
    total = BASE.get(event.kind, 50)
    if event.agent == witness:
        total += 100 if event.kind in _MINE else 0
    else:
        to = event.data.get("to")
        total += 150 if to is not None and (witness == to or witness in to) else 0
    if event.kind == "said":
        total += _of_words(event.data["text"]) + (100 if event.about else 0)
    return min(total, _MOST)


def _of_words(text: str) -> int:
    weighty = not WEIGHTY.isdisjoint(_WORD.findall(text.lower()))
    return (150 if weighty else 0) + (50 if "?" in text else 0) + min(len(text) // 4, 50)
