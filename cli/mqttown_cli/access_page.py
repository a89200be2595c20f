"""The page of who may use what: every HTTP route, as it declares it, and every topic, as the broker grants it."""

from collections.abc import Iterator
from typing import Final

from mqttown_broker.grants import Grants, of_agent, of_service, of_spectator
from mqttown_contract import topics
from mqttown_dashboard.access import rows
from mqttown_dashboard.app import create_api
from mqttown_dashboard.identity import Role

__all__ = ["access_page"]

ROLES: Final[tuple[Role, ...]] = ("anyone", "agent", "owner", "researcher", "operator", "service")
SERVICES: Final = ("orchestrator", "memory", "gateway", "dashboard", "cli", "host-1")
TOWN, DISTRICT, AGENT, OTHER, BUILDING = "its-town", "its-district", "its-agent", "other-agent", "its-building"
PLACEHOLDERS: Final = {TOWN: "{town}", DISTRICT: "{district}", AGENT: "{agent}", BUILDING: "{building}"}
_HEAD: Final = """# Who may use what

Made from the code by `mqttown contract`; change the code, not this page.

## HTTP

On a route with `{agent_id}`, *agent* is that agent itself with its own key, and *owner* is the account that registered it; a
signed-in owner of something else is refused there. *anyone* needs no token. An API key opens what its account may use, if it
was made for the scope named last; `account` can't be given to a key: it needs a person who has signed in. Routes marked
`open` are also for anybody on this machine if the town was started with `--open`, and those marked `loopback` as long as the
town listens on this machine alone and no token is set for them.

A test sends every role to every route.
"""
_TOPICS: Final = """
## Topics

`p` may publish, `s` may subscribe and is told. What is empty is dropped, refused or filtered. *agent* is the one in the
topic and *other* is another; *spectator* has no user name. `host-{n}` publishes and hears for the agents that are placed on
it. `tests/broker/test_access_table.py` tries every cell on every broker that holds grants against strangers.
"""


def access_page() -> str:
    """Both tables, as Markdown."""
    lines = [_HEAD, f"| method | path | {' | '.join(ROLES)} | scope | |", f"|---|---|{':-:|' * len(ROLES)}---|---|"]
    for row in rows(create_api()):
        marks = ["yes" if role in row.access.roles else "" for role in ROLES]
        scope = "" if "anyone" in row.access.roles else row.access.scope
        special = "open" if row.access.open_too else "loopback" if row.access.on_loopback else ""
        lines.append(f"| {row.method} | `{row.path}` | {' | '.join(marks)} | {scope} | {special} |")
    grants = _grants()
    lines += [_TOPICS, f"| topic | {' | '.join(grants)} |", f"|---|{':-:|' * len(grants)}"]
    for topic in _topics():
        shown = "/".join(PLACEHOLDERS.get(level, level) for level in topic.split("/"))
        lines.append(f"| `{shown}` | {' | '.join(_mark(granted, topic) for granted in grants.values())} |")
    return "\n".join(lines) + "\n"


def _grants() -> dict[str, Grants]:
    people = {"spectator": of_spectator(TOWN), "agent": of_agent(TOWN, DISTRICT, AGENT), "other": of_agent(TOWN, DISTRICT, OTHER)}
    return people | {service: of_service(TOWN, service) for service in SERVICES}


def _topics() -> Iterator[str]:
    for channel in topics.WORLD_CHANNELS:
        yield topics.world(TOWN, channel)
    for channel in topics.DISTRICT_CHANNELS:
        yield topics.district(TOWN, DISTRICT, channel)
    for channel in topics.BUILDING_CHANNELS:
        yield topics.building(TOWN, DISTRICT, BUILDING, channel)
    for channel in topics.AGENT_CHANNELS:
        yield topics.agent(TOWN, DISTRICT, AGENT, channel)
    for channel in topics.IN_CHANNELS:
        yield topics.agent_in(TOWN, DISTRICT, AGENT, channel)
    for channel in topics.OUT_CHANNELS:
        yield topics.agent_out(TOWN, DISTRICT, AGENT, channel)
    for service in SERVICES:
        yield topics.service_out(TOWN, service, "command")
        yield topics.service_in(TOWN, service, "answer")


def _mark(granted: Grants, topic: str) -> str:
    publish = "p" if granted.may_publish(topic) else ""
    subscribe = "s" if granted.may_subscribe(topic) and granted.may_receive(topic) else ""
    return publish + subscribe
