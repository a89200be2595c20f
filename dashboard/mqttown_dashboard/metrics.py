"""Prometheus text from the orchestrator's own numbers, this process's, and what waits for an operator."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from asyncpg.exceptions import InterfaceError, PostgresError
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from mqttown_dashboard.state import State

__all__ = ["Kept", "exposition", "kept"]

GAUGES: Final = {
    "agents": ("mqttown_agents", "Agents in the town."),
    "online": ("mqttown_agents_online", "Agents that are there."),
    "journal_lag_ticks": ("mqttown_journal_lag_ticks", "Ticks that are stepped and not yet durable."),
}
PHASE: Final = "_ms"
"""Ending of the keys that hold percentiles of a phase of a tick; `tick_ms` is the whole."""


MICRO: Final = 1e-6
"""The ledger counts money in millionths of a unit."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database tells.

    Attributes:
        there: whether it answers.
        waiting: how many wait for an operator, by what they are.
        spent: millionths of a unit of money and tokens that models have cost today (UTC); None without a gateway.
    """

    there: bool
    waiting: Mapping[str, int]
    spent: tuple[int, int] | None


async def kept(state: State) -> Kept:
    """Ask the database; numbers for whoever watches must come without it, too."""
    try:
        waiting = await state.review.waiting()
        return Kept(there=True, waiting=waiting, spent=await state.spending.today() if await state.spending.there() else None)
    except (OSError, PostgresError, InterfaceError) as error:
        log.warning("the database does not answer", error=str(error))
        return Kept(there=False, waiting={}, spent=None)


class _Town(Collector):
    def __init__(self, state: State, told: Kept) -> None:
        self._state = state
        self._kept = told

    def collect(self) -> Iterator[Metric]:
        """Make every metric from the latest numbers; what was not told is left out."""
        told = self._state.mirror.metrics
        clock = self._state.mirror.clock
        yield GaugeMetricFamily("mqttown_tick", "Steps of the world so far.", value=clock.tick)
        online = clock.status == "online"
        yield GaugeMetricFamily("mqttown_online", "1 while the orchestrator is there.", value=float(online))
        runs = float(online and clock.state == "running")
        yield GaugeMetricFamily("mqttown_running", "1 while town time passes.", value=runs)
        yield GaugeMetricFamily("mqttown_speed", "Town seconds a real second; 0 is as fast as it can.", value=clock.speed)
        yield from _operation(self._kept)
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


def _operation(told: Kept) -> Iterator[Metric]:
    """What concerns operators, and whether it is known."""
    yield GaugeMetricFamily("mqttown_dashboard_database_up", "1 while the database answers.", value=float(told.there))
    yield from _labelled(GaugeMetricFamily("mqttown_waiting", "What waits for an operator.", labels=["what"]), told.waiting)
    if told.spent is not None:
        money, tokens = told.spent
        yield GaugeMetricFamily("mqttown_model_money_today", "Units of money for models today, UTC.", value=money * MICRO)
        yield GaugeMetricFamily("mqttown_model_tokens_today", "Tokens of models today, UTC.", value=tokens)


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


def exposition(state: State, told: Kept) -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Town(state, told))
    return generate_latest(registry)


def _labelled(family: GaugeMetricFamily | CounterMetricFamily, values: object) -> Iterator[Metric]:
    numbers = _numbers(values)
    for label in sorted(numbers):
        family.add_metric([label], numbers[label])
    yield family


def _numbers(values: object) -> dict[str, float]:
    if not isinstance(values, Mapping):
        return {}
    told: Mapping[Any, Any] = values
    return {str(key): value for key, value in told.items() if isinstance(value, int | float)}
