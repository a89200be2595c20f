"""A child process that can't outlive us."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Final

__all__ = ["die_with_parent", "stop"]

_PR_SET_PDEATHSIG: Final = 1
"""Of <linux/prctl.h>."""


def die_with_parent(death: signal.Signals = signal.SIGKILL) -> Callable[[], None] | None:
    """Return a `preexec_fn` that has the kernel send `death` to the child when its parent dies, however it dies.

    The parent is the *thread* that starts the child, so start children from the main thread. None off Linux, where our own clean
    end has to do.
    """
    if sys.platform != "linux":
        return None
    # Loaded before the fork: a child of a process with threads must not allocate.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arm() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death), 0, 0, 0)
        if os.getppid() != parent:  # it died before the kernel was told
            os.kill(os.getpid(), death)

    return arm


async def stop(process: asyncio.subprocess.Process | None, seconds: float) -> None:
    """Stop a child, if it runs: politely, then at once.

    Args:
        process: the child.
        seconds: that it gets for a clean end.
    """
    if process is None or process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(seconds):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
