"""An agent's end, written down: when it starts again, or that it does not."""

from datetime import UTC, datetime

from mqttown_runtime.supervision.due import after_end
from mqttown_runtime.supervision.epitaph import parked
from mqttown_runtime.supervision.register import Hosted, Register

__all__ = ["count_end"]


async def count_end(register: Register, wish: Hosted, reason: str, counted: str | None = None) -> None:
    """Count an end of an agent, and let its owner know.

    Args:
        register: of hosted agents.
        wish: the agent as it was read.
        reason: why it ended, in words for its owner.
        counted: when its container ended, RFC 3339, so that this end is counted once.
    """
    then = after_end(wish.failures, datetime.now(UTC))
    await register.observe(
        wish.agent,
        "parked" if then.parked else "waiting",
        parked(reason, len(then.failures)) if then.parked else reason,
        failures=then.failures,
        next_start=then.next_start,
        counted=counted,
    )
