"""What the dashboard reads from its environment, once, at start."""

from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

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
    mqtt_pin: Path | None = Field(default=None, description="certificate of the broker, PEM; none connects without TLS")
    service_key: SecretStr | None = Field(default=None, description="password of service `dashboard` on the broker")
    host: str = Field(default="127.0.0.1", description="address to listen on")
    http_port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    open: bool = Field(default=False, description="show what the wire hides without a token; only on loopback")
    operator_token: SecretStr | None = Field(default=None, description="bearer token of the town's operator")
    researcher_token: SecretStr | None = Field(default=None, description="bearer token of researchers")
    metrics_token: SecretStr | None = Field(
        default=None,
        description="bearer token of whoever reads `/metrics`; without one everybody on loopback, else operators alone",
    )
    data: Path | None = Field(
        default=None, description="data directory, for the keys that sign access tokens; without one they end with the process"
    )
    tls_cert: Path | None = Field(default=None, description="certificate chain of the page, PEM; with it the page is HTTPS")
    tls_key: Path | None = Field(default=None, description="its private key, PEM")
    trusted_proxies: Annotated[list[str], NoDecode] = Field(
        default_factory=list, description="addresses or networks whose `X-Forwarded-For` is believed, with commas between"
    )
    public_host: str | None = Field(
        default=None, description="host that credentials name; the one the request was sent to without it"
    )
    ca: str | None = Field(
        default=None,
        description="what credentials name as `ca`: a file with the broker's certificate, or `system`; without TLS none",
    )
    ws_port: int = Field(default=9001, ge=1, le=65535, description="WebSocket port of the broker, for credentials")
    sign_up: bool = Field(default=True, description="whether anybody may make an account; operators always may")
    agents_per_owner: int = Field(default=20, ge=0, le=100_000, description="external agents that one account may have at a time")
    residents_per_owner: int = Field(
        default=10, ge=0, le=100_000, description="hosted residents that one account may have at a time"
    )
    newcomer_purse: int = Field(
        default=200_000, ge=0, le=1_000_000_000, description="cents that a hosted resident made over HTTP begins with"
    )
    sign_ups_per_hour: int = Field(default=20, ge=1, description="new accounts from one address")
    sign_ins_per_minute: int = Field(default=10, ge=1, description="attempts to sign in from one address")
    requests_per_minute: int = Field(default=1200, ge=1, description="HTTP requests of one address")
    door_seats: int = Field(default=200, ge=0, le=10_000, description="agents at the REST door at a time")
    door_idle_seconds: float = Field(default=120, gt=0, description="after so long without a request an agent's seat is given up")
    mail: SecretStr | None = Field(
        default=None, description="how letters are sent: `file:PATH`, or a URL of Apprise's with `{to}` in it; without it none are"
    )
    prompts: Path | None = Field(
        default=None, description="folder of prompts, for owners who talk with their residents; without it no model answers them"
    )
    page_dir: Path = Field(default=Path(__file__).parent / "static" / "app", description="the built web page")

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("TLS needs both MQTTOWN_TLS_CERT and MQTTOWN_TLS_KEY")
        return self

    @model_validator(mode="after")
    def _open_only_on_loopback(self) -> Self:
        if self.open and self.host not in LOOPBACK:
            raise ValueError(f"--open shows everybody's memories, so it needs --host {' or '.join(LOOPBACK)}, not {self.host}")
        return self
