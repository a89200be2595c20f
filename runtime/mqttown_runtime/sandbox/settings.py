"""What the jailer and the doorkeeper are told at their start: one table each, read once from the environment (`MQTTOWN_…`)."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from mqttown_runtime.sandbox.container import Runtime

__all__ = ["DoorkeeperSettings", "JailerSettings"]


class JailerSettings(BaseSettings):
    """All settings of the jailer."""

    model_config = SettingsConfigDict(env_prefix="MQTTOWN_", extra="ignore", frozen=True)

    town: str = Field(description="Id of the town.")
    database: str = Field(description="PostgreSQL URL.")
    jail: Path = Field(description="Folder of the agents' cells; on a disk with room for all, and nobody's but root's.")
    docker: str | None = Field(default=None, description="URL of the Docker Engine; none is where Docker's own client looks.")
    container_runtime: Runtime = Field(default="runc", description="What runs containers: runc, runsc (gVisor) or kata.")
    town_file: Path = Field(description="The compiled town, of which residents in containers are told what everybody knows.")
    seed: int = Field(default=1, description="All luck of the minds comes from it.")
    lockstep: bool = Field(default=False, description="Residents in containers answer every observation by one action.")
    talk: bool = Field(default=True, description="Whether residents speak.")
    prompts: Path | None = Field(default=None, description="Folder with the prompts of minds with a model; none has no such minds.")
    packages: bool = Field(default=False, description="Fetch what owners' code needs, from the index that pip is set up with.")
    look_seconds: float = Field(default=0.5, gt=0, description="Between two looks at what is due.")
    log_seconds: float = Field(default=5.0, gt=0, description="Between two collections of agents' logs.")


class DoorkeeperSettings(BaseSettings):
    """All settings of the doorkeeper."""

    model_config = SettingsConfigDict(env_prefix="MQTTOWN_", extra="ignore", frozen=True)

    town: str = Field(description="Id of the town.")
    database: str = Field(description="PostgreSQL URL.")
    jail: Path = Field(description="Folder of the agents' cells.")
    mqtt_host: str = Field(default="127.0.0.1", description="Host of the broker: all that agents can reach.")
    mqtt_port: int = Field(default=1883, ge=1, le=65535, description="MQTT port of the broker.")
    mqtt_pin: Path | None = Field(default=None, description="Certificate of the broker, PEM; none connects without TLS.")
    spectator_key: SecretStr | None = Field(default=None, description="A spectator's password; none where spectators need none.")
