"""An agent's credentials: from the environment, or from the file that `mqttown agent new` wrote."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from mqttown.link import Address
from mqttown.rejections import CredentialsError

__all__ = ["Credentials"]

DEFAULT_DATA: Final = ".mqttown"
_VARIABLES: Final = {
    "username": "MQTTOWN_AGENT",
    "password": "MQTTOWN_KEY",
    "town": "MQTTOWN_TOWN",
    "district": "MQTTOWN_DISTRICT",
    "host": "MQTTOWN_MQTT_HOST",
    "port": "MQTTOWN_MQTT_PORT",
    "ca": "MQTTOWN_MQTT_CA",
    "socket": "MQTTOWN_MQTT_SOCKET",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who an agent is and where its town is.

    Attributes:
        username: `{agent}` or `{agent}~{tag}`; also the client id.
        password: its key.
        town: id of the town.
        district: home district, part of the agent's topics for life.
        host: of the broker.
        port: TCP port of the broker.
        ca: PEM file of the authority behind the broker's certificate; `system` means those that the system knows; None is no TLS.
        socket: path of a Unix socket that leads to the broker, in place of host and port: a container's one door.
    """

    username: str
    password: str
    town: str
    district: str
    host: str = "127.0.0.1"
    port: int = 1883
    ca: str | None = None
    socket: str | None = None

    @property
    def agent(self) -> str:
        """The agent's id: the user name without its tag."""
        return self.username.partition("~")[0]

    @property
    def address(self) -> Address:
        """Where the broker is."""
        ca = None if self.ca == "system" else self.ca
        return Address(self.host, self.port, tls=self.ca is not None, ca=ca, socket=self.socket)

    @classmethod
    def find(cls, name: str | None = None) -> Self:
        """Look in the environment, then in the credentials file.

        The environment is taken if it has a key and means `name`: `MQTTOWN_AGENT`, `MQTTOWN_KEY`, `MQTTOWN_TOWN`,
        `MQTTOWN_DISTRICT`, `MQTTOWN_MQTT_HOST`, `MQTTOWN_MQTT_PORT`, `MQTTOWN_MQTT_CA`, `MQTTOWN_MQTT_SOCKET`. The file is
        the one that `MQTTOWN_CREDENTIALS` names, else `agents/{name}.json` in the folder `MQTTOWN_DATA`, else in `.mqttown`.

        Raises:
            CredentialsError: neither is there.
        """
        agent = os.environ.get("MQTTOWN_AGENT")
        if "MQTTOWN_KEY" in os.environ and agent and name in {None, agent.partition("~")[0], agent}:
            found = {field: os.environ[variable] for field, variable in _VARIABLES.items() if variable in os.environ}
            return cls._make(found, "the environment")
        named = os.environ.get("MQTTOWN_CREDENTIALS")
        if named is None and name is None:
            raise CredentialsError("give the agent's name, or set MQTTOWN_CREDENTIALS to its credentials file")
        file = Path(named) if named else Path(os.environ.get("MQTTOWN_DATA", DEFAULT_DATA)) / "agents" / f"{name}.json"
        return cls.read(file)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a credentials file.

        Raises:
            CredentialsError: it is not there, or no credentials.
        """
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CredentialsError(f"no credentials in {file}; `mqttown agent new {file.stem}` makes them") from None
        except ValueError as error:
            raise CredentialsError(f"{file} is no JSON: {error}") from error
        return cls._make(found, str(file))

    @classmethod
    def _make(cls, found: Any, source: str) -> Self:
        if not isinstance(found, dict):
            raise CredentialsError(f"{source} holds no credentials: it must be one JSON object, as `mqttown agent new` writes it")
        lacking = [field for field in ("username", "password", "town", "district") if not found.get(field)]
        if lacking:
            raise CredentialsError(f"{source} lacks {', '.join(lacking)}")
        known = {field: found[field] for field in _VARIABLES if field in found}
        port = str(known.get("port", 1883))
        if not port.isdecimal() or not 1 <= int(port) <= 65535:
            raise CredentialsError(f"port {port!r} in {source} is no port: 1 to 65535")
        return cls(**{**known, "port": int(port)})
