"""Hand-made observations, and the minds of the tiny town."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mqttown_agents.population import routine_minds
from mqttown_agents.routine import Routine

Observe = Callable[..., dict[str, Any]]


@pytest.fixture
def minds(tiny_town: Any) -> dict[str, Routine]:
    return routine_minds(tiny_town, seed=1)


@pytest.fixture
def observe(tiny_town: Any) -> Observe:
    """An observation of aino, barista, idle in her home at noon on a Monday; keywords change it."""
    jobs = {job["id"]: job for job in tiny_town["jobs"]}
    shift = jobs["barista-satama"]

    def make(tick: int = 360, time: str = "2026-03-02T12:00:00", **changes: Any) -> dict[str, Any]:
        body = {
            "doing": "idle",
            "until_tick": None,
            "needs": {"energy": 0.9, "food": 0.9, "company": 0.9},
            "purse": 18000,
            "inventory": [],
            "home": "rantakatu-1",
            "job": None,
            "owns": [],
        }
        job = {
            "id": "barista-satama",
            "title": "barista",
            "building": "cafe-satama",
            "shift": {"from": "07:00", "to": "15:00"},
            "days": shift["days"],
            "wage": shift["wage"],
        }
        location = {"district": "ranta", "building": "rantakatu-1", "x": 47.0, "y": 28.0, "here": None, "nearby": NEARBY}
        seen = {
            "self": body
            | {key: value for key, value in changes.items() if key in body}
            | ({"job": job} if changes.get("works") else {}),
            "location": location | {key: value for key, value in changes.items() if key in location},
            "visible_agents": changes.get("visible", []),
            "messages": changes.get("messages", []),
            "environment": {"time_of_day": "noon", "weather": "clear", "events": changes.get("events", []), "items": []},
        }
        verbs = changes.get("verbs", ("move_to", "say", "wait", "give", "eat", "buy", "sleep"))
        return {
            "v": 1,
            "id": f"o-{tick}-aino-1",
            "generation": 1,
            "seq": 1,
            "tick": tick,
            "timestamp": "",
            "town_time": time,
            "agent_id": "aino",
            "because": ["hello"],
            "observation": seen,
            "available_actions": [{"action": verb} for verb in verbs],
            "memory_context": {},
            "more": {},
        }

    return make


NEARBY = [
    {"id": "cafe-satama", "kind": "cafe", "name": "Café Satama", "metres": 140, "open": True},
    {"id": "puisto", "kind": "park", "name": "Vanha puisto", "metres": 230, "open": None},
    {"id": "rantakatu-1", "kind": "home", "name": "Rantakatu 1", "metres": 10, "open": None},
]


@pytest.fixture(scope="session")
def helsinki() -> Any:
    """Central Helsinki as compiled for 25 residents."""
    from mqttown_cli.content.compile import compile_town, find_town  # noqa: PLC0415  heavy, and wanted by few

    return json.loads(json.dumps(compile_town(find_town("helsinki"), 25, 1)))


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).parents[2]
