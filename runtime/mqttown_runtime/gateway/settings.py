"""What the model gateway is told by its environment, read once."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mqttown_contract.types import Id

__all__ = ["GatewaySettings"]


class GatewaySettings(BaseSettings):
    """Settings of `python -m mqttown_runtime.gateway`, each with the prefix `MQTTOWN_`."""

    model_config = SettingsConfigDict(env_prefix="MQTTOWN_", extra="ignore", frozen=True)

    town: Id = Field(description="Id of the town.")
    database: SecretStr = Field(description="PostgreSQL URL.")
    mqtt_host: str = Field(default="127.0.0.1", description="Where the broker is.")
    mqtt_port: int = Field(default=1883, ge=1, le=65535, description="Its TCP port.")
    mqtt_pin: Path | None = Field(default=None, description="Certificate of the broker, PEM; none connects without TLS.")
    service_key: SecretStr | None = Field(default=None, description="Our password on the broker; none for a broker without grants.")
    models: Path = Field(description="The registry of models, YAML.")
    key_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), description="Fernet keys for owners' keys, the present one first, separated by commas; none keeps no keys."
    )
    cassette: Path | None = Field(default=None, description="File with answers by the hash of their request, JSON lines.")
    cassette_mode: Literal["record", "replay", "strict"] = Field(
        default="strict", description="What is done with it: write it, answer from it, or answer from it alone."
    )
    answer_cache: int = Field(default=0, ge=0, le=100_000, description="Answers kept for requests that come again.")

    @field_validator("key_secrets", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_memory(self) -> Self:
        if self.cassette is not None and self.answer_cache:
            raise ValueError("MQTTOWN_ANSWER_CACHE and MQTTOWN_CASSETTE exclude each other: a cassette counts every request")
        return self
