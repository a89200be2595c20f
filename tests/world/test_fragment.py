"""What is kept as JSON takes about as much memory as it has bytes."""

import orjson
import psutil

from mqttown_orchestrator.world.fragment import fragment, trimmed


def test_it_is_the_same_json() -> None:
    row = {"id": "café", "metres": 12.5, "open": None}
    assert trimmed(orjson.dumps(row)) == orjson.dumps(row)
    assert orjson.loads(orjson.dumps({"nearby": [fragment(row), fragment([])]})) == {"nearby": [row, []]}


def test_what_is_kept_is_no_larger_than_it_is() -> None:
    """A row takes some 200 bytes with all that belongs to it; orjson's own result took 4,000."""
    process = psutil.Process()
    before = process.memory_info().rss
    kept = [fragment({"id": f"building-{number}", "name": "Cafe Engel", "kind": "cafe", "open": True}) for number in range(50_000)]
    assert process.memory_info().rss - before < 1_000 * len(kept)
