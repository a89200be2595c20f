"""What the memory service is told by its environment, read once."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mqttown_contract.types import Id
from mqttown_memory.encoders import Kind

__all__ = ["MemorySettings"]


class MemorySettings(BaseSettings):
    """Settings of `python -m mqttown_memory`, each with the prefix `MQTTOWN_`."""

    model_config = SettingsConfigDict(env_prefix="MQTTOWN_", extra="ignore")

    town: Id = Field(description="Id of the town.")
    town_file: Path = Field(description="The compiled town, for names.")
    database: SecretStr = Field(description="PostgreSQL URL.")
    data: Path = Field(description="Folder for the index across the town.")
    mqtt_host: str = Field(default="127.0.0.1", description="Where the broker is.")
    mqtt_port: int = Field(default=1883, description="Its TCP port.")
    mqtt_pin: Path | None = Field(default=None, description="Certificate of the broker, PEM; none connects without TLS.")
    service_key: SecretStr = Field(description="Our own password there.")
    remember: bool = Field(
        default=True,
        description="False remembers nothing of what is witnessed, for a town under load; `remember` and `recall` still work.",
    )
    forgetful: Annotated[frozenset[Id], NoDecode] = Field(
        default=frozenset(), description="Agents for whom nothing witnessed is remembered, separated by commas."
    )
    embedding: Kind = Field(default="wordllama", description="How texts become vectors; can't be changed once there are memories.")
    embedding_model: str | None = Field(default=None, description="Folder of a sentence transformer, or an endpoint's model.")
    embedding_url: str | None = Field(
        default=None, description="Endpoint for vectors that speaks the OpenAI API, like https://…/v1."
    )
    embedding_dimensions: int | None = Field(default=None, ge=1, le=8192, description="Length of an endpoint's vectors.")
    embedding_key: SecretStr | None = Field(default=None, description="Key for that endpoint.")
    index_mib: int = Field(default=24, ge=1, description="Room for memories that are held ready, MiB.")
    patience: float = Field(default=5.0, gt=0, le=60, description="Seconds that a `recall` waits for its tick.")

    @field_validator("forgetful", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value
