"""What the gate is told by its environment, read once."""

from pathlib import Path

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mqttown_contract.types import Id, is_service_name

__all__ = ["GateSettings"]


class GateSettings(BaseSettings):
    """Settings of `python -m mqttown_broker`, each with the prefix `MQTTOWN_`.

    Attributes:
        town: id of the town.
        database: PostgreSQL URL.
        data: folder for the broker's own files.
        host: address to listen on.
        mqtt_port: TCP port; 0 takes a free one.
        ws_port: WebSocket port; 0 takes a free one.
        broker: `nats`, `amqtt`, or the URL of somebody else's broker, `mqtt://user:password@host:port`.
        service_keys: key by name of the service, as JSON.
    """

    model_config = SettingsConfigDict(env_prefix="MQTTOWN_", extra="ignore")

    town: Id
    database: SecretStr
    data: Path
    host: str = "127.0.0.1"
    mqtt_port: int = 1883
    ws_port: int = 9001
    broker: str = "nats"
    service_keys: dict[str, SecretStr] = {}

    @field_validator("service_keys")
    @classmethod
    def _of_services(cls, keys: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name in keys:
            if not is_service_name(name):
                raise ValueError(f"{name!r} is no service of mqttown")
        return keys
