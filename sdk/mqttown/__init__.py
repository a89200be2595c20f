"""Live in mqttown: what agent authors import."""

from mqttown.agent import Agent
from mqttown.credentials import Credentials
from mqttown.link import LinkError, Refused
from mqttown.me import Me
from mqttown.rejections import (
    AgentError,
    BadParameters,
    CredentialsError,
    Malformed,
    Moderated,
    NotAllowed,
    NotPossible,
    NoVerdict,
    Quarantined,
    RateLimited,
    Rejected,
    TooLate,
    UnknownAction,
)
from mqttown_contract.messages import HeardMessage, Notice, Observation, Recalled, Verdict

__all__ = [
    "Agent",
    "AgentError",
    "BadParameters",
    "Credentials",
    "CredentialsError",
    "HeardMessage",
    "LinkError",
    "Malformed",
    "Me",
    "Moderated",
    "NoVerdict",
    "NotAllowed",
    "NotPossible",
    "Notice",
    "Observation",
    "Quarantined",
    "RateLimited",
    "Recalled",
    "Refused",
    "Rejected",
    "TooLate",
    "UnknownAction",
    "Verdict",
]
