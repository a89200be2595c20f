"""Prometheus text from the orchestrator's own numbers and this process's."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from mqttown_dashboard.state import State

__all__ = ["exposition"]

GAUGES: Final = {
    "agents": ("mqttown_agents", "Agents in the town."),
    "online": ("mqttown_agents_online", "Agents that are there."),
    "journal_lag_ticks": ("mqttown_journal_lag_ticks", "Ticks that are stepped and not yet durable."),
}
PHASE: Final = "_ms"
"""Ending of the keys that hold percentiles of a phase of a tick; `tick_ms` is the whole."""


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
        yield from _durations(told)
        yield from _labelled(
            GaugeMetricFamily("mqttown_queue_depth", "Entries that wait, by queue.", labels=["queue"]), told.get("queues")
        )
        yield from _labelled(
            CounterMetricFamily("mqttown_verdicts", "Verdicts since the orchestrator's start, by code.", labels=["code"]),
            told.get("verdicts"),
        )
        yield from _labelled(
            CounterMetricFamily(
                "mqttown_dropped", "Messages left unanswered since the orchestrator's start, by reason.", labels=["reason"]
            ),
            told.get("dropped"),
        )
        messages = _numbers(told.get("messages"))
        rates = {name.removesuffix("_per_second"): value for name, value in messages.items() if name.endswith("_per_second")}
        totals = {name: value for name, value in messages.items() if name in rates}
        yield from _labelled(
            GaugeMetricFamily(
                "mqttown_messages_per_second", "Messages of the orchestrator in the last second.", labels=["direction"]
            ),
            rates,
        )
        yield from _labelled(
            CounterMetricFamily("mqttown_messages", "Messages since the orchestrator's start.", labels=["direction"]), totals
        )
        for key, (name, meaning) in GAUGES.items():
            if isinstance(told.get(key), int | float):
                yield GaugeMetricFamily(name, meaning, value=told[key])


def _durations(told: Mapping[str, Any]) -> Iterator[Metric]:
    """Percentiles of the whole tick, and of each of its phases."""
    whole = GaugeMetricFamily("mqttown_tick_duration_seconds", "Duration of a tick, by quantile.", labels=["quantile"])
    phases = GaugeMetricFamily(
        "mqttown_tick_phase_duration_seconds", "Duration of a phase of a tick.", labels=["phase", "quantile"]
    )
    for key in sorted(key for key in told if key.endswith(PHASE)):
        phase = key.removesuffix(PHASE)
        for percentile, milliseconds in _numbers(told[key]).items():
            labels = [f"0.{percentile.removeprefix('p')}"]
            (whole if phase == "tick" else phases).add_metric(labels if phase == "tick" else [phase, *labels], milliseconds / 1000)
    yield from (family for family in (whole, phases) if family.samples)


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
