"""Every topic of the town is made and taken apart here, and nowhere else.

    mqttown/v1/{town}/world/{channel}
    mqttown/v1/{town}/district/{district}/{channel}
    mqttown/v1/{town}/building/{district}/{building}/{channel}
    mqttown/v1/{town}/agent/{district}/{agent}/{channel}          card, presence
    mqttown/v1/{town}/agent/{district}/{agent}/in/{channel}       town to agent
    mqttown/v1/{town}/agent/{district}/{agent}/out/{channel}      agent to town
    mqttown/v1/{town}/service/{service}/{in|out}/{channel}

`{district}` in an agent's topics is its home district and never changes.
"""

from dataclasses import dataclass
from typing import Final, Literal

from mqttown_contract.errors import TopicError
from mqttown_contract.types import is_id

__all__ = [
    "AGENT_CHANNELS",
    "BUILDING_CHANNELS",
    "DISTRICT_CHANNELS",
    "IN_CHANNELS",
    "OUT_CHANNELS",
    "RETAINED",
    "ROOT",
    "WORLD_CHANNELS",
    "Topic",
    "agent",
    "agent_in",
    "agent_out",
    "building",
    "district",
    "everything",
    "parse",
    "service_in",
    "service_out",
    "world",
]

ROOT: Final = "mqttown/v1"

WORLD_CHANNELS: Final = ("status", "clock", "events")
DISTRICT_CHANNELS: Final = ("state", "people", "events")
BUILDING_CHANNELS: Final = ("state", "events")
AGENT_CHANNELS: Final = ("card", "presence")
IN_CHANNELS: Final = ("observation", "verdict", "notice", "memory", "thought")
OUT_CHANNELS: Final = ("hello", "status", "action", "memory", "think")
RETAINED: Final = frozenset(
    {
        ("world", "status"),
        ("world", "clock"),
        ("district", "state"),
        ("building", "state"),
        ("agent", "card"),
        ("agent", "presence"),
    }
)
"""(scope, channel) of what the broker keeps for newcomers."""

Scope = Literal["world", "district", "building", "agent", "service"]
Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic taken apart. `subject` is the agent's or the service's name where the scope has one."""

    town: str
    scope: Scope
    channel: str
    district: str | None = None
    building: str | None = None
    subject: str | None = None
    direction: Direction | None = None


def everything(town: str) -> str:
    """Filter for all of a town; a spectator's subscription to it is granted and filtered."""
    return f"{ROOT}/{town}/#"


def world(town: str, channel: str) -> str:
    """`status`, `clock` or `events` of the whole town. `+` makes a filter."""
    return f"{ROOT}/{town}/world/{channel}"


def district(town: str, district: str, channel: str) -> str:
    """`state`, `people` or `events` of a district. `+` at any place makes a filter."""
    return f"{ROOT}/{town}/district/{district}/{channel}"


def building(town: str, district: str, building: str, channel: str) -> str:
    """`state` or `events` of a building. `+` at any place makes a filter."""
    return f"{ROOT}/{town}/building/{district}/{building}/{channel}"


def agent(town: str, home_district: str, agent: str, channel: str) -> str:
    """`card` or `presence` of an agent. `+` at any place makes a filter."""
    return f"{ROOT}/{town}/agent/{home_district}/{agent}/{channel}"


def agent_in(town: str, home_district: str, agent: str, channel: str) -> str:
    """What the town tells an agent. `+` at any place makes a filter."""
    return f"{ROOT}/{town}/agent/{home_district}/{agent}/in/{channel}"


def agent_out(town: str, home_district: str, agent: str, channel: str) -> str:
    """What an agent tells the town. `+` at any place makes a filter."""
    return f"{ROOT}/{town}/agent/{home_district}/{agent}/out/{channel}"


def service_in(town: str, service: str, channel: str) -> str:
    """What one of our own processes is told. `+` at any place makes a filter."""
    return f"{ROOT}/{town}/service/{service}/in/{channel}"


def service_out(town: str, service: str, channel: str) -> str:
    """What one of our own processes asks for. `+` at any place makes a filter."""
    return f"{ROOT}/{town}/service/{service}/out/{channel}"


def parse(topic: str) -> Topic:
    """Take a topic apart.

    Raises:
        TopicError: a wrong root, scope, number of levels, channel, or a level that is no id.
    """
    match topic.split("/"):
        case ["mqttown", "v1", town, "world", channel] if channel in WORLD_CHANNELS:
            found = Topic(town, "world", channel)
        case ["mqttown", "v1", town, "district", place, channel] if channel in DISTRICT_CHANNELS:
            found = Topic(town, "district", channel, district=place)
        case ["mqttown", "v1", town, "building", place, house, channel] if channel in BUILDING_CHANNELS:
            found = Topic(town, "building", channel, district=place, building=house)
        case ["mqttown", "v1", town, "agent", place, name, channel] if channel in AGENT_CHANNELS:
            found = Topic(town, "agent", channel, district=place, subject=name)
        case ["mqttown", "v1", town, "agent", place, name, "in", channel] if channel in IN_CHANNELS:
            found = Topic(town, "agent", channel, district=place, subject=name, direction="in")
        case ["mqttown", "v1", town, "agent", place, name, "out", channel] if channel in OUT_CHANNELS:
            found = Topic(town, "agent", channel, district=place, subject=name, direction="out")
        case ["mqttown", "v1", town, "service", name, "in" | "out" as direction, channel]:
            found = Topic(town, "service", channel, subject=name, direction=_direction(direction))
        case _:
            raise TopicError(f"{topic!r} is no topic of mqttown v1")
    for level in (found.town, found.district, found.building, found.subject, found.channel):
        if level is not None and not is_id(level):
            raise TopicError(f"{level!r} in {topic!r} is no id")
    return found


def _direction(level: str) -> Direction:
    return "in" if level == "in" else "out"
