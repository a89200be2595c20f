"""The town's ledger: every payment is a double entry, so the sum over all accounts is always 0."""

from typing import Final, Literal

from mqttown_orchestrator.world.state import Body, State
from mqttown_orchestrator.world.turn import Turn

__all__ = ["MINT", "TREASURY", "Why", "move", "pay", "purse", "till", "transfer"]

MINT: Final = "mint"
"""Where money comes from; it is negative by what it has issued."""
TREASURY: Final = "treasury"

Why = Literal["wage", "sale", "gift", "claim", "endowment", "support", "levy"]


def purse(agent: str) -> str:
    """Account of an agent."""
    return f"purse:{agent}"


def till(building: str) -> str:
    """Account of a place."""
    return f"till:{building}"


def move(state: State, source: str, goal: str, amount: int) -> None:
    """Move cents from one account to another. Only the mint may go below zero.

    Raises:
        ValueError: the amount is not positive, or not there.
    """
    if amount <= 0:
        raise ValueError(f"a payment must be at least one cent, not {amount}")
    if source != MINT and state.account(source) < amount:
        raise ValueError(f"{source} holds {state.account(source)} cents and can't pay {amount}")
    state.accounts[source] = state.account(source) - amount
    state.accounts[goal] = state.account(goal) + amount


def pay(
    turn: Turn,
    body: Body,
    source: str,
    goal: str,
    amount: int,
    why: Why,
    *,
    cause: str | None = None,
    action_id: str | None = None,
    seen_by: tuple[str, ...] = (),
) -> str:
    """Move money and tell it as an event of the body that it concerns. Returns the event's id."""
    move(turn.state, source, goal, amount)
    data = {"from": source, "to": goal, "amount": amount, "why": why}
    return turn.event("paid", body, data, seen_by=seen_by, cause=cause, action_id=action_id)


def transfer(turn: Turn, building: str, source: str, goal: str, amount: int, why: Why) -> str:
    """Move money between a place and the town. Returns the event's id."""
    move(turn.state, source, goal, amount)
    return turn.happening("paid", {"from": source, "to": goal, "amount": amount, "why": why}, building)
