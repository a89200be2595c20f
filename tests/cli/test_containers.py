"""`docker/compose.yaml` and what `mqttown compose` writes for it: each process alone, confined, and with its own secrets only."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker" / "compose.yaml"
MODULES = {
    "gate": "mqttown_broker",
    "orchestrator": "mqttown_orchestrator",
    "memory": "mqttown_memory",
    "host-1": "mqttown_runtime",
    "gateway": "mqttown_runtime.gateway",
    "dashboard": "mqttown_dashboard",
}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(YAML(typ="safe", pure=True).load(FILE)["services"])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, written."""
    folder = tmp_path_factory.mktemp("compose") / "run"
    options = ["--folder", str(folder), "--residents", "2", "--http-port", "0", "--mqtt-port", "0", "--ws-port", "0"]
    subprocess.run([Path(sys.executable).with_name("mqttown"), "compose", *options], check=True, stdout=subprocess.DEVNULL)
    return folder


def settings(file: Path) -> dict[str, str]:
    lines = (line.partition("=") for line in file.read_text(encoding="utf-8").splitlines())
    return {name: value.strip("'") for name, _, value in lines}


def test_every_process_has_a_container_of_its_own_that_may_do_little(services: dict[str, Any]) -> None:
    ours = {name: service for name, service in services.items() if "profiles" not in service}
    assert set(ours) == {"postgres", *MODULES}
    for name, service in services.items():
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["cap_drop"] == ["ALL"], name
        assert not any("docker.sock" in volume for volume in service.get("volumes", ()))
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
    for name, service in ours.items():
        if name in MODULES:
            assert service["command"] == ["python3", "-m", MODULES[name]]
        assert service["read_only"], name
        assert not {"privileged", "network_mode", "pid", "devices", "user"} & set(service)


def test_each_gets_the_settings_of_its_process_and_its_own_secrets_alone(services: dict[str, Any], run: Path) -> None:
    for name, service in services.items():
        if name == "prometheus":
            continue
        assert service["env_file"][0].endswith(f"/{name}.env")
        assert (run / f"{name}.env").stat().st_mode & 0o077 == 0
    keys = {name: settings(run / f"{name}.env").get("MQTTOWN_SERVICE_KEY", "") for name in MODULES}
    for name in MODULES:
        text = (run / f"{name}.env").read_text(encoding="utf-8")
        foreign = [other for other, key in keys.items() if other != name and key and key in text]
        assert foreign == ([] if name != "gate" else [other for other in keys if keys[other]]), name
    told = settings(run / "gate.env")
    assert set(json.loads(told["MQTTOWN_SERVICE_KEYS"])) >= {"orchestrator", "memory", "dashboard", "host-1", "gateway"}
    assert settings(run / "orchestrator.env")["MQTTOWN_MQTT_HOST"] == "gate"
    assert "@postgres:5432/" in settings(run / "memory.env")["MQTTOWN_DATABASE"]
    assert "MQTTOWN_OPERATOR_TOKEN" not in settings(run / "host-1.env")


def test_prometheus_is_given_where_the_numbers_are_and_what_opens_them(services: dict[str, Any], run: Path) -> None:
    token = (run / "metrics" / "token").read_text(encoding="ascii")
    assert settings(run / "dashboard.env")["MQTTOWN_METRICS_TOKEN"] == token
    assert len(token) >= 32
    assert run.stat().st_mode & 0o077 == 0, "nobody else on this machine reads it"
    told = json.loads((run / "metrics" / "targets.json").read_text(encoding="ascii"))
    assert told == [{"targets": [f"dashboard:{settings(run / '.env')['HTTP_PORT']}"]}]
    assert "${RUN}/metrics:/run/mqttown:ro" in services["prometheus"]["volumes"]
    for name in ("prometheus", "grafana"):
        for volume in services[name]["volumes"]:
            source = volume.partition(":")[0]
            assert not source.startswith("./") or (FILE.parent / source).exists(), source
    read = YAML(typ="safe", pure=True).load(FILE.parent / "prometheus" / "prometheus.yaml")["scrape_configs"][0]
    assert read["authorization"]["credentials_file"] == "/run/mqttown/token"


def test_writing_it_again_keeps_the_keys(run: Path) -> None:
    before = {file.name: file.read_text(encoding="utf-8") for file in run.glob("*.env")}
    mqtt = settings(run / ".env")
    options = [part for name in ("http", "mqtt", "ws") for part in (f"--{name}-port", mqtt[f"{name.upper()}_PORT"])]
    command = [Path(sys.executable).with_name("mqttown"), "compose", "--folder", str(run), "--residents", "2", *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert {file.name: file.read_text(encoding="utf-8") for file in run.glob("*.env")} == before


def test_compose_itself_takes_the_file(run: Path, missing: Callable[[str], None]) -> None:
    program = shutil.which("docker-compose")
    if program is None:
        missing("docker-compose is not installed; on Debian: apt-get install docker-compose")
    command = [program, "--env-file", str(run / ".env"), "-f", str(FILE), "config", "--quiet"]
    subprocess.run(command, check=True, env={**os.environ, "DOCKER_HOST": "unix:///nowhere"})
