"""What `me.do` raises.

AgentError
├── NoVerdict            the town did not answer in time
├── CredentialsError     no credentials, or not readable ones
└── Rejected             the town said no; one subclass for each code
    ├── Malformed ├── UnknownAction ├── BadParameters ├── NotPossible ├── TooLate
    └── RateLimited ├── Moderated ├── Quarantined └── NotAllowed
"""

from typing import Final

from mqttown_contract.errors import Code
from mqttown_contract.messages import Verdict

__all__ = [
    "AgentError",
    "BadParameters",
    "CredentialsError",
    "Malformed",
    "Moderated",
    "NoVerdict",
    "NotAllowed",
    "NotPossible",
    "Quarantined",
    "RateLimited",
    "Rejected",
    "TooLate",
    "UnknownAction",
    "rejection",
]


class AgentError(Exception):
    """Anything that goes wrong between an agent and the town."""


class NoVerdict(AgentError):
    """The town did not answer in time; whether the action will have an effect is not known."""


class CredentialsError(AgentError):
    """There are no credentials, or not readable ones; the message says where they were looked for."""


class Rejected(AgentError):
    """The town said no.

    Attributes:
        verdict: the whole verdict.
        code, detail, path, allowed, retry_after: as in the verdict; `retry_after` is in seconds.
    """

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.code = verdict.code
        self.detail = verdict.detail
        self.path = verdict.path
        self.allowed = verdict.allowed
        self.retry_after = verdict.retry_after
        where = f" ({verdict.path})" if verdict.path else ""
        hint = f"; allowed: {verdict.allowed}" if verdict.allowed is not None else ""
        super().__init__(f"{verdict.code}{where}: {verdict.detail}{hint}")


class Malformed(Rejected):
    """The payload was no action."""


class UnknownAction(Rejected):
    """There is no such verb."""


class BadParameters(Rejected):
    """The parameters do not fit the verb."""


class NotPossible(Rejected):
    """The rules of the world forbid it here and now."""


class TooLate(Rejected):
    """Its `expires_tick` has passed."""


class RateLimited(Rejected):
    """Too many actions; try again after `retry_after` seconds."""


class Moderated(Rejected):
    """Its words break the rules of the town."""


class Quarantined(Rejected):
    """An operator has to look at the agent first."""


class NotAllowed(Rejected):
    """The agent's own permissions forbid it."""


_BY_CODE: Final[dict[Code, type[Rejected]]] = {
    Code.MALFORMED: Malformed,
    Code.UNKNOWN_ACTION: UnknownAction,
    Code.BAD_PARAMETERS: BadParameters,
    Code.NOT_POSSIBLE: NotPossible,
    Code.TOO_LATE: TooLate,
    Code.RATE_LIMITED: RateLimited,
    Code.MODERATED: Moderated,
    Code.QUARANTINED: Quarantined,
    Code.NOT_ALLOWED: NotAllowed,
}


def rejection(verdict: Verdict) -> Rejected:
    """Make the exception that fits a rejecting verdict."""
    kind = _BY_CODE[verdict.code] if verdict.code is not None else Rejected
    return kind(verdict)
