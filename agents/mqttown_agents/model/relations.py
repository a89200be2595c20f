"""How one stands with others: as the persona says, and by what was said and given since."""

from collections.abc import Mapping
from typing import Any, Final

from mqttown_agents.persona import Persona

__all__ = ["Relations"]

_SPOKEN_TO: Final = 15
_GIVEN: Final = 80
_MOST: Final = 1000


class Relations:
    """Warmth towards others in permille, beginning with the persona's.

    Args:
        persona: whose relations.
    """

    def __init__(self, persona: Persona) -> None:
        self._persona = persona
        self._gained: dict[str, int] = {}

    def warmth(self, other: str) -> int:
        """Permille; 300 towards a stranger."""
        return min(_MOST, self._persona.warmth(other) + self._gained.get(other, 0))

    def kind(self, other: str) -> str:
        """What somebody is to one."""
        relation = self._persona.relations.get(other)
        if relation is not None:
            return relation.kind
        return "acquaintance" if other in self._gained else "stranger"

    def take_in(self, me: str, message: Mapping[str, Any]) -> None:
        """Words said to one bring people nearer."""
        if message["from"] != me and me in (message.get("to") or ()):
            self._gain(message["from"], _SPOKEN_TO)

    def take_event(self, me: str, event: Mapping[str, Any]) -> None:
        """So do gifts."""
        if event["kind"] == "gave" and event["data"].get("to") == me and event["agent"] is not None:
            self._gain(event["agent"], _GIVEN)

    def _gain(self, other: str, permille: int) -> None:
        self._gained[other] = self._gained.get(other, 0) + permille
