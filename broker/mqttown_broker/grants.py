"""Who may publish and subscribe what, as data that no broker's syntax is in.

A filter is an MQTT topic filter. `hidden` is what is never delivered although a granted filter
covers it; a subscription that lies wholly inside `hidden` is refused. See `docs/wire.md`, "Who
connects", and `docs/parts.md`, "Service topics".
"""

from dataclasses import dataclass, replace

from mqttown_contract import topics
from mqttown_contract.types import is_service_name

__all__ = ["Grants", "covers", "matches", "narrowed", "of_agent", "of_service", "of_spectator"]


@dataclass(frozen=True, slots=True)
class Grants:
    """What one connection may do.

    Attributes:
        publish: filters of the topics that it may publish to.
        subscribe: filters that it may subscribe to, and any narrower ones.
        hidden: filters of what it is never sent.
    """

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    hidden: tuple[str, ...] = ()

    def may_publish(self, topic: str) -> bool:
        """Say whether a message to `topic` is passed on."""
        return any(matches(granted, topic) for granted in self.publish)

    def may_subscribe(self, wanted: str) -> bool:
        """Say whether the filter `wanted` lies inside one granted filter and not inside a hidden one."""
        return any(covers(granted, wanted) for granted in self.subscribe) and not any(covers(hid, wanted) for hid in self.hidden)

    def may_receive(self, topic: str) -> bool:
        """Say whether a message on `topic` is delivered to it."""
        return any(matches(granted, topic) for granted in self.subscribe) and not any(matches(hid, topic) for hid in self.hidden)


def of_agent(town: str, home_district: str, agent: str) -> Grants:
    """An agent speaks on its own `out/`, hears its own `in/#`, and sees the town's states, cards and presences.

    Its channels are named one by one: a broker keeps what is published as retained, and nobody shall fill it with made-up ones.
    """
    return Grants(
        publish=tuple(topics.agent_out(town, home_district, agent, channel) for channel in topics.OUT_CHANNELS),
        subscribe=(topics.agent_in(town, home_district, agent, "#"), *_states(town)),
    )


def narrowed(grants: Grants, scope: str) -> Grants:
    """What is left of the grants by a key that is for `listen`ing or for `speak`ing alone; all of them by a `full` one."""
    match scope:
        case "listen":
            return replace(grants, publish=())
        case "speak":
            return replace(grants, subscribe=(), hidden=())
        case _:
            return grants


def of_spectator(town: str) -> Grants:
    """Somebody without a name sees everything public and says nothing."""
    return Grants(
        publish=(),
        subscribe=(topics.everything(town),),
        hidden=(
            topics.agent_in(town, "+", "+", "#"),
            topics.agent_out(town, "+", "+", "#"),
            topics.service_in(town, "+", "#"),
            topics.service_out(town, "+", "#"),
        ),
    )


def of_service(town: str, service: str) -> Grants:
    """One of our own processes gets what its work needs, and its own `service/{service}` topics.

    Raises:
        ValueError: there is no such service.
    """
    if not is_service_name(service):
        raise ValueError(f"{service!r} is no service of mqttown")
    own_out = topics.service_out(town, service, "+")
    own_in = topics.service_in(town, service, "#")
    if service == "orchestrator":
        return Grants(publish=(topics.everything(town),), subscribe=(topics.everything(town),))
    if service in {"dashboard", "cli"}:
        return Grants(publish=(own_out,), subscribe=(topics.everything(town),))
    if service == "memory":
        answers = (topics.agent_in(town, "+", "+", "memory"), topics.service_in(town, "+", "memory"))
        heard = (topics.agent_out(town, "+", "+", "#"), topics.service_out(town, "+", "#"))
        return Grants(publish=(own_out, *answers), subscribe=(own_in, *_public(town), *heard))
    if service == "gateway":
        return Grants(
            publish=(own_out, topics.agent_in(town, "+", "+", "thought"), topics.service_in(town, "dashboard", "thought")),
            subscribe=(
                own_in,
                topics.agent_out(town, "+", "+", "think"),
                topics.service_out(town, "dashboard", "think"),
                *_states(town),
            ),
        )
    return Grants(
        publish=(own_out, topics.agent_out(town, "+", "+", "+")),
        subscribe=(own_in, topics.agent_in(town, "+", "+", "#"), *_public(town)),
    )


def _states(town: str) -> tuple[str, ...]:
    """What everybody with a name may know of the town."""
    return (
        topics.world(town, "status"),
        topics.world(town, "clock"),
        topics.district(town, "+", "state"),
        topics.building(town, "+", "+", "state"),
        topics.agent(town, "+", "+", "card"),
        topics.agent(town, "+", "+", "presence"),
    )


def _public(town: str) -> tuple[str, ...]:
    """All that spectators see, as filters that leave `in`, `out` and `service` out."""
    return (
        topics.world(town, "#"),
        topics.district(town, "+", "#"),
        topics.building(town, "+", "+", "#"),
        topics.agent(town, "+", "+", "card"),
        topics.agent(town, "+", "+", "presence"),
    )


def matches(granted: str, topic: str) -> bool:
    """Say whether the topic (no wildcards) is inside the filter, by the rules of MQTT 3.1.1, section 4.7."""
    return not topic.startswith("$") and covers(granted, topic)


def covers(granted: str, wanted: str) -> bool:
    """Say whether every topic that the filter `wanted` matches is matched by `granted` as well."""
    have, want = granted.split("/"), wanted.split("/")
    for place, level in enumerate(have):
        if level == "#":
            return True
        if place == len(want):
            return False
        if want[place] == "#" or (level != "+" and level != want[place]):
            return False
    return len(want) == len(have)
