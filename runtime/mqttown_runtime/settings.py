"""What a host is told at its start: one table, read once from the environment (`MQTTOWN_…`)."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


class Settings(BaseSettings):
    """All settings of a host. A name in the environment is the field's, in capitals, behind `MQTTOWN_`."""

    model_config = SettingsConfigDict(env_prefix="MQTTOWN_", extra="ignore", frozen=True)

    town_file: Path = Field(description="The compiled town; its people are hosted here.")
    host_name: str = Field(default="host-1", pattern=r"^host-[0-9]{1,4}$", description="Our own name as a service.")
    mqtt_host: str = Field(default="127.0.0.1", description="Host of the broker.")
    mqtt_port: int = Field(default=1883, ge=1, le=65535, description="MQTT port of the broker.")
    mqtt_pin: Path | None = Field(default=None, description="Certificate of the broker, PEM; none connects without TLS.")
    service_key: SecretStr | None = Field(default=None, description="Our password on the broker; none for a broker without grants.")
    database: str | None = Field(
        default=None, description="PostgreSQL URL with the register of hosted agents; none hosts the town's people alone."
    )
    seed: int = Field(default=1, description="All luck of the minds comes from it.")
    lockstep: bool = Field(default=False, description="Every observation is answered by one action, and the town waits for it.")
    talk: bool = Field(default=True, description="Whether residents speak.")
    hold_waits: bool = Field(default=True, description="In live mode, don't send a `wait` that changes nothing.")
    recall_seconds: float = Field(default=2.0, gt=0, description="In live mode a mind decides without memories after so long.")
    lockstep_recall_seconds: float = Field(default=10.0, gt=0, description="The same in lockstep.")
    prompts: Path | None = Field(default=None, description="Folder with the prompts of minds with a model; none has no such minds.")
    model_minds: int = Field(default=0, ge=0, description="So many of the town's people, the first ones, have a mind with a model.")
    think_seconds: float = Field(default=60.0, gt=0, description="A mind goes on without a model's thought after so long.")
    thoughts_at_once: int = Field(default=50, ge=1, description="Thoughts of one host that are with the gateway at once.")
