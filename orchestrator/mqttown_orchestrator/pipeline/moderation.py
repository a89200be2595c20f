"""Stage `moderation`: words that nobody may say in the town. A minimal rule: whole words of a list."""

import re
import unicodedata
from collections.abc import Iterable

from mqttown_contract.errors import Code, Refusal
from mqttown_orchestrator.pipeline.arrival import Arrival

__all__ = ["ModerationStage"]


class ModerationStage:
    """Refuses a `say` with a listed word in it, in any case and any compatible spelling of Unicode."""

    def __init__(self, words: Iterable[str]) -> None:
        listed = sorted({_plain(word) for word in words if word.strip()})
        self._pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, listed))})\b") if listed else None

    def check(self, arrival: Arrival) -> Refusal | None:
        """Refuse words that break the rules of the town."""
        text = arrival.parameters.get("text")
        if self._pattern is None or arrival.action != "say" or not isinstance(text, str):
            return None
        found = self._pattern.search(_plain(text))
        if found is None:
            return None
        return Refusal(
            Code.MODERATED,
            "these words break the rules of the town; say it in other words, with a new id",
            path="parameters.text",
            allowed="words that insult nobody",
        )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
