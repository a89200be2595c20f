"""What became of actions, and the window in which the same id gets the same answer."""

from dataclasses import dataclass
from typing import Any, Literal

import orjson

from mqttown_contract.errors import Code, Refusal
from mqttown_contract.types import DECIDED_WINDOW
from mqttown_orchestrator.world.state import Body

__all__ = ["Decision", "recall", "remember"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one action.

    Attributes:
        tick: when it was decided.
        refusal: why not, or None if it was accepted.
        events: ids of the events that it caused at once.
        repeated: whether it had been decided before, and had no effect now.
    """

    agent: str
    id: str
    tick: int
    refusal: Refusal | None
    events: tuple[str, ...] = ()
    repeated: bool = False

    @property
    def status(self) -> Literal["accepted", "rejected"]:
        """As a verdict says it."""
        return "accepted" if self.refusal is None else "rejected"

    def to_json(self) -> dict[str, Any]:
        """The part of a verdict that the world knows."""
        no = self.refusal
        return {
            "action_id": self.id, "agent_id": self.agent, "tick": self.tick, "status": self.status,
            "code": None if no is None else no.code.value, "detail": None if no is None else no.detail,
            "path": None if no is None else no.path, "allowed": None if no is None else no.allowed,
            "retry_after": None if no is None else no.retry_after, "events": list(self.events),
        }  # fmt: skip


def remember(body: Body, decision: Decision) -> None:
    """Keep a decision in the agent's window, and let go of the oldest beyond it."""
    no = decision.refusal
    events = " ".join(decision.events)
    if no is None:
        body.decided[decision.id] = (decision.tick, events, "", "", None, None)
    else:
        allowed = None if no.allowed is None else orjson.dumps(no.allowed).decode()
        body.decided[decision.id] = (decision.tick, events, no.code.value, no.detail, no.path, allowed)
    if len(body.decided) > DECIDED_WINDOW:
        del body.decided[next(iter(body.decided))]


def recall(body: Body, action_id: str) -> Decision | None:
    """The decision on an action that is still in the window."""
    entry = body.decided.get(action_id)
    if entry is None:
        return None
    tick, events, code, detail, path, allowed = entry
    refusal = Refusal(Code(code), detail, path, None if allowed is None else orjson.loads(allowed)) if code else None
    return Decision(body.id, action_id, tick, refusal, tuple(events.split()), repeated=True)
