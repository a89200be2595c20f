"""Starts the orchestrator: settings, logging, the loop."""

import contextlib
import logging
import sys
from typing import TextIO, cast

import structlog
import uvloop

from mqttown_orchestrator.assembly import run
from mqttown_orchestrator.journal import JournalAway, JournalError
from mqttown_orchestrator.settings import Settings
from mqttown_orchestrator.wire import WireDown


class _Lossy:
    """Standard error. On a full disk the log loses lines; that must not end the town."""

    def write(self, text: str) -> None:
        """Write, if there is room."""
        with contextlib.suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        """Write on, if there is room."""
        with contextlib.suppress(OSError):
            sys.stderr.flush()


def main() -> int:
    """Run; 0 is done as asked, 1 may be mended by a new start, 3 may not."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Lossy())))
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    try:
        uvloop.run(run(Settings()))
    except (JournalError, WireDown) as error:
        structlog.get_logger("orchestrator").error("stopped", why=str(error))
        return 3 if isinstance(error, JournalError) and not isinstance(error, JournalAway) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
