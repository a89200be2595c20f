"""Classic models in the town beside the same rules in Mesa: whether their outcomes agree, and how the speeds compare."""

from collections.abc import Callable, Iterator
from typing import Any

from mqttown_cli.laboratory.rulekit.comparison import CLASSICS, compare

__all__ = ["measure"]


def measure(seeds: int, tell: Callable[[str], None], *, short: bool = False) -> Iterator[dict[str, Any]]:
    """One result for each model.

    Args:
        seeds: runs of each side.
        tell: told what is being done.
        short: as in CI.

    Yields:
        Means with half widths of their 95 % intervals, p of the Kolmogorov-Smirnov test, processor seconds, and the ratio of ours
        without tables to Mesa's.
    """
    for classic in CLASSICS.values():
        tell(f"{classic.name}: {seeds} seeds")
        found = compare(classic, seeds, short=short)
        result: dict[str, Any] = {"name": f"classic, {found.name}", "seeds": seeds, "settings": dict(found.parameters)}
        for outcome in found.outcomes:
            result |= {
                outcome.outcome: outcome.ours,
                f"{outcome.outcome}_95": outcome.ours_95,
                f"{outcome.outcome}_mesa": outcome.theirs,
                f"{outcome.outcome}_mesa_95": outcome.theirs_95,
                f"{outcome.outcome}_p": outcome.p,
            }
        yield {
            **result,
            "actions": found.actions,
            "cpu_s": found.seconds_alone,
            "cpu_with_tables_s": found.seconds_ours,
            "cpu_mesa_s": found.seconds_theirs,
            "ratio_to_mesa": found.seconds_alone / found.seconds_theirs,
        }
