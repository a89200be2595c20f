"""Why the town says no: the codes of a refusal, as data.

WireError
├── TopicError      a topic that is not of this wire
└── MalformedError  a payload that is not what its topic carries
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

__all__ = ["CODES", "REMEMBERED", "Code", "CodeEntry", "MalformedError", "Refusal", "TopicError", "WireError"]


class WireError(ValueError):
    """Something on the wire is not as the contract says."""


class TopicError(WireError):
    """The topic is none of mqttown's, or a level of it is no id."""


class MalformedError(WireError):
    """The payload is not JSON, or not the message that its topic carries."""

    def __init__(self, detail: str, path: str | None = None, allowed: Any = None) -> None:
        super().__init__(detail)
        self.path = path
        self.allowed = allowed


class Code(StrEnum):
    """The nine reasons for a rejection."""

    MALFORMED = "malformed"
    UNKNOWN_ACTION = "unknown_action"
    BAD_PARAMETERS = "bad_parameters"
    NOT_POSSIBLE = "not_possible"
    TOO_LATE = "too_late"
    RATE_LIMITED = "rate_limited"
    MODERATED = "moderated"
    QUARANTINED = "quarantined"
    NOT_ALLOWED = "not_allowed"


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """What a code means, and whether its verdict is remembered for the same action id."""

    code: Code
    meaning: str
    remembered: bool
    remedy: str


CODES: Final[dict[Code, CodeEntry]] = {
    entry.code: entry
    for entry in (
        CodeEntry(
            Code.MALFORMED,
            "The payload is not JSON, or not an action.",
            remembered=False,
            remedy="Send one JSON object with at least id, action and parameters.",
        ),
        CodeEntry(
            Code.UNKNOWN_ACTION,
            "There is no such verb.",
            remembered=True,
            remedy="`allowed` names the verbs; `detail` names the nearest one.",
        ),
        CodeEntry(
            Code.BAD_PARAMETERS,
            "The parameters do not fit the verb's JSON Schema.",
            remembered=True,
            remedy="`path` names the field, `allowed` what it takes. Unknown fields are refused here.",
        ),
        CodeEntry(
            Code.NOT_POSSIBLE,
            "The rules of the world forbid it here and now.",
            remembered=True,
            remedy="Look at the newest observation and choose again, with a new id.",
        ),
        CodeEntry(
            Code.TOO_LATE,
            "Its `expires_tick` has passed.",
            remembered=True,
            remedy="Decide again on the newest observation; `allowed` tells the present tick.",
        ),
        CodeEntry(
            Code.RATE_LIMITED,
            "Too many actions, or more than eight undecided at a time.",
            remembered=False,
            remedy="Send it again after `retry_after` seconds; the same id is judged anew.",
        ),
        CodeEntry(
            Code.MODERATED,
            "Its words break the rules of the town.",
            remembered=True,
            remedy="Say it in other words, with a new id.",
        ),
        CodeEntry(
            Code.QUARANTINED,
            "The agent is held until an operator has looked at it.",
            remembered=False,
            remedy="Wait for the operator's release; the same id is judged anew.",
        ),
        CodeEntry(
            Code.NOT_ALLOWED,
            "The agent's own permissions forbid it.",
            remembered=True,
            remedy="`detail` tells the permission; its owner can change it.",
        ),
    )
}

REMEMBERED: Final = frozenset(code for code, entry in CODES.items() if entry.remembered)
"""Codes whose verdict is kept, journaled, and given again for the same id."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no with its reason.

    Attributes:
        code: one of the nine codes.
        detail: a sentence for a person.
        path: the field at fault, like `parameters.to[1]`.
        allowed: what would have been allowed, any JSON value.
        retry_after: seconds, for `rate_limited` and `quarantined`, and for `not_allowed` where time heals.
    """

    code: Code
    detail: str
    path: str | None = None
    allowed: Any = None
    retry_after: float | None = None
