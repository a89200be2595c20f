"""Classic models played in the town beside the same rules in Mesa: what comes out, whether it agrees, how fast each is."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Final

from scipy.stats import ks_2samp, t

from mqttown_cli.laboratory.measures.inequality import gini
from mqttown_cli.laboratory.rulekit import peers
from mqttown_cli.laboratory.rulekit.boltzmann import Boltzmann
from mqttown_cli.laboratory.rulekit.schelling import Schelling
from mqttown_cli.laboratory.rulekit.sir import Sir

__all__ = ["CLASSICS", "Agreement", "Classic", "compare", "half_width"]

ENOUGH: Final = 0.01
"""A p above this is no sign of a difference."""
Outcome = Callable[[Any], float]


@dataclass(frozen=True)
class Classic:
    """One model on both sides.

    Attributes:
        ours, theirs: made with `seed` and parameters.
        parameters: of the comparison; `short` replaces some in CI.
        steps: made at most.
        outcomes: numbers at the end of a run, ours and theirs.
    """

    name: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    parameters: Mapping[str, Any]
    short: Mapping[str, Any]
    steps: int
    outcomes: Mapping[str, tuple[Outcome, Outcome]]


@dataclass
class Agreement:
    """One outcome of a comparison.

    Attributes:
        ours, theirs: mean over seeds.
        ours_95, theirs_95: half width of its 95 % confidence interval.
        p: of the two-sample Kolmogorov-Smirnov test that both come from one distribution.
    """

    outcome: str
    ours: float
    ours_95: float
    theirs: float
    theirs_95: float
    p: float

    @property
    def agrees(self) -> bool:
        """Whether the test sees no difference."""
        return self.p > ENOUGH


@dataclass
class Comparison:
    """All of one model.

    Attributes:
        seconds_ours, seconds_theirs: of processor time for the steps of all runs; ours with tables and hashes.
        seconds_alone: ours without them.
        actions: judged by the town.
    """

    name: str
    seeds: int
    parameters: Mapping[str, Any]
    outcomes: list[Agreement] = field(default_factory=list)
    seconds_ours: float = 0.0
    seconds_alone: float = 0.0
    seconds_theirs: float = 0.0
    actions: int = 0


def likeness(model: Any, agents: Iterable[Any]) -> float:
    """Mean share of like neighbours of those who have any."""
    shares = [share for agent in agents if (share := model.likeness(agent)) is not None]
    return fmean(shares)


def compare(classic: Classic, seeds: int, *, short: bool = False) -> Comparison:
    """Run both sides with seeds 1 to `seeds`, in turn, and test whether they differ.

    Args:
        classic: what to compare.
        seeds: how many runs of each.
        short: as in CI: smaller, and ours only without tables.
    """
    parameters = {**classic.parameters, **(classic.short if short else {})}
    found = Comparison(classic.name, seeds, parameters)
    ours: dict[str, list[float]] = {name: [] for name in classic.outcomes}
    theirs: dict[str, list[float]] = {name: [] for name in classic.outcomes}
    for seed in range(1, seeds + 1):
        model, seconds = _run(classic, classic.ours, {**parameters, "seed": seed, "record": False})
        found.seconds_alone += seconds
        found.actions += model.accepted + model.refused
        if not short:
            kept, seconds = _run(classic, classic.ours, {**parameters, "seed": seed})
            found.seconds_ours += seconds
            assert kept.digest() == model.digest(), "keeping tables changes nothing"
        peer, seconds = _run(classic, classic.theirs, {**parameters, "seed": seed})
        found.seconds_theirs += seconds
        for name, (of_ours, of_theirs) in classic.outcomes.items():
            ours[name].append(of_ours(model))
            theirs[name].append(of_theirs(peer))
    for name in classic.outcomes:
        p = float(ks_2samp(ours[name], theirs[name]).pvalue)
        means = fmean(ours[name]), half_width(ours[name]), fmean(theirs[name]), half_width(theirs[name])
        found.outcomes.append(Agreement(name, *means, p))
    return found


def half_width(values: list[float], confidence: float = 0.95) -> float:
    """Half the width of Student's confidence interval of a mean."""
    n, mean = len(values), fmean(values)
    spread = (sum((value - mean) ** 2 for value in values) / (n - 1)) ** 0.5
    return float(t.ppf((1 + confidence) / 2, n - 1) * spread / n**0.5)


def _run(classic: Classic, make: Callable[..., Any], parameters: Mapping[str, Any]) -> tuple[Any, float]:
    model = make(**parameters)
    model.made = 0
    began = time.process_time()
    while model.running and model.made < classic.steps:
        model.step()
        model.made += 1
    return model, time.process_time() - began


CLASSICS: Final = {
    classic.name: classic
    for classic in (
        Classic(
            "boltzmann",
            Boltzmann,
            peers.Boltzmann,
            {"agents": 200, "wealth": 100, "most": 200, "lively": 0.25},
            {"agents": 100},
            120,
            {
                "gini": (
                    lambda model: gini([me.purse for me in model.agents.values()]),
                    lambda model: gini([agent.wealth for agent in model.agents]),
                ),
                "richest": (
                    lambda model: max(me.purse for me in model.agents.values()),
                    lambda model: max(agent.wealth for agent in model.agents),
                ),
            },
        ),
        Classic(
            "schelling",
            Schelling,
            peers.Schelling,
            {"width": 20, "height": 20, "density": 0.8, "minority": 0.5, "homophily": 0.3},
            {"width": 12, "height": 12},
            100,
            {
                "likeness": (
                    lambda model: likeness(model, model.agents.values()),
                    lambda model: likeness(model, model.agents),
                ),
                "steps": (lambda model: model.made, lambda model: model.made),
            },
        ),
        Classic(
            "sir",
            Sir,
            peers.Sir,
            {"agents": 500, "contacts": 8.0, "spread": 0.1, "recovery": 0.3, "ill": 10},
            {"agents": 150},
            500,
            {
                "attack_rate": (
                    lambda model: model.count("recovered") / len(model.agents),
                    lambda model: model.count("recovered") / len(model.agents),
                ),
                "steps": (lambda model: model.made, lambda model: model.made),
            },
        ),
    )
}
"""By name."""
