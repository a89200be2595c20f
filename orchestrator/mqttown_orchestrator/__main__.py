"""Starts the orchestrator: settings, logging, the loop."""

import logging
import sys

import structlog
import uvloop

from mqttown.log import log_to
from mqttown.process import FAILED, UNMENDABLE
from mqttown_orchestrator.assembly import run
from mqttown_orchestrator.journal import JournalAway, JournalError
from mqttown_orchestrator.settings import Settings
from mqttown_orchestrator.wire import WireDown


def main() -> int:
    """Run until told to stop; return the exit code."""
    log_to(sys.stderr)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    try:
        uvloop.run(run(Settings()))
    except (JournalError, WireDown) as error:
        structlog.get_logger("orchestrator").error("stopped", why=str(error))
        return UNMENDABLE if isinstance(error, JournalError) and not isinstance(error, JournalAway) else FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
