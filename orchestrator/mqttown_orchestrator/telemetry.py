"""Traces: spans of ticks and traced actions for OpenTelemetry if a collector is named, and the actions in the log if it is JSON."""

import os
import re
import time
from collections.abc import Mapping
from typing import Any, Final

import structlog

from mqttown.log import as_json
from mqttown_orchestrator.citizens import Undecided
from mqttown_orchestrator.world.turn import Happened

__all__ = ["ENDPOINT", "Telemetry"]

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""The environment's own name for the collector's URL, by OpenTelemetry's specification of exporters."""
_PARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
"""W3C Trace Context, version 00."""
_NANO: Final = 1_000_000_000
_log = structlog.get_logger("orchestrator.trace")


class Telemetry:
    """Hands spans to a thread that exports them; the tick waits for nothing.

    Use `from_environment`.

    Args:
        provider: of tracers; an `opentelemetry.sdk.trace.TracerProvider`. None for the log alone.
    """

    def __init__(self, provider: Any | None) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("mqttown") if provider is not None else None
        self._epoch = time.time_ns() - time.perf_counter_ns()
        self._arrivals = time.time_ns() - time.monotonic_ns()
        self._decided: list[tuple[Undecided, str, str]] = []

    @classmethod
    def from_environment(cls) -> "Telemetry | None":
        """Export to the collector that the environment names, and log; None where it names none and the log is for people.

        Raises:
            ModuleNotFoundError: it names one, but the extra `otel` is not installed.
        """
        if not os.environ.get(ENDPOINT):
            return cls(None) if as_json() else None
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        provider = TracerProvider(resource=Resource.create({"service.name": "mqttown-orchestrator"}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def decided(self, happened: Happened, known: Mapping[tuple[str, str], Undecided]) -> None:
        """Take note of the traced actions of a tick."""
        for decision in happened.verdicts:
            sent = known.get((decision.agent, decision.id))
            if sent is not None and sent.traceparent is not None:
                status = decision.status if decision.refusal is None else decision.refusal.code.value
                self._decided.append((sent, decision.agent, status))

    def ticked(self, tick: int, began: float, stepped: float, kept: float, told: float) -> None:
        """Export a tick, and tell what was decided in it.

        Args:
            tick: which.
            began: seconds of `time.perf_counter` at its beginning.
            stepped: after the world's step.
            kept: after the commit.
            told: after publishing.
        """
        decided, self._decided = self._decided, []
        if self._tracer is not None:
            self._spans(tick, len(decided), (began, stepped, kept, told))
        for sent, agent, status in decided:
            parent = _PARENT.fullmatch(sent.traceparent or "")
            if parent is not None and (self._tracer is None or self._action(parent, sent, agent, status, tick, self._at(told))):
                _log.info(
                    "action", trace_id=parent[1], agent=agent, action_id=sent.id, action=sent.action, status=status, tick=tick
                )

    def close(self) -> None:
        """Export what is left."""
        if self._provider is not None:
            self._provider.shutdown()

    def _spans(self, tick: int, actions: int, times: tuple[float, float, float, float]) -> None:
        """Export a tick with its phases."""
        from opentelemetry import trace  # noqa: PLC0415  an extra

        tracer: Any = self._tracer
        whole = tracer.start_span(
            "tick", start_time=self._at(times[0]), attributes={"mqttown.tick": tick, "mqttown.traced_actions": actions}
        )
        inside = trace.set_span_in_context(whole)
        for name, begin, end in zip(("step", "commit", "publish"), times, times[1:], strict=False):
            tracer.start_span(name, context=inside, start_time=self._at(begin)).end(self._at(end))
        whole.end(self._at(times[-1]))

    def _action(self, parent: re.Match[str], sent: Undecided, agent: str, status: str, tick: int, end: int) -> bool:
        """Export an action; False if its trace is none."""
        from opentelemetry import trace  # noqa: PLC0415  an extra

        flags = trace.TraceFlags(int(parent[3], 16))
        context = trace.SpanContext(int(parent[1], 16), int(parent[2], 16), is_remote=True, trace_flags=flags)
        if not context.is_valid:
            return False
        attributes: dict[str, str | int] = {"mqttown.agent": agent, "mqttown.action_id": sent.id, "mqttown.action": sent.action}
        attributes |= {"mqttown.status": status, "mqttown.tick": tick}
        around = trace.set_span_in_context(trace.NonRecordingSpan(context))
        start = self._arrivals + int(sent.arrived * _NANO)
        tracer: Any = self._tracer
        tracer.start_span("action", context=around, start_time=start, attributes=attributes).end(end)
        return True

    def _at(self, seconds: float) -> int:
        return self._epoch + int(seconds * _NANO)
