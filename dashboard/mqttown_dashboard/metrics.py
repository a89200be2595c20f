"""Prometheus text from the orchestrator's own numbers and this process's."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from mqttown_dashboard.state import State

__all__ = ["exposition"]

GAUGES: Final = {
    "messages_per_second": ("mqttown_messages_per_second", "Messages through the orchestrator, both ways."),
    "messages_in_per_second": ("mqttown_messages_in_per_second", "Messages to the orchestrator."),
    "messages_out_per_second": ("mqttown_messages_out_per_second", "Messages from the orchestrator."),
    "agents": ("mqttown_agents", "Agents in the town."),
}


class _Town(Collector):
    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Make every metric from the latest numbers; what was not told is left out."""
        told = self._state.mirror.metrics
        yield GaugeMetricFamily("mqttown_tick", "Steps of the world so far.", value=self._state.mirror.clock.tick)
        yield GaugeMetricFamily("mqttown_dashboard_watchers", "Open live streams.", value=self._state.hub.watchers)
        yield GaugeMetricFamily(
            "mqttown_dashboard_broker_up", "1 while connected to the broker.", value=float(self._state.ear.connected)
        )
        yield from _labelled(
            GaugeMetricFamily("mqttown_tick_duration_seconds", "Duration of a tick, by quantile.", labels=["quantile"]),
            {f"0.{name[1:]}": value / 1000 for name, value in _numbers(told.get("tick_ms")).items()},
        )
        yield from _labelled(
            GaugeMetricFamily("mqttown_queue_depth", "Entries that wait, by queue.", labels=["queue"]), told.get("queues")
        )
        yield from _labelled(
            CounterMetricFamily("mqttown_verdicts", "Verdicts since the orchestrator's start, by code.", labels=["code"]),
            told.get("verdicts"),
        )
        if isinstance(lag := told.get("journal_lag_ms"), int | float):
            yield GaugeMetricFamily(
                "mqttown_journal_lag_seconds", "From the end of a step to its durable commit.", value=lag / 1000
            )
        for key, (name, meaning) in GAUGES.items():
            if isinstance(told.get(key), int | float):
                yield GaugeMetricFamily(name, meaning, value=told[key])


def exposition(state: State) -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Town(state))
    return generate_latest(registry)


def _labelled(family: GaugeMetricFamily | CounterMetricFamily, values: object) -> Iterator[Metric]:
    numbers = _numbers(values)
    for label in sorted(numbers):
        family.add_metric([label], numbers[label])
    if numbers:
        yield family


def _numbers(values: object) -> dict[str, float]:
    if not isinstance(values, Mapping):
        return {}
    told: Mapping[Any, Any] = values
    return {str(key): value for key, value in told.items() if isinstance(value, int | float)}
