"""What the memory service is told by its environment, read once."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mqttown_contract.types import Id

__all__ = ["MemorySettings"]


class MemorySettings(BaseSettings):
    """Settings of `python -m mqttown_memory`, each with the prefix `MQTTOWN_`.

    Attributes:
        town: id of the town.
        town_file: the compiled town, for names.
        database: PostgreSQL URL.
        data: folder for the index across the town.
        mqtt_host: where the broker is.
        mqtt_port: its TCP port.
        service_key: our own password there.
        remember: False remembers nothing of what is witnessed, for a town under load; `remember` and `recall` still work.
        forgetful: agents for whom nothing witnessed is remembered, separated by commas.
        index_mib: room for memories that are held ready, MiB.
        patience: seconds that a `recall` waits for its tick.
    """

    model_config = SettingsConfigDict(env_prefix="MQTTOWN_", extra="ignore")

    town: Id
    town_file: Path
    database: SecretStr
    data: Path
    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = 1883
    service_key: SecretStr
    remember: bool = True
    forgetful: Annotated[frozenset[Id], NoDecode] = frozenset()
    index_mib: Annotated[int, Field(ge=1)] = 24
    patience: Annotated[float, Field(gt=0, le=60)] = 5.0

    @field_validator("forgetful", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value
