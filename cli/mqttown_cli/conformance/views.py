"""What the played town shows an agent: a street with an open café, the café itself, and somebody who speaks."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal

from mqttown_contract.types import PROTOCOL_VERSION
from mqttown_contract.verbs import VERBS

__all__ = ["CAFE", "COMPANION", "View", "observation"]

CAFE: Final = "cafe-repertoire"
COMPANION: Final = "otto"
View = Literal["street", "cafe"]
_FIRST_MORNING: Final = datetime(2026, 3, 2, 6, 0)  # noqa: DTZ001  local time of the town
_OFFERED: Final = ("move_to", "say", "wait", "buy")


def observation(agent: str, district: str, view: View, numbers: dict[str, int], words: str | None) -> dict[str, Any]:
    """One observation that invites an agent to act: idle, with an open café near or around it.

    Args:
        agent: who sees it.
        district: its home.
        view: where it stands.
        numbers: generation, seq and tick.
        words: that the companion has just said to it; None for silence.
    """
    tick = numbers["tick"]
    inside = view == "cafe"
    heard = {"event": f"e-{tick}-1", "from": COMPANION, "text": words, "tick": tick, "to": [agent], "about": []}
    here = {"id": CAFE, "kind": "cafe", "name": "Café Repertoire", "open": True, "owner": None, "sells": [_PULLA], "price": None}
    near = {"id": CAFE, "kind": "cafe", "name": "Café Repertoire", "metres": 40, "open": True, "address": "Stage 1"}
    location = {"district": district, "building": CAFE if inside else None, "x": 12.0, "y": 7.5}
    now = _FIRST_MORNING + timedelta(minutes=tick)
    return {
        "v": PROTOCOL_VERSION,
        "id": f"o-{tick}-{agent}-{numbers['seq']}",
        **numbers,
        "timestamp": "2026-03-02T04:00:00Z",
        "town_time": now.isoformat(),
        "agent_id": agent,
        "traceparent": f"00-{numbers['generation']:016x}{tick:016x}-{numbers['seq'] + 1:016x}-01",
        "because": ["message"] if words else ["ended"],
        "observation": {
            "self": _OWN,
            "location": {**location, "here": here if inside else None, "nearby": [] if inside else [near]},
            "visible_agents": [{"id": COMPANION, "name": "Otto", "doing": "standing", "metres": None if inside else 3.0}],
            "messages": [heard] if words else [],
            "environment": {"time_of_day": "morning", "weather": "clear", "events": [], "items": []},
        },
        "available_actions": [
            {"action": name, "description": VERBS[name].summary, "parameters": VERBS[name].schema} for name in _OFFERED
        ],
        "memory_context": {},
        "more": {},
    }


_PULLA: Final = {"item": "pulla", "name": "Pulla", "price": 350, "stock": 12}
_OWN: Final[dict[str, Any]] = {
    "doing": "idle",
    "until_tick": None,
    "needs": {"energy": 0.8, "food": 0.4, "company": 0.3},
    "purse": 12_000,
    "inventory": [],
    "home": "stage-1",
    "job": None,
    "owns": [],
}
