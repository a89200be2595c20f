"""What the orchestrator is told at its start: one table, read once from the environment (`MQTTOWN_…`)."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


class Settings(BaseSettings):
    """All settings of the orchestrator. A name in the environment is the field's, in capitals, behind `MQTTOWN_`."""

    model_config = SettingsConfigDict(env_prefix="MQTTOWN_", extra="ignore", frozen=True)

    database: SecretStr = Field(description="PostgreSQL URL of the journal.")
    town_file: Path = Field(description="The compiled town.")
    mqtt_host: str = Field(default="127.0.0.1", description="Host of the broker.")
    mqtt_port: int = Field(default=1883, ge=1, le=65535, description="MQTT port of the broker.")
    mqtt_pin: Path | None = Field(default=None, description="Certificate of the broker, PEM; none connects without TLS.")
    service_key: SecretStr | None = Field(default=None, description="Our password on the broker; none for a broker without grants.")
    seed: int = Field(default=1, description="All luck of the town comes from it.")
    speed: float = Field(default=60.0, ge=0, description="Town seconds per real second; 0 is as fast as the machine allows.")
    for_ticks: int | None = Field(default=None, ge=1, description="Stop after so many ticks; without it, when told to.")
    lockstep: bool = Field(default=False, description="A tick waits for the answer of every agent whose hello said lockstep.")
    lockstep_wait: float = Field(default=30.0, gt=0, description="A tick waits at most so long for answers, seconds.")
    kept_apart: bool = Field(
        default=False,
        description="What the broker keeps goes over a connection of its own, so that nobody waits for servers of a cluster.",
    )
    snapshot_ticks: int = Field(default=60, ge=1, le=60, description="A snapshot at least so often, ticks.")
    failpoint: str = Field(
        default="",
        description="For tests: kill this process at `point:ticks`, or at a drawn one with `any:ticks`. Empty on every other day.",
    )
    rules_file: Path | None = Field(default=None, description="Rules of speech and conduct, as `mqttown up` makes them.")
    redis: SecretStr | None = Field(
        default=None, description="URL of a Redis or Valkey that several processes count rate limits in; this process without it."
    )
    moderation_url: str | None = Field(
        default=None, description="Base URL of a moderation endpoint in OpenAI's form; only the town's own rules without it."
    )
    moderation_key: SecretStr | None = Field(default=None, description="Its key.")
    moderation_model: str = Field(default="omni-moderation-latest", description="Its model.")
    moderated_words: tuple[str, ...] = Field(
        default=("arsehole", "motherfucker", "wanker"), description="Words that nobody may say; whole words, in any case."
    )
