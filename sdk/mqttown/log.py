"""How a process of the town writes its log: a line for people, or a JSON object a line for machines."""

import contextlib
import logging
import os
from typing import Final, TextIO, cast

__all__ = ["SETTING", "as_json", "log_to"]

SETTING: Final = "MQTTOWN_LOG"
"""`json` in this variable of the environment; anything else is for people."""


def as_json() -> bool:
    """Whether logs are for machines."""
    return os.environ.get(SETTING) == "json"


class _Lossy:
    """A stream that takes what there is room for. On a full disk a log loses lines; that must not end a process."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write, if there is room."""
        with contextlib.suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        """Write on, if there is room."""
        with contextlib.suppress(OSError):
            self._stream.flush()


def log_to(stream: TextIO) -> None:
    """Have structlog write to a stream; as JSON, what libraries log by the standard library goes there in the same form."""
    import structlog  # noqa: PLC0415  the town's own processes have it; a stranger's agent needs none

    stream = cast("TextIO", _Lossy(stream))
    if not as_json():
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(stream))
        return
    told: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
    ]
    shown = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(processors=[*told, shown], logger_factory=structlog.PrintLoggerFactory(stream))
    handler = logging.StreamHandler(stream)
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[meta, shown], foreign_pre_chain=told))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
