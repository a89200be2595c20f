"""What the gate is told by its environment, read once."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mqttown_contract.types import Id, is_service_name

__all__ = ["GateSettings"]


class GateSettings(BaseSettings):
    """Settings of `python -m mqttown_broker`, each with the prefix `MQTTOWN_`."""

    model_config = SettingsConfigDict(env_prefix="MQTTOWN_", extra="ignore")

    town: Id = Field(description="Id of the town.")
    database: SecretStr = Field(description="PostgreSQL URL.")
    data: Path = Field(description="Folder for the broker's own files.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    mqtt_port: int = Field(default=1883, description="TCP port; 0 takes a free one.")
    ws_port: int = Field(default=9001, description="WebSocket port; 0 takes a free one.")
    broker: str = Field(
        default="nats", description="`nats`, `amqtt`, or the URL of somebody else's broker, `mqtt://user:password@host:port`."
    )
    service_keys: dict[str, SecretStr] = Field(default_factory=dict, description="Key by name of the service, as JSON.")

    @field_validator("service_keys")
    @classmethod
    def _of_services(cls, keys: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name in keys:
            if not is_service_name(name):
                raise ValueError(f"{name!r} is no service of mqttown")
        return keys
