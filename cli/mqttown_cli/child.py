"""How a child of ours is started without root, where root is refused."""

import ctypes
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mqttown_broker.child import die_with_parent

__all__ = ["as_nobody", "give_to_nobody"]

NOBODY: Final = 65_534
_PR_SET_KEEPCAPS: Final = 8
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2
_CAP_DAC_READ_SEARCH: Final = 2
_CAPABILITY_VERSION_3: Final = 0x2008_0522


def as_nobody(death: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` that drops root for the user `nobody`, then arms `die_with_parent`.

    PostgreSQL refuses to run as root. The checkout may lie under a folder that only root may enter, like `/root`, so the one
    capability to pass through folders is kept, and nothing else. A change of user clears the death signal: hence the order.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    arm = die_with_parent(death)
    bit = 1 << _CAP_DAC_READ_SEARCH
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    # effective, permitted, inheritable; twice, for the low and the high 32 capabilities
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)

    def drop() -> None:
        os.setgroups([])
        os.setgid(NOBODY)
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setuid(NOBODY)
        if libc.capset(header, sets) == 0:
            libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_READ_SEARCH, 0, 0)
        if arm is not None:
            arm()

    return drop


def give_to_nobody(folder: Path) -> None:
    """Make `nobody` the owner of a folder; only root can, and only root needs to."""
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
