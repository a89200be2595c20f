"""What the gate is told by its environment, read once."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mqttown_broker.limits import Limits
from mqttown_broker.tls import Tls
from mqttown_contract.types import Id, is_service_name

__all__ = ["GateSettings"]

Port = Annotated[int, Field(ge=0, le=65535)]


class GateSettings(BaseSettings):
    """Settings of `python -m mqttown_broker`, each with the prefix `MQTTOWN_`."""

    model_config = SettingsConfigDict(env_prefix="MQTTOWN_", extra="ignore")

    town: Id = Field(description="Id of the town.")
    database: SecretStr = Field(description="PostgreSQL URL.")
    data: Path = Field(description="Folder for the broker's own files.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    mqtt_port: int = Field(default=1883, description="TCP port; 0 takes a free one.")
    ws_port: int = Field(default=9001, description="WebSocket port; 0 takes a free one.")
    more_mqtt_ports: list[Port] = Field(
        default_factory=list, description="TCP ports of further servers of a NATS cluster, as JSON."
    )
    more_ws_ports: list[Port] = Field(default_factory=list, description="Their WebSocket ports, as many, as JSON.")
    broker: str = Field(
        default="nats",
        description="`nats`, `mosquitto`, `amqtt`, or the URL of somebody else's broker, `mqtt://user:password@host:port`.",
    )
    public: bool = Field(default=False, description="Strangers may come: refuse a broker that was not shown to hold the grants.")
    spectator_key: SecretStr | None = Field(default=None, description="Key of spectators, on a broker that lets nobody in without.")
    tls_cert: Path | None = Field(default=None, description="Certificate of both doors, PEM; none leaves them unencrypted.")
    tls_key: Path | None = Field(default=None, description="Key of that certificate, PEM.")
    max_connections: int = Field(default=20_000, ge=1, description="Connections held at a time, all together.")
    max_agent_connections: int = Field(default=8, ge=1, description="Connections of one agent.")
    max_address_connections: int = Field(default=200, ge=1, description="Connections of spectators from one address.")
    flood_messages: float = Field(
        default=100.0, gt=0, description="Messages a second that one agent may publish for long; 20 times that at once."
    )
    flood_bytes: float = Field(
        default=262_144.0, gt=0, description="Bytes a second that one agent may publish for long; 32 times that at once."
    )
    service_keys: dict[str, SecretStr] = Field(default_factory=dict, description="Key by name of the service, as JSON.")

    @field_validator("service_keys")
    @classmethod
    def _of_services(cls, keys: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name in keys:
            if not is_service_name(name):
                raise ValueError(f"{name!r} is no service of mqttown")
        return keys

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key belong together: give both or none")
        if len(self.more_mqtt_ports) != len(self.more_ws_ports):
            raise ValueError("more_mqtt_ports and more_ws_ports belong together: give as many of each")
        if self.more_mqtt_ports and self.broker != "nats":
            raise ValueError("a cluster is for the broker nats")
        return self

    def tls(self) -> Tls | None:
        """The certificate of the doors, checked.

        Raises:
            TlsError: it is of no use.
        """
        if self.tls_cert is None or self.tls_key is None:
            return None
        return Tls(self.tls_cert.absolute(), self.tls_key.absolute()).check()

    def limits(self) -> Limits:
        """How much one agent, one address and all together may take."""
        return Limits(
            connections=self.max_connections,
            agent_connections=self.max_agent_connections,
            address_connections=self.max_address_connections,
            messages=self.flood_messages,
            message_burst=20 * self.flood_messages,
            bytes=self.flood_bytes,
            byte_burst=32 * self.flood_bytes,
        )
