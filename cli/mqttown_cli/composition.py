"""What a town is composed of: its processes, and the settings that each is given."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from mqttown_cli.folder import DataFolder, Running
from mqttown_cli.ports import any_free, next_free
from mqttown_cli.supervisor import Part

__all__ = ["LOOPBACK", "SERVICES", "ClusterPorts", "Composition", "Plan", "cluster_ports", "reachable"]

SERVICES: Final = ("orchestrator", "memory", "gateway", "dashboard", "cli", "host-1")
"""Processes of ours with a key of their own."""
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


_JAILER_STOP_SECONDS: Final = 20.0
"""It stops containers, and unmounts their disks."""
_THOUGHTFUL_TICK_SECONDS: Final = "900"
"""A lockstep tick waits so long where thoughts come from models."""
_LOCKSTEP_THOUGHT_SECONDS: Final = "300"


@dataclass(frozen=True)
class Plan:
    """What `mqttown up` was asked for; see its `--help` for each field."""

    made_from: dict[str, Any]
    speed: float
    for_ticks: int | None
    data: Path
    host: str
    http_port: int
    mqtt_port: int
    ws_port: int
    broker: str
    database: str | None
    talk: bool
    open: bool
    lockstep: bool
    public: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    self_signed: bool = False
    broker_cluster: int = 1
    sandbox: bool = False
    model_minds: int = 0
    models: Path | None = None
    cassette: Path | None = None
    cassette_mode: str = "strict"

    @property
    def gateway(self) -> bool:
        """Whether residents can think with models."""
        return self.model_minds > 0 or self.models is not None


@dataclass(frozen=True, slots=True)
class ClusterPorts:
    """Ports of the further servers of a cluster; none for one server alone."""

    mqtt: tuple[int, ...] = ()
    ws: tuple[int, ...] = ()


def cluster_ports(host: str, ports: dict[str, int], servers: int, *, anywhere: bool = False) -> ClusterPorts:
    """The next free ports behind those of the first server, or any.

    Args:
        host: address to listen on.
        ports: flag to port.
        servers: of the cluster, the first one among them.
        anywhere: they need not be next to the first server's. So it should be where the kernel chose those: what comes next to them
            it gives to whoever connects to somewhere in the same moment.

    Raises:
        PortError: there are not so many.
    """
    if anywhere:
        free = any_free(host, 2 * (servers - 1), ports.values())
        return ClusterPorts(tuple(free[::2]), tuple(free[1::2]))
    mqtt = next_free(host, ports["--mqtt-port"], servers - 1, ports.values())
    ws = next_free(host, ports["--ws-port"], servers - 1, {*ports.values(), *mqtt})
    return ClusterPorts(tuple(mqtt), tuple(ws))


class Composition:
    """The parts of one town.

    Args:
        plan: as asked.
        folder: its data directory.
        made_from: town, residents and seed as they hold for this town.
        town: its id.
        database: PostgreSQL URL.
        ports: flag to port, free ones chosen.
        cluster: ports of the broker's further servers.
    """

    def __init__(
        self,
        plan: Plan,
        folder: DataFolder,
        made_from: dict[str, Any],
        town: str,
        database: str,
        ports: dict[str, int],
        cluster: ClusterPorts,
    ) -> None:
        self._plan = plan
        self._cluster = cluster
        self._database = database
        self._ports = ports
        known = folder.secrets(SERVICES)
        self._keys, self._tokens = known["services"], known["tokens"]
        broker = urlsplit(plan.broker) if "://" in plan.broker else None
        self._mqtt_host = (broker.hostname if broker else None) or reachable(plan.host)
        self._mqtt_port = (broker.port or 1883) if broker else ports["--mqtt-port"]
        self._town = town
        self._jail = folder.path / "jail"
        self._shared = {
            "MQTTOWN_DATA": str(folder.path),
            "MQTTOWN_TOWN": town,
            "MQTTOWN_TOWN_FILE": str(folder.town_file),
            "MQTTOWN_MQTT_HOST": self._mqtt_host,
            "MQTTOWN_MQTT_PORT": str(self._mqtt_port),
            "MQTTOWN_WS_PORT": str(ports["--ws-port"]),
            "MQTTOWN_SEED": str(made_from["seed"]),
            "MQTTOWN_LOCKSTEP": str(plan.lockstep).lower(),
            "MQTTOWN_TALK": str(plan.talk).lower(),
        }
        if plan.tls_cert is not None:
            self._shared["MQTTOWN_MQTT_PIN"] = str(plan.tls_cert.absolute())
        self._rules = {"MQTTOWN_RULES_FILE": str(folder.rules_file)}
        self._stored = {**self._shared, "MQTTOWN_DATABASE": database}

    def gate(self) -> Part:
        """The broker and who may enter it."""
        return Part(
            "gate",
            "mqttown_broker",
            {
                **self._stored,
                "MQTTOWN_HOST": self._plan.host,
                "MQTTOWN_BROKER": self._plan.broker,
                "MQTTOWN_MORE_MQTT_PORTS": json.dumps(self._cluster.mqtt),
                "MQTTOWN_MORE_WS_PORTS": json.dumps(self._cluster.ws),
                "MQTTOWN_SERVICE_KEYS": json.dumps(self._keys),
                "MQTTOWN_SPECTATOR_KEY": self._tokens["spectator"],
                "MQTTOWN_PUBLIC": str(self._plan.public).lower(),
                **self._certificate(),
            },
        )

    def orchestrator(self) -> Part:
        """The one writer of the world; its end is the end of the town."""
        limit = {"MQTTOWN_FOR_TICKS": str(self._plan.for_ticks)} if self._plan.for_ticks else {}
        speed = {"MQTTOWN_SPEED": str(self._plan.speed), "MQTTOWN_KEPT_APART": str(bool(self._cluster.mqtt)).lower()}
        if self._plan.gateway:
            speed["MQTTOWN_LOCKSTEP_WAIT"] = _THOUGHTFUL_TICK_SECONDS
        if self._plan.public:
            speed["MQTTOWN_FAILPOINT"] = ""  # whatever our own environment says
        return Part(
            "orchestrator",
            "mqttown_orchestrator",
            {**self._stored, **self._key("orchestrator"), **self._rules, **speed, **limit},
            final=True,
            rank=2,
        )

    def memory(self) -> Part:
        """What residents remember."""
        return Part("memory", "mqttown_memory", {**self._stored, **self._key("memory")}, rank=1)

    def minds(self) -> Part:
        """The host of minds: the first to go, so that it can say goodbye."""
        thinking = {}
        if self._plan.gateway:
            thinking = {"MQTTOWN_MODEL_MINDS": str(self._plan.model_minds), "MQTTOWN_PROMPTS": str(_content("prompts"))}
            if self._plan.lockstep:
                thinking["MQTTOWN_THINK_SECONDS"] = _LOCKSTEP_THOUGHT_SECONDS
        return Part("host-1", "mqttown_runtime", {**self._stored, **self._key("host-1"), **thinking}, rank=3)

    def sandbox(self) -> tuple[Part, ...]:
        """What keeps agents in containers, if there shall be any: the first to go ends them, and their doors close behind them."""
        if not self._plan.sandbox:
            return ()
        jailed = {**self._stored, "MQTTOWN_JAIL": str(self._jail)}
        if self._plan.gateway:
            jailed["MQTTOWN_PROMPTS"] = str(_content("prompts"))
        spectator = {"MQTTOWN_SPECTATOR_KEY": self._tokens["spectator"]} if self._plan.broker == "mosquitto" else {}
        return (
            Part("doorkeeper", "mqttown_runtime.doorkeeper", {**jailed, **spectator}, rank=1),
            Part("jailer", "mqttown_runtime.jailer", jailed, rank=4, stop_seconds=_JAILER_STOP_SECONDS),
        )

    def gateway(self) -> tuple[Part, ...]:
        """The way to models, if there is one."""
        if not self._plan.gateway:
            return ()
        settings = {
            "MQTTOWN_MODELS": str((self._plan.models or _content("models") / "models.yaml").absolute()),
            "MQTTOWN_KEY_SECRETS": self._key_secrets,
        }
        if self._plan.cassette is not None:
            settings["MQTTOWN_CASSETTE"] = str(self._plan.cassette.absolute())
            settings["MQTTOWN_CASSETTE_MODE"] = self._plan.cassette_mode
        return (Part("gateway", "mqttown_runtime.gateway", {**self._stored, **self._key("gateway"), **settings}, rank=2),)

    @property
    def _key_secrets(self) -> str:
        """The operator's secrets for owners' keys before our own, which has encrypted them if there was no other."""
        own = f"{self._tokens['keys']}="  # as Fernet spells 32 bytes
        return ",".join(filter(None, (os.environ.get("MQTTOWN_KEY_SECRETS"), own)))

    def dashboard(self) -> Part:
        """The page and the API."""
        settings = {
            "MQTTOWN_HOST": self._plan.host,
            "MQTTOWN_HTTP_PORT": str(self._ports["--http-port"]),
            "MQTTOWN_OPEN": str(self._plan.open).lower(),
            "MQTTOWN_OPERATOR_TOKEN": self._tokens["operator"],
            "MQTTOWN_RESEARCHER_TOKEN": self._tokens["researcher"],
        }
        if self._plan.tls_cert is not None:
            settings["MQTTOWN_CA"] = self._trust()["ca"]
        if self._plan.gateway:
            settings["MQTTOWN_PROMPTS"] = str(_content("prompts"))
        if self._plan.host in LOOPBACK and not self._plan.public and "MQTTOWN_MAIL" not in os.environ:
            settings["MQTTOWN_MAIL"] = f"file:{Path(self._shared['MQTTOWN_DATA']) / 'letters.jsonl'}"
        given = {**self._stored, **self._key("dashboard"), **self._certificate(), **settings}
        return Part("dashboard", "mqttown_dashboard", given, rank=1)

    def running(self) -> Running:
        """How other commands and people reach the town."""
        host = reachable(self._plan.host)
        secure = self._plan.tls_cert is not None
        page = f"http{'s' if secure else ''}://{host}:{self._ports['--http-port']}/"
        mqtt = [self._mqtt_url(port) for port in (self._mqtt_port, *self._cluster.mqtt)]
        ws = [self._ws_url(port) for port in (self._ports["--ws-port"], *self._cluster.ws)]
        return {
            "town": self._town,
            "page": page,
            "api": f"{page}api/v1",
            "mqtt": mqtt[0],
            "ws": ws[0],
            **({"mqtt_all": mqtt, "ws_all": ws} if self._cluster.mqtt else {}),
            "host": self._mqtt_host,
            "mqtt_port": self._mqtt_port,
            "database": self._database,
            "broker": self._plan.broker if "://" not in self._plan.broker else "url",
            **self._trust(),
        }

    def shown(self) -> dict[str, Any]:
        """What the ready line tells: where everything is, and what else one needs to come in."""
        running = self.running()
        shown: dict[str, Any] = {
            name: running[name] for name in ("page", "api", "mqtt", "ws", "mqtt_all", "ws_all") if name in running
        }
        if self._plan.tls_cert is not None:
            shown["ca"] = running["ca"]
        if self._plan.broker == "mosquitto":
            shown["spectator"] = {"username": "Spectator", "password": self._tokens["spectator"]}
        return shown

    def _mqtt_url(self, port: int) -> str:
        return f"mqtt{'s' if self._plan.tls_cert else ''}://{self._mqtt_host}:{port}"

    def _ws_url(self, port: int) -> str:
        return f"ws{'s' if self._plan.tls_cert else ''}://{reachable(self._plan.host)}:{port}/mqtt"

    def _trust(self) -> dict[str, str]:
        """How the broker's certificate is checked: by our own commands by `pin`, by everybody else by `ca`."""
        if self._plan.tls_cert is None:
            return {}
        pin = str(self._plan.tls_cert.absolute())
        return {"pin": pin, "ca": pin if self._plan.self_signed else "system"}

    def _certificate(self) -> dict[str, str]:
        if self._plan.tls_cert is None or self._plan.tls_key is None:
            return {}
        return {"MQTTOWN_TLS_CERT": str(self._plan.tls_cert.absolute()), "MQTTOWN_TLS_KEY": str(self._plan.tls_key.absolute())}

    def _key(self, service: str) -> dict[str, str]:
        return {"MQTTOWN_SERVICE_KEY": self._keys[service]}


def _content(folder: str) -> Path:
    """A folder of the content that comes with mqttown."""
    from mqttown_cli.content.load import content_folder  # noqa: PLC0415  what reads content is not to stay in our memory

    return content_folder() / folder


def reachable(host: str) -> str:
    """The address by which this machine reaches what listens on `host`."""
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104  compared, not bound
