"""`mqttown compose`: writes the folder that docker/compose.yaml runs a town from: the compiled town, and settings by container."""

import json
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from mqttown_cli.composition import ClusterPorts, Composition, Plan
from mqttown_cli.console import console, fail
from mqttown_cli.folder import DataFolder
from mqttown_cli.ports import PortError, choose_ports
from mqttown_cli.supervisor import Part

__all__ = ["compose"]

CONFIG: Final = "/config"
DATA: Final = "/data"
CONTENT: Final = "/opt/mqttown/site/mqttown_cli/content_files"
"""Where the containers find the compiled town, their own data, and what comes with mqttown."""
SECRET: Final = 0o600
PRIVATE: Final = 0o700
"""Of the folder: what lies in it for containers of other users is readable, for those to whom it is mounted alone."""


def compose(
    folder: Annotated[Path, typer.Option(help="Folder to write; as RUN it is docker/compose.yaml's.")] = Path("docker/run"),
    town: Annotated[str, typer.Option(help="Town to run: a name under content/towns, or a folder.")] = "helsinki",
    residents: Annotated[int, typer.Option(min=0, max=100_000, help="Hosted residents.")] = 25,
    seed: Annotated[int, typer.Option(help="All luck of the town comes from it.")] = 1,
    speed: Annotated[float, typer.Option(min=0, help="Town seconds per real second.")] = 60.0,
    http_port: Annotated[int, typer.Option(min=0, max=65535, help="Web page and API; 0 takes a free port.")] = 8000,
    mqtt_port: Annotated[int, typer.Option(min=0, max=65535, help="MQTT; 0 takes a free port.")] = 1883,
    ws_port: Annotated[int, typer.Option(min=0, max=65535, help="MQTT over WebSocket; 0 takes a free port.")] = 9001,
    postgres_port: Annotated[
        int, typer.Option(min=0, max=65535, help="PostgreSQL, among the containers; 0 takes a free one.")
    ] = 5432,
) -> None:
    """Write what docker/compose.yaml needs. Again, it keeps keys and town and writes the settings anew."""
    made_from = {"town": town, "residents": residents, "seed": seed}
    data = DataFolder(folder).make()
    data.path.chmod(PRIVATE)
    try:
        flags = {"--http-port": http_port, "--mqtt-port": mqtt_port, "--ws-port": ws_port, "--postgres-port": postgres_port}
        ports = choose_ports("127.0.0.1", {flag: port for flag, port in flags.items() if port == 0}) | {
            flag: port for flag, port in flags.items() if port
        }
    except PortError as error:
        fail(error)
    about = _compiled(data, made_from)
    password, metrics, grafana = (_secret(data, name) for name in ("postgres.password", "metrics.token", "grafana.password"))
    plan = Plan(
        made_from=made_from, speed=speed, for_ticks=None, data=folder, host="0.0.0.0", http_port=http_port,  # noqa: S104  of the container
        mqtt_port=mqtt_port, ws_port=ws_port, broker="nats", database=None, talk=True, open=False, lockstep=False,
        models=Path(CONTENT) / "models" / "models.yaml",
    )  # fmt: skip
    url = f"postgresql://mqttown:{password}@postgres:{ports['--postgres-port']}/postgres"
    composition = Composition(plan, data, made_from, about["id"], url, ports, ClusterPorts())
    parts = [composition.gate(), composition.orchestrator(), composition.memory(), composition.minds(), composition.dashboard()]
    for part in [*parts, *composition.gateway()]:
        token = {"MQTTOWN_METRICS_TOKEN": metrics} if part.name == "dashboard" else {}
        _write(folder / f"{part.name}.env", _settings(part) | token)
    database = {"MQTTOWN_POSTGRES_PASSWORD": password, "MQTTOWN_POSTGRES_PORT": str(ports["--postgres-port"])}
    _write(folder / "postgres.env", database)
    _watch(data, metrics, str(ports["--http-port"]), grafana)
    _write(
        folder / ".env",
        {"RUN": str(folder.absolute()), **{name.strip("-").replace("-", "_").upper(): str(port) for name, port in ports.items()}},
    )
    console.print(
        f"{about['name']} is ready to run: docker compose --env-file {folder / '.env'} -f docker/compose.yaml up", markup=False
    )


def _settings(part: Part) -> dict[str, str]:
    """A part's settings, as they are inside its container."""
    given = dict(part.settings)
    given["MQTTOWN_DATA"] = DATA
    given["MQTTOWN_TOWN_FILE"] = f"{CONFIG}/town.json"
    if "MQTTOWN_RULES_FILE" in given:
        given["MQTTOWN_RULES_FILE"] = f"{CONFIG}/rules.json"
    if "MQTTOWN_PROMPTS" in given:
        given["MQTTOWN_PROMPTS"] = f"{CONTENT}/prompts"
    if part.name != "gate":
        given["MQTTOWN_MQTT_HOST"] = "gate"
    if part.name == "dashboard":
        given["MQTTOWN_PUBLIC_HOST"] = "127.0.0.1"
    return given


def _compiled(data: DataFolder, made_from: dict[str, Any]) -> dict[str, Any]:
    """Compile the town, unless it is there; what is told about it."""
    if not data.is_founded():
        wanted = [made_from["town"], str(made_from["residents"]), str(made_from["seed"]), str(data.town_file), str(data.rules_file)]
        done = subprocess.run([sys.executable, "-m", "mqttown_cli.content", *wanted], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            fail(done.stdout.strip() or done.stderr.strip() or "the town can't be read")
        data.write_about({**json.loads(done.stdout), "made_from": made_from})
    config = data.path / "config"
    config.mkdir(exist_ok=True)
    for name, file in (("town.json", data.town_file), ("rules.json", data.rules_file)):
        (config / name).write_bytes(file.read_bytes())
        (config / name).chmod(0o644)
    config.chmod(0o755)
    return data.about()


def _watch(data: DataFolder, token: str, http_port: str, password: str) -> None:
    """What Prometheus and Grafana need, if they are brought up too: where the numbers are, and what opens them."""
    folder = data.path / "metrics"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    for name, text in (("token", token), ("targets.json", json.dumps([{"targets": [f"dashboard:{http_port}"]}]))):
        (folder / name).write_text(text, encoding="ascii")
        (folder / name).chmod(0o644)  # their containers run as other users
    _write(data.path / "grafana.env", {"GF_SECURITY_ADMIN_PASSWORD": password, "GF_USERS_ALLOW_SIGN_UP": "false"})


def _secret(data: DataFolder, name: str) -> str:
    """A secret of this folder; made once."""
    file = data.path / name
    if not file.exists():
        file.touch(mode=SECRET)
        file.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return file.read_text(encoding="ascii")


def _write(file: Path, settings: dict[str, str]) -> None:
    file.touch(mode=SECRET)
    file.chmod(SECRET)
    file.write_text("".join(f"{name}='{value}'\n" for name, value in sorted(settings.items())), encoding="utf-8")
