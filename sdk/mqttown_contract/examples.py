"""An example of each code: what was sent, what the town said, and what would have been right. A test plays all of them."""

from dataclasses import dataclass
from typing import Any, Final

from mqttown_contract.errors import Code

__all__ = ["CODE_EXAMPLES", "CodeExample"]


@dataclass(frozen=True, slots=True)
class CodeExample:
    """One refusal.

    Attributes:
        when: what is so beforehand; empty if nothing special.
        sent: the payload on `out/action`, as text.
        detail: the sentence in the verdict, or how it begins.
        path: the field in the verdict.
        instead: the action that is accepted in its place.
    """

    when: str
    sent: str
    detail: str
    path: str | None
    instead: dict[str, Any]


CODE_EXAMPLES: Final[dict[Code, CodeExample]] = {
    Code.MALFORMED: CodeExample(
        "",
        '{"id": "a-1", "action": "say", "text": "Good day!"}',
        "parameters is missing",
        "parameters",
        {"id": "a-1", "action": "say", "parameters": {"text": "Good day!"}},
    ),
    Code.UNKNOWN_ACTION: CodeExample(
        "",
        '{"id": "a-2", "action": "speak", "parameters": {"text": "Good day!"}}',
        "there is no action 'speak'",
        "action",
        {"id": "a-2b", "action": "say", "parameters": {"text": "Good day!"}},
    ),
    Code.BAD_PARAMETERS: CodeExample(
        "",
        '{"id": "a-3", "action": "wait", "parameters": {"tics": 3}}',
        "wait has no parameter 'tics'; did you mean 'ticks'?",
        "parameters.tics",
        {"id": "a-3b", "action": "wait", "parameters": {"ticks": 3}},
    ),
    Code.NOT_POSSIBLE: CodeExample(
        "",
        '{"id": "a-4", "action": "move_to", "parameters": {"to": "cafe-satam"}}',
        "There is no building and no agent cafe-satam. Do you mean cafe-satama?",
        "parameters.to",
        {"id": "a-4b", "action": "move_to", "parameters": {"to": "cafe-satama"}},
    ),
    Code.TOO_LATE: CodeExample(
        "",
        '{"id": "a-5", "action": "wait", "parameters": {}, "expires_tick": 0}',
        "It was to be judged by tick 0; now it is",
        "expires_tick",
        {"id": "a-5b", "action": "wait", "parameters": {}},
    ),
    Code.RATE_LIMITED: CodeExample(
        "Eight actions of the agent wait for their verdict.",
        '{"id": "a-6", "action": "wait", "parameters": {}}',
        "8 actions wait for their verdict already",
        None,
        {"id": "a-6", "action": "wait", "parameters": {}},
    ),
    Code.MODERATED: CodeExample(
        "",
        '{"id": "a-7", "action": "say", "parameters": {"text": "You wanker!"}}',
        "",
        "parameters.text",
        {"id": "a-7b", "action": "say", "parameters": {"text": "I do not agree with you."}},
    ),
    Code.QUARANTINED: CodeExample(
        "An operator holds the agent: `mqttown quarantine`. It is accepted after `mqttown release`.",
        '{"id": "a-8", "action": "wait", "parameters": {}}',
        "held until an operator has looked at it",
        None,
        {"id": "a-8", "action": "wait", "parameters": {}},
    ),
    Code.NOT_ALLOWED: CodeExample(
        "The agent may only say and wait: `mqttown permit`.",
        '{"id": "a-9", "action": "move_to", "parameters": {"to": "puisto"}}',
        "",
        "action",
        {"id": "a-9b", "action": "say", "parameters": {"text": "May I go to the park?"}},
    ),
}
"""Each code once, in the tiny town of the tests."""
