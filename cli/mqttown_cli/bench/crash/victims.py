"""Who can be killed in a running town, and how each is found."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final

import psutil

__all__ = ["VICTIMS", "kill", "kill_tree"]

_SECONDS: Final = 60.0
"""A part that was killed before is back within this time."""
_POLL_SECONDS: Final = 0.01


def _module(name: str) -> Callable[[psutil.Process], Iterator[psutil.Process]]:
    """Processes of ours by their module."""

    def found(parent: psutil.Process) -> Iterator[psutil.Process]:
        return (child for child in parent.children() if name in child.cmdline())

    return found


def _named(name: str, *, of: str | None = None) -> Callable[[psutil.Process], Iterator[psutil.Process]]:
    """Processes by their name; with `of`, those whose parent has that name."""

    def found(parent: psutil.Process) -> Iterator[psutil.Process]:
        for child in parent.children(recursive=True):
            if child.name() == name and (above := child.parent()) is not None and (above.name() == name) == (of is not None):
                yield child

    return found


VICTIMS: Final = {
    "orchestrator": _module("mqttown_orchestrator"),
    "gate": _module("mqttown_broker"),
    "broker": _named("nats-server"),
    "database": _named("postgres"),
    "backend": _named("postgres", of="postgres"),
    "memory": _module("mqttown_memory"),
}
"""Name to what finds it below the process of `mqttown up`."""


def kill(town: int, victim: str, choice: Callable[[list[psutil.Process]], psutil.Process]) -> float:
    """Kill one process of a town, as soon as there is one. Returns the wall time of the kill.

    Args:
        town: process id of `mqttown up`.
        victim: one of `VICTIMS`.
        choice: which of several.

    Raises:
        TimeoutError: there was none for a minute.
    """
    parent = psutil.Process(town)
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):  # it ended while we looked
            found = list(VICTIMS[victim](parent))
            if found:
                chosen = choice(found)
                now = time.time()
                chosen.kill()
                return now
        time.sleep(_POLL_SECONDS)
    raise TimeoutError(f"the town had no {victim} for {_SECONDS:.0f} s")


def kill_tree(town: int) -> float:
    """Kill `mqttown up` and everything below it at once. Returns the wall time."""
    parent = psutil.Process(town)
    family = [parent, *parent.children(recursive=True)]
    now = time.time()
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):  # it died with its parent
            process.kill()
    psutil.wait_procs(family[1:], timeout=10)
    return now
