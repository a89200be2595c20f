"""What the orchestrator tells about itself, once a second."""

import time
from collections import Counter, deque
from typing import Any, Final

__all__ = ["PHASES", "Metrics"]

_KEPT: Final = 600
"""Ticks over which durations are told."""
PHASES: Final = ("tick", "step", "journal", "verdicts", "observations", "public", "publish")
"""Of a tick: the whole of it, its parts in their order, and the last three together."""


class Metrics:
    """Counters since the start, and durations of the newest ticks.

    Attributes:
        verdicts: by code, `accepted` for none.
        dropped: payloads without a verdict, by reason.
        received, sent: MQTT messages.
    """

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.received = 0
        self.sent = 0
        self._phases: dict[str, deque[float]] = {name: deque(maxlen=_KEPT) for name in PHASES}
        self._newest: deque[float] = deque(maxlen=_KEPT)
        self._last = (time.monotonic(), 0, 0)

    def took(self, phase: str, seconds: float) -> None:
        """A phase of a tick has taken so long."""
        self._phases[phase].append(seconds * 1000)

    def told_by(self, seconds: float) -> None:
        """All of a tick was told so long after it was due."""
        self._newest.append(round(seconds * 1000, 3))

    def told(self, queues: dict[str, int], **facts: Any) -> dict[str, Any]:
        """The figures as they go over the wire; rates are since the last call.

        Args:
            queues: lengths of queues, by name.
            facts: what else is to be told.
        """
        now = time.monotonic()
        then, received, sent = self._last
        self._last = (now, self.received, self.sent)
        newest = list(self._newest)
        self._newest.clear()
        passed = max(now - then, 1e-9)
        return {
            **facts,
            **{f"{phase}_ms": _percentiles(list(kept)) for phase, kept in self._phases.items()},
            "newest_ms": newest,
            "queues": queues,
            "verdicts": dict(sorted(self.verdicts.items())),
            "dropped": dict(sorted(self.dropped.items())),
            "messages": {
                "received": self.received,
                "sent": self.sent,
                "received_per_second": round((self.received - received) / passed, 1),
                "sent_per_second": round((self.sent - sent) / passed, 1),
            },
        }


def _percentiles(values: list[float]) -> dict[str, float]:
    """Nearest-rank percentiles, milliseconds."""
    values.sort()
    if not values:
        return {"p50": 0.0, "p95": 0.0, "p99": 0.0}
    return {f"p{rank}": round(values[min(len(values) - 1, len(values) * rank // 100)], 3) for rank in (50, 95, 99)}
