"""A tick as the journal keeps it: rows, and the hashes that a replay is compared with."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import orjson

from mqttown_contract.events import Event
from mqttown_orchestrator.citizens import Undecided
from mqttown_orchestrator.journal import TickRecord
from mqttown_orchestrator.narration import public_json
from mqttown_orchestrator.world.inputs import Input
from mqttown_orchestrator.world.turn import Happened

__all__ = ["hash_bytes", "hash_happened", "tick_record", "write_events", "write_inputs"]


def hash_bytes(*parts: bytes) -> str:
    """BLAKE2b, 64 hexadecimal digits."""
    return blake2b(b"\n".join((*parts, b"")), digest_size=32).hexdigest()


def write_inputs(inputs: Sequence[Input]) -> bytes:
    """Inputs of a tick as JSON."""
    return orjson.dumps([entry.to_json() for entry in inputs])


def write_events(events: Sequence[Event]) -> list[bytes]:
    """Events of a tick, each as JSON."""
    return [public_json(event) for event in events]


def hash_happened(happened: Happened, written: Sequence[bytes]) -> str:
    """Hash over all events and all verdicts of a tick; `written` are the events as JSON."""
    verdicts = [orjson.dumps(decision) for decision in happened.verdicts]
    answers = orjson.dumps(happened.answers)
    return hash_bytes(*written, *verdicts, answers)


def tick_record(
    happened: Happened, inputs: bytes, written: Sequence[bytes], known: Mapping[tuple[str, str], Undecided], step_ms: float
) -> TickRecord:
    """All that the journal keeps of a tick.

    Args:
        happened: what the world said.
        inputs: what it was given, as JSON.
        written: its events as JSON.
        known: what came from the wire, by agent and action id.
        step_ms: how long the world took.
    """
    return TickRecord(
        tick=happened.tick,
        inputs=inputs,
        inputs_hash=hash_bytes(inputs),
        events_hash=hash_happened(happened, written),
        wall=datetime.now(UTC),
        step_ms=step_ms,
        events=[_event_row(n, event) for n, event in enumerate(happened.events)],
        actions=_action_rows(happened, known),
    )


def _event_row(n: int, event: Event) -> tuple[Any, ...]:
    where = (event.kind, event.district, event.building, event.agent)
    return n, event.id, *where, event.action_id, event.cause, event.about, event.witnesses, orjson.dumps(event.data)


def _action_rows(happened: Happened, known: Mapping[tuple[str, str], Undecided]) -> list[tuple[Any, ...]]:
    rows = []
    for decision in happened.verdicts:
        sent, no = known[decision.agent, decision.id], decision.refusal
        asked = (sent.action, orjson.dumps(sent.parameters), sent.observation_id, sent.reasoning)
        why = (None, None, None) if no is None else (no.code.value, no.detail, no.path)
        rows.append((decision.agent, decision.id, *asked, decision.status, *why, list(decision.events), sent.traceparent))
    return rows
