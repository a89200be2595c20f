"""What the dashboard reads from its environment, once, at start."""

from pathlib import Path
from typing import Final, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["LOOPBACK", "Settings"]

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class Settings(BaseSettings):
    """One field a setting; the environment variable is `MQTTOWN_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="MQTTOWN_", extra="ignore")

    database: str = Field(description="PostgreSQL URL of the town's journal")
    town: str = Field(description="town id")
    town_file: Path = Field(description="the compiled town, JSON")
    mqtt_host: str = Field(default="127.0.0.1", description="host of the broker")
    mqtt_port: int = Field(default=1883, ge=1, le=65535, description="TCP port of the broker")
    service_key: SecretStr | None = Field(default=None, description="password of service `dashboard` on the broker")
    host: str = Field(default="127.0.0.1", description="address to listen on")
    http_port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    open: bool = Field(default=False, description="show what the wire hides without a token; only on loopback")
    operator_token: SecretStr | None = Field(default=None, description="bearer token of the town's operator")
    researcher_token: SecretStr | None = Field(default=None, description="bearer token of researchers")
    page_dir: Path = Field(default=Path(__file__).parent / "static" / "app", description="the built web page")

    @model_validator(mode="after")
    def _open_only_on_loopback(self) -> Self:
        if self.open and self.host not in LOOPBACK:
            raise ValueError(f"--open shows everybody's memories, so it needs --host {' or '.join(LOOPBACK)}, not {self.host}")
        return self
