"""The process: starting, being told wrong settings, stopping while somebody watches, what it needs of memory."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from mqttown_contract import topics


@pytest.fixture
def another(dashboard_environment: dict[str, str], other_broker_port: int) -> Any:
    """Start further dashboards with changed settings; they end with the test."""
    running: list[subprocess.Popen[str]] = []

    def start(**changes: str) -> subprocess.Popen[str]:
        environment = {**os.environ, **dashboard_environment, "MQTTOWN_MQTT_PORT": str(other_broker_port), **changes}
        process = subprocess.Popen(
            [sys.executable, "-m", "mqttown_dashboard"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def page_of(process: Any) -> str:
    return str(process.stdout.readline().split('"')[3])


def test_it_stops_within_two_seconds_while_somebody_watches(another: Callable[..., Any]) -> None:
    process = another()
    page = page_of(process)
    with httpx.stream("GET", f"{page}api/v1/stream", timeout=10) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: snapshot"
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
        assert time.monotonic() - began < 2
        assert process.returncode in (0, -signal.SIGTERM)


def test_a_taken_port_is_told_with_the_flag_that_changes_it(another: Callable[..., Any]) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        process = another(MQTTOWN_HTTP_PORT=str(port))
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"port {port}" in errors
    assert "--http-port" in errors


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"MQTTOWN_HTTP_PORT": "99999"}, "MQTTOWN_HTTP_PORT"),
        ({"MQTTOWN_OPEN": "1", "MQTTOWN_HOST": "0.0.0.0"}, "--open"),
        ({"MQTTOWN_TOWN_FILE": "/nowhere/town.json"}, "/nowhere/town.json"),
    ],
)
def test_a_wrong_setting_is_told_in_a_sentence(another: Callable[..., Any], wrong: dict[str, str], sentence: str) -> None:
    process = another(**wrong)
    _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert sentence in errors
    assert "Traceback" not in errors


def test_an_open_town_shows_everything_on_this_machine_alone(another: Callable[..., Any]) -> None:
    page = page_of(another(MQTTOWN_OPEN="true"))
    assert httpx.get(f"{page}api/v1/agents/aino/knows").status_code == 200
    assert httpx.get(f"{page}api/v1/agents/aino/knows", headers={"Host": "evil.example"}).status_code == 401


def test_health_and_metrics(stage: Any) -> None:
    told = {
        "tick": 14,
        "tick_ms": {"p50": 2.0, "p95": 4.0, "p99": 9.0},
        "queues": {"inbox": 3},
        "verdicts": {"accepted": 40, "malformed": 1},
        "commit_ms": {"p50": 1.0, "p95": 2.0, "p99": 3.0},
        "messages": {"received": 100, "sent": 900, "received_per_second": 1.5, "sent_per_second": 12.5},
        "journal_lag_ticks": 1,
    }
    stage.publish(topics.service_out("tiny", "orchestrator", "metrics"), told)
    until = time.monotonic() + 10
    text = ""
    while "quantile" not in text and time.monotonic() < until:
        text = httpx.get(f"{stage.page}metrics", headers={"Authorization": "Bearer metrics-token"}).text
    for line in (
        'mqttown_tick_duration_seconds{quantile="0.99"} 0.009',
        'mqttown_queue_depth{queue="inbox"} 3.0',
        'mqttown_verdicts_total{code="accepted"} 40.0',
        'mqttown_messages_per_second{direction="sent"} 12.5',
        'mqttown_messages_total{direction="received"} 100.0',
        'mqttown_tick_phase_duration_seconds{phase="commit",quantile="0.95"} 0.002',
        "mqttown_journal_lag_ticks 1.0",
    ):
        assert line in text
    health = httpx.get(f"{stage.page}healthz")
    assert health.status_code == 200
    assert (health.json()["database"], health.json()["broker"]) == (True, True)


def test_it_is_light_while_nobody_signs_in(another: Callable[..., Any]) -> None:
    process = another()
    httpx.get(f"{page_of(process)}api/v1/town")
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        pytest.skip("this system has no /proc to read the resident memory from")
    kibibytes = int(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS")))
    assert kibibytes / 1024 < 90
