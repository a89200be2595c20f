"""Why an agent's program ended, in words for its owner."""

import signal
from typing import Final

from mqttown_runtime.sandbox.container import Container
from mqttown_runtime.sandbox.limits import Limits

__all__ = ["epitaph", "parked"]

_LAST_WORDS: Final = 400
"""Characters of its log that are told with the reason."""


def epitaph(container: Container, limits: Limits, log: bytes) -> str:
    """Say why it ended; its last words, cleaned of what a terminal would obey, are told behind it."""
    words = _last_words(log)
    return f"{_why(container, limits)}; it wrote last: {words}" if words else f"{_why(container, limits)}; it wrote nothing"


def parked(reason: str, ends: int) -> str:
    """Say why it is not started any more."""
    return f"it ended {ends} times within ten minutes, so it is not started again until you restart it. The last time {reason}"


def _why(container: Container, limits: Limits) -> str:
    code = container.exit_code
    if container.killed_for_memory:
        return f"it used more than its {limits.memory_mib} MiB of memory and was ended"
    if code == 0:
        return "its program came to an end by itself (exit code 0), while a resident's goes on until it is stopped"
    if code in {126, 127}:
        return f"its program could not be started (exit code {code}): is the file there, and is it one that Python runs?"
    if code > 128 and code - 128 in set(signal.Signals):
        return f"its program was ended by {signal.Signals(code - 128).name} (exit code {code})"
    return f"its program ended with exit code {code}"


def _last_words(log: bytes) -> str:
    text = log.decode("utf-8", errors="replace")
    lines = ["".join(letter if letter.isprintable() else " " for letter in line).strip() for line in text.splitlines()]
    return " / ".join(line for line in lines if line)[-_LAST_WORDS:]
