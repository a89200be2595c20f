"""The present, as the public topics tell it: clock, people, cards, buildings. No I/O."""

from typing import Any, Final, cast

from mqttown_contract import messages
from mqttown_contract.topics import Topic
from mqttown_dashboard.models import Agent, Building, BuildingBrief, Clock, Event, Frame, Said, Snapshot, Stock
from mqttown_dashboard.town import Town

__all__ = ["Mirror"]

DOING: Final = {
    "departed": "walking",
    "arrived": "idle",
    "stopped": "idle",
    "started_work": "working",
    "finished_work": "idle",
    "ate": "eating",
    "fell_asleep": "sleeping",
    "woke": "idle",
}
"""What an event tells of its doer's activity."""


class Mirror:
    """Holds the present and says what changed since it was last asked.

    Args:
        town: the map.
    """

    def __init__(self, town: Town) -> None:
        self.town = town
        self.clock = Clock(
            status="unknown", generation=None, tick=0, town_time=town.time_at(0), speed=0.0, state="paused", weather=town.weather
        )
        self.agents: dict[str, Agent] = {}
        self.buildings: dict[str, messages.BuildingState] = {}
        self.districts: dict[str, messages.DistrictState] = {}
        self.metrics: dict[str, Any] = {}
        self._clock_changed = False
        self._changed: dict[str, None] = {}
        self._gone: dict[str, None] = {}
        self._events: list[Event] = []
        self._buildings_changed: dict[str, None] = {}

    def apply(self, topic: Topic, payload: dict[str, Any] | None) -> None:
        """Take in one public message.

        Args:
            topic: where it came from.
            payload: the JSON; None for an empty one, which clears what was retained.

        Raises:
            pydantic.ValidationError: the payload is not what its topic carries.
        """
        if topic.direction == "in":
            return
        if payload is None:
            self._cleared(topic)
        else:
            self._told(topic, payload)

    def _cleared(self, topic: Topic) -> None:
        """An empty retained message: what it told of is no more."""
        name = topic.subject or ""
        if topic.channel == "card" and self.agents.pop(name, None) is not None:
            self._gone[name] = None
        elif topic.scope == "building":
            self.buildings.pop(topic.building or "", None)

    def _told(self, topic: Topic, payload: dict[str, Any]) -> None:  # noqa: C901  one line a topic
        match topic.scope, topic.channel:
            case "world", "status":
                self._status(messages.WorldStatus.model_validate(payload))
            case "world", "clock":
                self._tell_time(messages.Clock.model_validate(payload))
            case _, "events":
                for entry in payload.get("events", ()):
                    self._happened(Event.model_validate(entry))
            case "district", "people":
                for movement in messages.People.model_validate(payload).people:
                    self._moved(movement, cast("str", topic.district), int(payload["tick"]))
            case "district", "state":
                self.districts[cast("str", topic.district)] = messages.DistrictState.model_validate(payload)
            case "building", "state":
                self._building(cast("str", topic.building), payload)
            case "agent", "card":
                self._card(cast("str", topic.subject), payload)
            case "agent", "presence":
                self._presence(cast("str", topic.subject), messages.Presence.model_validate(payload), topic)
            case "service", "metrics":
                self.metrics = payload

    def recall(self, agents: list[Agent], last: list[Event], words: list[Event]) -> None:
        """Begin from the journal, for what no topic retains.

        Args:
            agents: all that are registered.
            last: latest event of each agent that tells its place or activity.
            words: latest `said` of each agent.
        """
        for agent in agents:
            known = self.town.people.get(agent.id, {})
            self.agents[agent.id] = agent.model_copy(update={key: value for key, value in known.items() if value is not None})
        for event in sorted(last, key=lambda event: event.tick):
            self._placed(event)
        for event in words:
            self._spoke(event)

    def take(self) -> Frame | None:
        """What changed since the last call; None if nothing did."""
        changed = [self.agents[name] for name in self._changed if name in self.agents]
        frame = Frame(
            clock=self.clock if self._clock_changed else None,
            residents=changed,
            gone=list(self._gone),
            events=self._events,
            buildings=[self._brief(name) for name in self._buildings_changed if name in self.buildings],
        )
        self._clock_changed = False
        self._changed, self._gone, self._events, self._buildings_changed = {}, {}, [], {}
        return frame if frame.clock or frame.residents or frame.gone or frame.events or frame.buildings else None

    def snapshot(self) -> Snapshot:
        """The whole present."""
        return Snapshot(
            clock=self.clock,
            residents=[self.agents[name] for name in sorted(self.agents)],
            buildings=[self._brief(name) for name in sorted(self.buildings)],
        )

    def building(self, name: str) -> Building:
        """A building with its state.

        Raises:
            KeyError: the town has none of this id.
        """
        fixed = self.town.buildings[name]
        state = self.buildings.get(name)
        if state is None:
            return fixed
        return fixed.model_copy(
            update={
                "open": state.open,
                "owner": state.owner,
                "price": state.price,
                "inside": state.inside,
                "stock": [Stock(**item.model_dump()) for item in state.stock],
            }
        )

    def _brief(self, name: str) -> BuildingBrief:
        state = self.buildings[name]
        return BuildingBrief(id=name, open=state.open, owner=state.owner, inside=state.inside)

    def _status(self, status: messages.WorldStatus) -> None:
        if self.clock.generation is None or status.generation >= self.clock.generation:
            self._set_clock(status=status.status, generation=status.generation)

    def _tell_time(self, clock: messages.Clock) -> None:
        self._set_clock(
            generation=clock.generation,
            tick=clock.tick,
            town_time=clock.town_time,
            speed=clock.speed,
            state=clock.state,
            status="online" if self.clock.status == "unknown" else self.clock.status,
        )

    def _set_clock(self, **changes: Any) -> None:
        self.clock = self.clock.model_copy(update=changes)
        self._clock_changed = True

    def _update(self, name: str, /, **changes: Any) -> None:
        agent = self.agents.get(name)
        if agent is not None:
            self.agents[name] = agent.model_copy(update=changes)
            self._changed[name] = None

    def _card(self, name: str, payload: dict[str, Any]) -> None:
        card = messages.Card.model_validate(payload)
        if name not in self.agents:
            self.agents[name] = Agent(id=name, name=card.name, kind=card.kind, home_district=card.home_district)
        self._gone.pop(name, None)
        told = card.model_dump(include={"name", "tagline", "kind", "home_district", "home", "owner", "age", "job"})
        self._update(name, **{key: value for key, value in told.items() if value is not None})

    def _presence(self, name: str, presence: messages.Presence, topic: Topic) -> None:
        if name not in self.agents:
            # Retained messages come in no order; the card will tell the name.
            self.agents[name] = Agent(id=name, name=name, kind="external", home_district=cast("str", topic.district))
        agent = self.agents[name]
        place: dict[str, Any] = {"district": presence.district, "building": presence.building}
        house = self.town.buildings.get(presence.building or "")
        if house is not None and (agent.x is None or agent.building != presence.building):
            place |= {"x": house.door[0], "y": house.door[1], "path": [], "starts_tick": None, "arrives_tick": None}
        elif agent.path and presence.building is None:
            place = {"district": presence.district}
        self._update(name, presence=presence.state, since_tick=presence.since_tick, **place)

    def _building(self, name: str, payload: dict[str, Any]) -> None:
        state = messages.BuildingState.model_validate(payload)
        if (state.part or 1) > 1 and (before := self.buildings.get(name)) is not None and before.tick == state.tick:
            state = state.model_copy(update={"inside": before.inside + state.inside, "stock": before.stock + state.stock})
        self.buildings[name] = state
        self._buildings_changed[name] = None

    def _moved(self, movement: messages.Movement, district: str, tick: int) -> None:
        self._update(
            movement.id,
            district=district,
            x=movement.x,
            y=movement.y,
            path=movement.path,
            building=movement.building,
            starts_tick=(movement.starts_tick if movement.starts_tick is not None else tick) if movement.path else None,
            arrives_tick=movement.arrives_tick,
            doing=movement.doing,
        )

    def _happened(self, event: Event) -> None:
        self._events.append(event)
        if event.kind == "weather":
            self._set_clock(weather=str(event.data.get("weather", self.clock.weather)))
        elif event.kind == "said":
            self._spoke(event)
        elif event.kind in DOING and event.agent is not None:
            self._update(event.agent, doing=DOING[event.kind])

    def _spoke(self, event: Event) -> None:
        if event.agent is not None:
            words = Said(event=event.id, tick=event.tick, text=str(event.data.get("text", "")), to=event.data.get("to"))
            self._update(event.agent, said=words)

    def _placed(self, event: Event) -> None:
        """Put an agent where a journaled event left it."""
        if event.agent is None:
            return
        data = event.data
        changes: dict[str, Any] = {"district": event.district, "doing": DOING.get(event.kind, "idle")}
        match event.kind:
            case "departed":
                path = [tuple(point) for point in data.get("path", ())]
                start = path[0] if path else (None, None)
                changes |= {
                    "path": path,
                    "x": start[0],
                    "y": start[1],
                    "starts_tick": event.tick,
                    "arrives_tick": data.get("arrives_tick"),
                    "building": None,
                }
            case "arrived" | "stopped" | "registered":
                building = data.get("building", data.get("home") if event.kind == "registered" else None)
                changes |= {"x": data.get("x"), "y": data.get("y"), "building": building, "path": []}
        self._update(event.agent, **changes)
