"""Spans reach a collector over HTTP; without one nothing is loaded."""

import asyncio
import http.server
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


class Collector(http.server.BaseHTTPRequestHandler):
    """Keeps what is posted."""

    posted: queue.Queue[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.posted.put((self.path, body))
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[tuple[str, queue.Queue[tuple[str, bytes]]]]:
    """URL of a collector on this machine, and what it gets."""
    posted: queue.Queue[tuple[str, bytes]] = queue.Queue()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Kept", (Collector,), {"posted": posted}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", posted
    server.shutdown()
    server.server_close()
    thread.join()


async def test_ticks_and_traced_actions_are_exported(
    orchestrator: Any, collector: Any, missing: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: PLC0415
    except ImportError:
        missing("the extra otel is not installed")
    url, posted = collector
    orchestrator.environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    await mira.hello()
    assert (await mira.act("traced", "say", {"text": "Who hears me?"}, traceparent=PARENT))["traceparent"] == PARENT
    await mira.act("plain", "wait")
    await mira.act("odd", "wait", traceparent="00-no-trace-01")
    words = await orchestrator.stop()
    spans = []
    while not posted.empty():
        path, body = await asyncio.to_thread(posted.get)
        assert path == "/v1/traces"
        asked = ExportTraceServiceRequest.FromString(body)
        spans += [span for resource in asked.resource_spans for scope in resource.scope_spans for span in scope.spans]
    names = {span.name for span in spans}
    assert {"tick", "step", "commit", "publish", "action"} <= names
    (action,) = [span for span in spans if span.name == "action"]
    assert action.trace_id.hex() == TRACE
    assert action.parent_span_id.hex() == "b7ad6b7169203331"
    attributes = {one.key: one.value.string_value or one.value.int_value for one in action.attributes}
    assert attributes["mqttown.action_id"] == "traced"
    assert attributes["mqttown.status"] == "accepted"
    assert action.start_time_unix_nano < action.end_time_unix_nano
    tick = next(span for span in spans if span.name == "tick")
    parts = [span for span in spans if span.parent_span_id == tick.span_id]
    assert {span.name for span in parts} == {"step", "commit", "publish"}
    assert TRACE in words, "the log carries it too"


async def test_a_log_for_machines_has_every_line_as_json_and_traced_actions(orchestrator: Any) -> None:
    orchestrator.environment |= {"MQTTOWN_LOG": "json"}
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    seen = await mira.hello()
    assert (await mira.act("one", "say", {"text": "Who hears me?"}, traceparent=PARENT))["status"] == "accepted"
    refused = await mira.act("two", "move_to", {"to": "atlantis"}, traceparent=seen["traceparent"])
    assert refused["code"] == "not_possible"
    lines = [json.loads(line) for line in (await orchestrator.stop()).splitlines()]
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines), lines
    actions = {line["action_id"]: line for line in lines if line["event"] == "action"}
    assert actions["one"].items() >= {"trace_id": TRACE, "agent": "mira", "action": "say", "status": "accepted"}.items()
    assert actions["two"].items() >= {"trace_id": seen["traceparent"].split("-")[1], "status": "not_possible"}.items()
    assert "Who hears me?" not in json.dumps(lines), "a log tells no words"


def test_without_a_collector_nothing_of_it_is_loaded() -> None:
    code = (
        "import sys; from mqttown_orchestrator.telemetry import Telemetry; import mqttown_orchestrator.assembly; "
        "assert Telemetry.from_environment() is None; assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PATH": "/usr/bin"})
