"""An observation as a resident reads it: the time, their body, who is in earshot, what was said."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mqttown_agents.schedule import minute_of, weekday_of

__all__ = ["EARSHOT_METRES", "Situation"]

EARSHOT_METRES: Final = 15.0
_BUSY: Final = ("walking", "working", "eating", "sleeping")
_DEAF: Final = ("sleeping", "absent", "away")


class Situation:
    """One observation.

    Args:
        observation: the whole message of the wire.

    Attributes:
        company: those in earshot who are awake, nearest first.
        minute, weekday: of the day, and 0 Monday to 6 Sunday.
    """

    def __init__(self, observation: Mapping[str, Any]) -> None:
        seen = observation["observation"]
        body, location = seen["self"], seen["location"]
        self.observation = observation
        self.tick: int = observation["tick"]
        self.doing: str = body["doing"]
        self.needs: Mapping[str, float] = body["needs"]
        self.purse: int = body["purse"]
        self.inventory: Sequence[Mapping[str, Any]] = body["inventory"]
        self.home: str | None = body["home"]
        self.job: Mapping[str, Any] | None = body["job"]
        self.building: str | None = location["building"]
        self.x: float = location["x"]
        self.y: float = location["y"]
        self.here: Mapping[str, Any] | None = location.get("here")
        self.nearby: Sequence[Mapping[str, Any]] = location["nearby"]
        self.visible: Sequence[Mapping[str, Any]] = seen["visible_agents"]
        self.messages: Sequence[Mapping[str, Any]] = seen["messages"]
        self.events: Sequence[Mapping[str, Any]] = seen["environment"]["events"]
        self.weather: str = seen["environment"]["weather"]
        self.part_of_day: str = seen["environment"]["time_of_day"]
        town_time: str = observation["town_time"]
        self.minute = minute_of(town_time[11:16])
        self.weekday = weekday_of(town_time[:10])
        self.company = [
            other
            for other in self.visible
            if other["doing"] not in _DEAF and (other.get("metres") is None or other["metres"] <= EARSHOT_METRES)
        ]

    @property
    def busy(self) -> bool:
        """Whether something is going on that takes time."""
        return self.doing in _BUSY

    def can(self, verb: str) -> bool:
        """Whether an action is possible now. The offers are read only when a leaf asks, which few do."""
        return any(entry["action"] == verb for entry in self.observation["available_actions"])

    @property
    def place_name(self) -> str | None:
        """What people call the building one is in."""
        return self.here["name"] if self.here is not None else None

    def name_of(self, agent: str) -> str | None:
        """The name of somebody in sight."""
        return next((other["name"] for other in self.visible if other["id"] == agent), None)

    def can_hear(self, agent: str) -> bool:
        """Whether somebody is in earshot and awake."""
        return any(other["id"] == agent for other in self.company)
