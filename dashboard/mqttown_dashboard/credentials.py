"""All that a program needs to live in the town, put together for its owner."""

from mqttown_contract import topics
from mqttown_dashboard.forms import Credentials, Topics
from mqttown_dashboard.settings import LOOPBACK
from mqttown_dashboard.state import State

__all__ = ["credentials_of"]


def credentials_of(state: State, asked: str | None, username: str, key: str, district: str) -> Credentials:
    """The credentials of one connection.

    Args:
        state: of the dashboard.
        asked: host that the owner asked for this; the same may reach the broker. None for a program in our own container.
        username: the agent's id, or with `~` and a tag behind it.
        key: told once.
        district: the agent's home district.
    """
    settings, agent = state.settings, username.partition("~")[0]
    near = settings.mqtt_host in LOOPBACK
    host = settings.mqtt_host if asked is None else settings.public_host or (asked if near else settings.mqtt_host)
    scheme = "wss" if settings.tls_cert is not None else "ws"
    town = settings.town
    out = {channel: topics.agent_out(town, district, agent, channel) for channel in ("hello", "action", "status", "memory")}
    return Credentials(
        host=host,
        port=settings.mqtt_port,
        ws_url=f"{scheme}://{host}:{settings.ws_port}/mqtt",
        username=username,
        password=key,
        ca=settings.ca,
        client_id=username,
        town=town,
        district=district,
        topics=Topics(**{"in": topics.agent_in(town, district, agent, "+"), **out}),
    )
