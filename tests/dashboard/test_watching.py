"""Grafana's dashboard and the rules of Prometheus: each metric and label they name stands in the exposition of a real dashboard."""

import json
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from mqttown_contract import topics

DOCKER = Path(__file__).parents[2] / "docker"
RULES = DOCKER / "prometheus" / "alerts.yaml"
DASHBOARD = DOCKER / "grafana" / "mqttown.json"
METRIC = re.compile(r"\bmqttown_\w+")
SELECTOR = re.compile(r"\b(mqttown_\w+)\{([^}]*)\}")
GROUPED = re.compile(r"by \((\w+)\) \(rate\((mqttown_\w+)")
TOLD = {
    "tick": 14,
    "tick_ms": {"p50": 2.0, "p95": 4.0, "p99": 9.0},
    "step_ms": {"p50": 1.0, "p95": 2.0, "p99": 3.0},
    "queues": {"inbox": 3},
    "verdicts": {"accepted": 40, "malformed": 1},
    "dropped": {"flood": 2},
    "messages": {"received": 100, "sent": 900, "received_per_second": 1.5, "sent_per_second": 12.5},
    "agents": 4,
    "online": 3,
    "journal_lag_ticks": 1,
}
"""As the orchestrator tells it; a town's own orchestrator tells the same."""


@pytest.fixture(scope="module")
def told(stage: Any) -> dict[str, set[str]]:
    """Metrics that a dashboard tells, with their labels."""
    stage.publish(topics.service_out("tiny", "orchestrator", "metrics"), TOLD)
    end = time.monotonic() + 20
    while True:
        text = httpx.get(f"{stage.page}metrics", headers={"Authorization": "Bearer metrics-token"}).text
        if "mqttown_dropped_total{" in text:
            break
        assert time.monotonic() < end, text
        time.sleep(0.02)
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def expressions() -> list[str]:
    """All that is asked of Prometheus."""
    rules = [rule["expr"] for group in YAML(typ="safe", pure=True).load(RULES)["groups"] for rule in group["rules"]]
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return rules + [target["expr"] for panel in panels for target in panel["targets"]]


def test_every_metric_and_label_that_is_named_is_told(told: dict[str, set[str]]) -> None:
    named = {name for expression in expressions() for name in METRIC.findall(expression)}
    assert named - set(told) == set()
    for expression in expressions():
        for name, inside in SELECTOR.findall(expression):
            assert set(re.findall(r"(\w+)[=!]", inside)) <= told[name], expression
        for label, name in GROUPED.findall(expression):
            assert label in told[name], expression


def test_every_metric_is_shown_or_watched(told: dict[str, set[str]]) -> None:
    named = {name for expression in expressions() for name in METRIC.findall(expression)}
    # The count of messages is there for whoever wants it; the picture shows the rate, which the orchestrator tells itself.
    assert set(told) - named == {"mqttown_messages_total"}


def test_legends_name_labels_that_are_there(told: dict[str, set[str]]) -> None:
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        for target in panel["targets"]:
            names = METRIC.findall(target["expr"])
            labels = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert labels <= set().union(*(told[name] for name in names)), panel["title"]


def test_every_alert_says_how_grave_it_is_and_what_it_is() -> None:
    for group in YAML(typ="safe", pure=True).load(RULES)["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"critical", "warning", "info"}, rule["alert"]
            assert rule["annotations"]["summary"], rule["alert"]
