"""What a container is to us, whichever runtime runs it."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Container", "Runtime"]

Runtime = Literal["runc", "runsc", "kata"]


@dataclass(frozen=True, slots=True)
class Container:
    """What the engine says of one of our containers.

    Attributes:
        agent: whose.
        id: the engine's.
        generation: of the desired state that it was made for.
        state: `created`, `running`, `paused`, `exited`, `dead` or another of the engine's words.
        exit_code: of its last life; 0 while it lives.
        killed_for_memory: whether the kernel ended it for using more than it may.
        started, finished: RFC 3339, of its last life; empty if that has not been.
    """

    agent: str
    id: str
    generation: int
    state: str
    exit_code: int
    killed_for_memory: bool
    started: str
    finished: str
