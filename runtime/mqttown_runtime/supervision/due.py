"""What is to be done about one hosted agent now: a pure decision from what is wished and what is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from mqttown_runtime.sandbox.container import Container
from mqttown_runtime.supervision.register import Hosted

__all__ = ["FIRST_WORD", "LOOP_ENDS", "LOOP_SPAN", "SILENCE", "Step", "after_end", "due"]

LOOP_ENDS: Final = 5
"""So many ends within `LOOP_SPAN` park an agent."""
LOOP_SPAN: Final = timedelta(minutes=10)
LONGEST_PAUSE: Final = timedelta(seconds=60)
SILENCE: Final = timedelta(seconds=60)
"""A running agent that the town has not heard for so long is started anew."""
FIRST_WORD: Final = timedelta(minutes=3)
"""The same for one that has not been heard since its start: a busy machine starts slowly."""
_FRESH: Final = timedelta(seconds=15)
"""Older news of who is in the town say nothing."""


class Step(Enum):
    """One thing to do."""

    NOTHING = "nothing"
    CREATE = "create"
    START = "start"
    PAUSE = "pause"
    REPLACE = "replace"
    COUNT_END = "count end"
    END_SILENCE = "end silence"
    REMOVE = "remove"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class AfterEnd:
    """What follows an end: the ends that still count, when to start again, or that the agent is parked."""

    failures: tuple[datetime, ...]
    next_start: datetime | None
    parked: bool


def due(wish: Hosted, container: Container | None, now: datetime) -> Step:
    """Decide the next step; called again and again it leads from any state to the wished one, and then says `NOTHING`."""
    if wish.desired == "deleted":
        return Step.REMOVE
    if wish.placement != "docker":
        return Step.RELEASE
    if container is not None and container.generation != wish.generation:
        return Step.REPLACE
    if len(wish.failures) >= LOOP_ENDS:
        return Step.NOTHING
    return Step.CREATE if container is None else _towards(wish, container, now)


def _towards(wish: Hosted, container: Container, now: datetime) -> Step:
    if wish.desired == "paused":
        return Step.PAUSE if container.state == "running" else Step.NOTHING
    match container.state:
        case "created" | "paused":
            return Step.START
        case "running" if _is_silent(wish, now):
            return Step.END_SILENCE
        case "exited" | "dead" if container.finished != wish.counted:
            return Step.COUNT_END
        case "exited" | "dead" if wish.next_start is None or now >= wish.next_start:
            return Step.START
    return Step.NOTHING  # as it should be, waiting, or on its way from one state to another


def after_end(failures: Sequence[datetime], now: datetime) -> AfterEnd:
    """Count an end: pauses of 1, 2, 4, … up to 60 s, and after five ends in ten minutes none at all."""
    counting = (*(end for end in failures if now - end < LOOP_SPAN), now)
    if len(counting) >= LOOP_ENDS:
        return AfterEnd(counting, None, parked=True)
    pause = min(timedelta(seconds=2 ** (len(counting) - 1)), LONGEST_PAUSE)
    return AfterEnd(counting, now + pause, parked=False)


def _is_silent(wish: Hosted, now: datetime) -> bool:
    if wish.silent_since is None or wish.looked is None or now - wish.looked > _FRESH:
        return False
    was_heard = wish.heard is not None and wish.heard >= wish.since
    return now - wish.silent_since > (SILENCE if was_heard else FIRST_WORD)
