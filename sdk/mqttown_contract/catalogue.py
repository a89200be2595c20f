"""Which message goes over which topic, from whom to whom: the table that documents are made from."""

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel

from mqttown_contract import messages, topics

__all__ = ["CHANNELS", "Channel"]

Sender = Literal["town", "agent", "memory service", "model gateway", "service"]


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of topic.

    Attributes:
        name: short and unique, for generated code.
        address: the topic with `{town}`, `{district}`, … for its levels.
        sender: who publishes on it.
        retained: whether the broker keeps the newest for newcomers.
        message: what is published.
        summary: one sentence.
    """

    name: str
    address: str
    sender: Sender
    retained: bool
    message: type[BaseModel]
    summary: str


def _channel(address: str, sender: Sender, message: type[BaseModel], summary: str) -> Channel:
    levels = address.split("/")[3:]
    scope, leaf = levels[0], levels[-1]
    private = "in" in levels or "out" in levels
    name = "_".join(level for level in levels if not level.startswith("{"))
    return Channel(name, address, sender, (scope, leaf) in topics.RETAINED and not private, message, summary)


_TOWN: Final = "{town}"
_PLACE: Final = "{district}"
_AGENT: Final = "{agent}"

CHANNELS: Final = (
    _channel(topics.world(_TOWN, "status"), "town", messages.WorldStatus, "Whether the town is up; also its Will."),
    _channel(topics.world(_TOWN, "clock"), "town", messages.Clock, "Generation, tick, town time, speed, running or paused."),
    _channel(topics.world(_TOWN, "events"), "town", messages.Events, "Town-wide events of one tick."),
    _channel(topics.district(_TOWN, _PLACE, "state"), "town", messages.DistrictState, "Population, mood, prices, meters."),
    _channel(topics.district(_TOWN, _PLACE, "people"), "town", messages.People, "Movements begun or ended this tick in the district."),
    _channel(topics.district(_TOWN, _PLACE, "events"), "town", messages.Events, "Events of one tick in the open in the district."),
    _channel(topics.building(_TOWN, _PLACE, "{building}", "state"), "town", messages.BuildingState, "Who is inside, owner, hours, stock, prices."),
    _channel(topics.building(_TOWN, _PLACE, "{building}", "events"), "town", messages.Events, "Events of one tick in the building."),
    _channel(topics.agent(_TOWN, _PLACE, _AGENT, "card"), "town", messages.Card, "The agent's public card."),
    _channel(topics.agent(_TOWN, _PLACE, _AGENT, "presence"), "town", messages.Presence, "Whether the agent is there, and where its body is."),
    _channel(topics.agent_in(_TOWN, _PLACE, _AGENT, "observation"), "town", messages.Observation, "What the agent perceives now."),
    _channel(topics.agent_in(_TOWN, _PLACE, _AGENT, "verdict"), "town", messages.Verdict, "What became of one action."),
    _channel(topics.agent_in(_TOWN, _PLACE, _AGENT, "notice"), "town", messages.Notice, "Rate limit, moderation, budget, shutdown."),
    _channel(topics.agent_in(_TOWN, _PLACE, _AGENT, "memory"), "memory service", messages.MemoryAnswer, "Answer to a memory request."),
    _channel(topics.agent_in(_TOWN, _PLACE, _AGENT, "thought"), "model gateway", messages.Thought, "Answer to a request for a completion."),
    _channel(topics.agent_out(_TOWN, _PLACE, _AGENT, "hello"), "agent", messages.Hello, "I am here; answered by an observation."),
    _channel(topics.agent_out(_TOWN, _PLACE, _AGENT, "status"), "agent", messages.AgentStatus, "I go; also the agent's Will."),
    _channel(topics.agent_out(_TOWN, _PLACE, _AGENT, "action"), "agent", messages.Action, "One action; answered by one verdict."),
    _channel(topics.agent_out(_TOWN, _PLACE, _AGENT, "memory"), "agent", messages.MemoryRequest, "Remember a text, or recall by a query."),
    _channel(topics.agent_out(_TOWN, _PLACE, _AGENT, "think"), "agent", messages.ThinkRequest, "Messages for a model (hosted agents)."),
    _channel(topics.service_out(_TOWN, "{service}", "command"), "service", messages.Command, "A command to the one writer of the world."),
    _channel(topics.service_in(_TOWN, "{service}", "answer"), "town", messages.Answer, "What became of a command."),
)  # fmt: skip
"""Every channel of v1."""
