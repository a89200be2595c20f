"""Spans for OpenTelemetry: each tick with its phases, and each action that carries a trace. Off unless a collector is named."""

import os
import re
import time
from collections.abc import Mapping
from typing import Any, Final

import structlog

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
        provider: of tracers; an `opentelemetry.sdk.trace.TracerProvider`.
    """

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("mqttown")
        self._epoch = time.time_ns() - time.perf_counter_ns()
        self._arrivals = time.time_ns() - time.monotonic_ns()
        self._decided: list[tuple[Undecided, str, str]] = []

    @classmethod
    def from_environment(cls) -> "Telemetry | None":
        """Export to the collector that the environment names; None where it names none.

        Raises:
            ModuleNotFoundError: it names one, but the extra `otel` is not installed.
        """
        if not os.environ.get(ENDPOINT):
            return None
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
        """Export a tick and what was decided in it.

        Args:
            tick: which.
            began: seconds of `time.perf_counter` at its beginning.
            stepped: after the world's step.
            kept: after the commit.
            told: after publishing.
        """
        from opentelemetry import trace  # noqa: PLC0415  an extra

        attributes = {"mqttown.tick": tick, "mqttown.traced_actions": len(self._decided)}
        whole = self._tracer.start_span("tick", start_time=self._at(began), attributes=attributes)
        inside = trace.set_span_in_context(whole)
        for name, begin, end in (("step", began, stepped), ("commit", stepped, kept), ("publish", kept, told)):
            self._tracer.start_span(name, context=inside, start_time=self._at(begin)).end(self._at(end))
        whole.end(self._at(told))
        decided, self._decided = self._decided, []
        for sent, agent, status in decided:
            self._action(sent, agent, status, tick, self._at(told))

    def close(self) -> None:
        """Export what is left."""
        self._provider.shutdown()

    def _action(self, sent: Undecided, agent: str, status: str, tick: int, end: int) -> None:
        from opentelemetry import trace  # noqa: PLC0415  an extra

        parent = _PARENT.fullmatch(sent.traceparent or "")
        if parent is None:
            return
        flags = trace.TraceFlags(int(parent[3], 16))
        context = trace.SpanContext(int(parent[1], 16), int(parent[2], 16), is_remote=True, trace_flags=flags)
        if not context.is_valid:
            return
        attributes: dict[str, str | int] = {"mqttown.agent": agent, "mqttown.action_id": sent.id, "mqttown.action": sent.action}
        attributes |= {"mqttown.status": status, "mqttown.tick": tick}
        around = trace.set_span_in_context(trace.NonRecordingSpan(context))
        start = self._arrivals + int(sent.arrived * _NANO)
        self._tracer.start_span("action", context=around, start_time=start, attributes=attributes).end(end)
        _log.info("action", trace_id=parent[1], agent=agent, action_id=sent.id, action=sent.action, status=status, tick=tick)

    def _at(self, seconds: float) -> int:
        return self._epoch + int(seconds * _NANO)
