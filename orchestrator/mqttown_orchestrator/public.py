"""What everybody may see: status, clock, districts, buildings, cards, presence, movements and events."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson

from mqttown_contract import topics
from mqttown_contract.events import Event
from mqttown_contract.verbs import VERBS
from mqttown_orchestrator.citizens import Citizen
from mqttown_orchestrator.pace import Pace
from mqttown_orchestrator.parts import split
from mqttown_orchestrator.pipeline.rate import PLANS
from mqttown_orchestrator.places import Places
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.world.fragment import trimmed

__all__ = ["Public", "PublishPublic"]

PublishPublic = Callable[[str, bytes, bool], None]
"""Topic, payload, retain."""

_DISTRICT_TICKS: Final = 10
"""Districts are counted again so often; moods change slowly."""
_MOVING: Final = frozenset({"registered", "departed", "arrived", "stopped"})
_BODILY: Final = _MOVING | {"came", "left"}


class Public:
    """Publishes what is retained when it has changed, and events as they happen."""

    def __init__(self, town: Town, pace: Pace, publish: PublishPublic) -> None:
        self._town = town
        self._pace = pace
        self._publish = publish
        self._places = Places(town.state, town.plan)
        self._kept: dict[str, bytes] = {}
        self._standing: dict[str, str] = {"status": "online"}
        people = {person["id"]: person for person in town.compiled["people"]}
        self._ages = {agent: person.get("age") for agent, person in people.items()}

    def status(self, status: str, why: str | None = None) -> None:
        """Say whether the town is up, and what is in its way if it is not."""
        self._standing = {"status": status} if why is None else {"status": status, "why": why}
        self.again()

    def again(self) -> None:
        """Say the same status again: a late Will, or one of an earlier run, has taken its place."""
        self._publish(topics.world(self._town.id, "status"), self.standing, True)  # noqa: FBT003

    @property
    def standing(self) -> bytes:
        """The status that was said last."""
        return orjson.dumps({**self._standing, "generation": self._town.generation})

    def trouble(self, why: str | None) -> None:
        """Say that the town holds and why, or, with None, that it goes on."""
        self.status("online" if why is None else "offline", why)
        self.clock()

    def clock(self) -> None:
        """Say what time it is in the town."""
        told = {
            "generation": self._town.generation,
            "tick": self._town.tick,
            "town_time": self._town.plan.clock.text(self._town.tick),
            "speed": self._pace.speed,
            "state": "paused" if self._pace.paused or "why" in self._standing else "running",
            **{name: why for name, why in self._standing.items() if name == "why"},
        }
        self._publish(topics.world(self._town.id, "clock"), orjson.dumps(told), True)  # noqa: FBT003

    def everything(self) -> None:
        """Publish all that is retained, changed or not: at every start and every new connection."""
        self._kept.clear()
        self.status("online")
        self.clock()
        self.districts()
        for building in self._town.plan.buildings:
            self.building(building)
        for citizen in self._town.citizens:
            self.card(citizen)
            self.presence(citizen)

    def owns(self, topic: str) -> bool:
        """Say whether a retained topic is one that the town keeps now."""
        return topic in self._kept or topic in {topics.world(self._town.id, "status"), topics.world(self._town.id, "clock")}

    def clear(self, topic: str) -> None:
        """Make the broker forget a retained topic."""
        self._kept.pop(topic, None)
        self._publish(topic, b"", True)  # noqa: FBT003

    def card(self, citizen: Citizen) -> None:
        """Publish an agent's card, if it has changed."""
        body = self._town.state.bodies.get(citizen.id)
        job = None if body is None or body.job is None else self._town.plan.jobs[body.job].title
        told = {
            "id": citizen.id,
            "name": citizen.name,
            "tagline": citizen.tagline,
            "kind": citizen.kind,
            "home_district": citizen.home_district,
            "home": None if body is None else body.home,
            "owner": citizen.owner,
            "can": list(VERBS if citizen.allowed_actions is None else citizen.allowed_actions),
            "rate": PLANS[citizen.plan].announced,
            "age": self._ages.get(citizen.id),
            "job": job,
        }
        self._keep(citizen.topic("card"), told)

    def presence(self, citizen: Citizen) -> None:
        """Publish whether an agent is there, and where its body is, if that has changed."""
        if citizen.id not in self._town.state.bodies:
            return
        district, building = self._places.whereabouts(citizen.id)
        told = {
            "state": citizen.presence,
            "since": citizen.since,
            "since_tick": citizen.since_tick,
            "district": district,
            "building": building,
        }
        self._keep(citizen.topic("presence"), told)

    def farewell(self, citizen: Citizen) -> None:
        """Clear what was kept about a former citizen."""
        self.clear(citizen.topic("card"))
        self.clear(citizen.topic("presence"))

    def building(self, building: str) -> None:
        """Publish a building's state, if it has changed."""
        district = self._town.plan.buildings[building].district
        self._keep(topics.building(self._town.id, district, building, "state"), self._places.building(building), tick=True)

    def districts(self) -> None:
        """Publish the state of the districts that have changed."""
        for district, told in self._places.districts().items():
            self._keep(topics.district(self._town.id, district, "state"), told, tick=True)

    def after_tick(self, events: list[Event], written: list[bytes]) -> None:
        """Tell of a tick that is durable.

        Args:
            events: of the tick.
            written: the same as JSON.
        """
        self.clock()
        self._events(events, written)
        self._people(events)
        for building in _touched(events):
            self.building(building)
        for agent in dict.fromkeys(event.agent for event in events if event.kind in _BODILY):
            if agent is not None and (citizen := self._town.citizens.get(agent)) is not None:
                self.presence(citizen)
        for agent in dict.fromkeys(event.agent for event in events if event.kind == "claimed"):
            if agent is not None and (citizen := self._town.citizens.get(agent)) is not None:
                self.card(citizen)
        if self._town.tick % _DISTRICT_TICKS == 0:
            self.districts()

    def _events(self, events: list[Event], written: list[bytes]) -> None:
        by_topic: dict[str, list[bytes]] = {}
        for event, payload in zip(events, written, strict=True):
            by_topic.setdefault(self._topic_of(event), []).append(payload)
        head = {"generation": self._town.generation, "tick": self._town.tick}
        for topic, payloads in by_topic.items():
            for message in split(head, "events", payloads):
                self._publish(topic, message, False)  # noqa: FBT003

    def _topic_of(self, event: Event) -> str:
        if event.building is not None and event.district is not None:
            return topics.building(self._town.id, event.district, event.building, "events")
        if event.district is not None:
            return topics.district(self._town.id, event.district, "events")
        return topics.world(self._town.id, "events")

    def _people(self, events: list[Event]) -> None:
        by_district: dict[str, list[bytes]] = {}
        for event in events:
            if event.kind not in _MOVING or event.agent not in self._town.state.bodies or event.agent is None:
                continue
            district, _ = self._places.whereabouts(event.agent)
            by_district.setdefault(district, []).append(orjson.dumps(_movement(event, self._places.doing(event.agent))))
        for district, movements in by_district.items():
            topic = topics.district(self._town.id, district, "people")
            for message in split({"tick": self._town.tick}, "people", movements):
                self._publish(topic, message, False)  # noqa: FBT003

    def _keep(self, topic: str, told: dict[str, Any], *, tick: bool = False) -> None:
        """Publish a retained message unless the broker keeps the same already; the tick alone is no change."""
        payload = trimmed(orjson.dumps(told))
        if self._kept.get(topic) == payload:
            return
        self._kept[topic] = payload
        inside = told.get("inside")
        if not tick:
            self._publish(topic, payload, True)  # noqa: FBT003
        elif inside is None:
            self._publish(topic, orjson.dumps({**told, "tick": self._town.tick}), True)  # noqa: FBT003
        else:
            parts = list(split({**told, "tick": self._town.tick}, "inside", [orjson.dumps(agent) for agent in inside]))
            for number, message in enumerate(parts, start=1):
                # A broker keeps one message a topic: the first part, which tells how many there are.
                self._publish(topic, message, number == 1)


def _movement(event: Event, doing: str) -> dict[str, Any]:
    data = event.data
    if event.kind == "departed":
        start = data["path"][0]
        return {
            "id": event.agent, "x": start[0], "y": start[1], "path": data["path"], "starts_tick": event.tick,
            "arrives_tick": data["arrives_tick"], "building": None, "doing": "walking",
        }  # fmt: skip
    return {
        "id": event.agent, "x": data["x"], "y": data["y"], "path": [], "starts_tick": None, "arrives_tick": None,
        "building": event.building if event.kind != "arrived" else data["building"], "doing": doing,
    }  # fmt: skip


def _touched(events: Iterable[Event]) -> list[str]:
    """Buildings whose state may have changed."""
    touched: dict[str, None] = {}
    for event in events:
        if event.kind == "said":
            continue
        if event.building is not None:
            touched[event.building] = None
        if isinstance(named := event.data.get("building"), str):
            touched[named] = None
    return list(touched)
