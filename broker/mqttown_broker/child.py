"""A child process that can't outlive us."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

__all__ = ["die_with_parent"]


def die_with_parent() -> Callable[[], None] | None:
    """Have the kernel kill the child when we die, however we die; off Linux our own clean end has to do."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # loaded before the fork
    parent = os.getpid()

    def arm() -> None:
        prctl(1, int(signal.SIGKILL), 0, 0, 0)  # 1 is PR_SET_PDEATHSIG of <linux/prctl.h>
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return arm
