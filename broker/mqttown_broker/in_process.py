"""amqtt in this process: for where no binary runs, and for fast tests.

On loopback and for trusted agents only: it asks us about logins and topics, but does not hold the
grants against a client that means harm, does not end the connection of a revoked agent (it only
falls silent), and knows no limit of size. It speaks MQTT 3.1.1.
"""

import ipaddress
from dataclasses import dataclass
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import Action, BaseContext, BrokerConfig, ListenerConfig, ListenerType
from amqtt.errors import BrokerError as AmqttError
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from mqttown_broker.login import Admission, CredentialSource, Login, Refused, admit, still_valid
from mqttown_broker.nats import BrokerError
from mqttown_broker.ports import free_ports

__all__ = ["Doorkeeper", "InProcessBroker"]


class Doorkeeper(BaseAuthPlugin, BaseTopicPlugin):
    """Asks our own login and grants. amqtt finds it by its dotted path."""

    @dataclass
    class Config:
        """Settings that amqtt hands to the plugin.

        Attributes:
            town: id of the town.
            source: a `CredentialSource`.
        """

        town: str
        source: Any

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._admitted: dict[str, Admission] = {}

    async def authenticate(self, *, session: Session) -> bool | None:
        """Let a session in, or not."""
        login = Login(session.username or "", session.password or "", session.client_id or "")
        try:
            admission = await admit(self.config.source, self.config.town, login)
        except Refused:
            return False
        self._admitted[login.client_id] = admission
        return True

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool | None:
        """Say whether a session may do this with the topic or filter."""
        admission = self._admitted.get((session and session.client_id) or "")
        if admission is None or topic is None or not still_valid(self.config.source, admission):
            return False
        match action:
            case Action.PUBLISH:
                return admission.grants.may_publish(topic)
            case Action.SUBSCRIBE:
                return admission.grants.may_subscribe(topic)
            case _:
                return admission.grants.may_receive(topic)


class InProcessBroker:
    """One amqtt broker with our grants.

    Args:
        town: id of the town that the grants are for.
        source: where credentials come from.
        host: a loopback address.
        mqtt_port: 0 takes a free one.
        ws_port: 0 takes a free one.

    Raises:
        BrokerError: the host is not loopback.
    """

    def __init__(self, town: str, source: CredentialSource, host: str = "127.0.0.1", mqtt_port: int = 0, ws_port: int = 0) -> None:
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise BrokerError(f"--broker amqtt is for trusted agents on this machine: it listens on 127.0.0.1, not on {host}")
        self.host = host
        free_mqtt, free_ws = free_ports(host, 2)
        self.mqtt_port = mqtt_port or free_mqtt
        self.ws_port = ws_port or free_ws
        listeners = {
            "default": ListenerConfig(type=ListenerType.TCP, bind=f"{host}:{self.mqtt_port}"),
            "websocket": ListenerConfig(type=ListenerType.WS, bind=f"{host}:{self.ws_port}"),
        }
        plugins = {f"{Doorkeeper.__module__}.{Doorkeeper.__name__}": {"town": town, "source": source}}
        self._broker = Broker(BrokerConfig(listeners=listeners, plugins=plugins))

    async def start(self) -> None:
        """Listen.

        Raises:
            BrokerError: a port is taken.
        """
        try:
            await self._broker.start()
        except AmqttError as error:
            raise BrokerError(f"amqtt could not listen ({error}); choose other ports with --mqtt-port and --ws-port") from error

    async def stop(self) -> None:
        """End all connections."""
        await self._broker.shutdown()
