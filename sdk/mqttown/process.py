"""What the town's processes have in common: each says that it is ready, ends when it is told to, and says what went wrong."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Coroutine, Iterator, Mapping
from typing import Any, Final

__all__ = ["FAILED", "UNMENDABLE", "leaves", "say_ready", "until_told"]

FAILED: Final = 1
"""Exit code of a process that a new start may mend."""
UNMENDABLE: Final = 3
"""Exit code where a new start is of no use: wrong settings, or another process that has taken over."""


def say_ready(facts: Mapping[str, Any]) -> None:
    """Tell whoever started this process that it serves: one line `ready {json}` on standard output.

    Args:
        facts: what else to tell, like ports.
    """
    sys.stdout.write(f"ready {json.dumps(facts)}\n")
    sys.stdout.flush()


async def until_told(work: Coroutine[Any, Any, None], name: str) -> None:
    """Do the work until it is done, or cancel it on SIGTERM or SIGINT and wait for its end.

    Args:
        work: of this process; run in the main thread.
        name: of its task.
    """
    task = asyncio.create_task(work, name=name)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The errors themselves in a group, however deep its groups lie in each other."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error
