"""Which parameter matters: samples for an experiment after Sobol or Morris, and the indices of what came out, by SALib."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Index", "Range", "Sensitivity", "indices", "samples"]


class Range(BaseModel):
    """What a parameter is drawn from, evenly: all between `first` and `last`; whole numbers if both are whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: int | float
    last: int | float

    @model_validator(mode="after")
    def _upwards(self) -> Self:
        if not self.first < self.last:
            raise ValueError(f"`first` is below `last`, not {self.first} and {self.last}")
        return self


class Sensitivity(BaseModel):
    """What part `sensitivity` of an experiment file says.

    Attributes:
        method: `sobol` shares the variance of the outcome out (Saltelli et al., 2010); `morris` is cheap and ranks (Morris, 1991).
        parameters: what is varied; the others are constants.
        size: base samples; `sobol` makes `size` (d + 2) samples of d parameters, `morris` `size` (d + 1). A power of 2 for `sobol`.
        levels: of Morris' grid.
        seed: of the samples and of the bootstrap.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Literal["sobol", "morris"]
    parameters: dict[str, Range] = Field(min_length=2)
    size: int = Field(default=32, ge=2)
    levels: int = Field(default=4, ge=2)
    seed: int = 1

    @model_validator(mode="after")
    def _power_of_two(self) -> Self:
        if self.method == "sobol" and self.size & (self.size - 1):
            raise ValueError(f"`size` is a power of 2 for sobol, not {self.size}")
        return self

    @property
    def problem(self) -> dict[str, Any]:
        """As SALib wants it."""
        bounds = [[float(each.first), float(each.last)] for each in self.parameters.values()]
        return {"num_vars": len(bounds), "names": list(self.parameters), "bounds": bounds}


@dataclass(frozen=True, slots=True)
class Index:
    """How much a parameter matters for an outcome.

    Attributes:
        first: Sobol's first-order index S1, its share of the variance by itself; None for Morris.
        total: Sobol's total index ST, with all that it does together with others; for Morris mu*, the mean size of an
            elementary effect over the parameter's whole range, in units of the outcome.
        first_95, total_95: half widths of the bootstrap's 95 % intervals.
        sigma: Morris' sigma, the spread of elementary effects: large where effects are curved or hang on others; None for Sobol.
    """

    parameter: str
    first: float | None
    first_95: float | None
    total: float
    total_95: float
    sigma: float | None


def samples(sensitivity: Sensitivity) -> list[dict[str, Any]]:
    """Parameters of each sample, the same each time."""
    whole = [isinstance(each.first, int) and isinstance(each.last, int) for each in sensitivity.parameters.values()]
    rows = _drawn(sensitivity).tolist()
    return [
        {
            name: round(value) if is_whole else value
            for name, value, is_whole in zip(sensitivity.parameters, row, whole, strict=True)
        }
        for row in rows
    ]


def indices(sensitivity: Sensitivity, outcomes: Sequence[float]) -> list[Index]:
    """Indices of an outcome, most important parameter first.

    Args:
        sensitivity: that made the samples.
        outcomes: of each sample, in their order; the mean over seeds where there are several.

    Raises:
        ValueError: there are not as many outcomes as samples.
    """
    import numpy as np  # noqa: PLC0415

    x, y = _drawn(sensitivity), np.asarray(outcomes, dtype=float)
    if len(x) != len(y):
        raise ValueError(f"{len(x)} samples need as many outcomes, not {len(y)}")
    if np.ptp(y) == 0:  # nothing varies, so nothing matters; the ratios would be of nothing
        return [Index(name, 0.0, 0.0, 0.0, 0.0, 0.0) for name in sensitivity.parameters]
    if sensitivity.method == "sobol":
        from SALib.analyze import sobol  # noqa: PLC0415  it brings pandas and matplotlib

        found = sobol.analyze(sensitivity.problem, y, calc_second_order=False, seed=sensitivity.seed)
        columns = zip(found["S1"], found["S1_conf"], found["ST"], found["ST_conf"], strict=True)
        made = [
            Index(name, float(first), float(first_95), float(total), float(total_95), None)
            for name, (first, first_95, total, total_95) in zip(sensitivity.parameters, columns, strict=True)
        ]
    else:
        from SALib.analyze import morris  # noqa: PLC0415

        found = morris.analyze(sensitivity.problem, x, y, num_levels=sensitivity.levels, seed=sensitivity.seed)
        stars = zip(found["mu_star"], found["mu_star_conf"], found["sigma"], strict=True)
        made = [
            Index(name, None, None, float(star), float(half), float(sigma))
            for name, (star, half, sigma) in zip(sensitivity.parameters, stars, strict=True)
        ]
    return sorted(made, key=lambda index: -index.total)


def _drawn(sensitivity: Sensitivity) -> Any:
    """The samples as SALib drew them, before whole numbers were rounded."""
    if sensitivity.method == "sobol":
        from SALib.sample import sobol  # noqa: PLC0415

        return sobol.sample(sensitivity.problem, sensitivity.size, calc_second_order=False, seed=sensitivity.seed)
    from SALib.sample import morris  # noqa: PLC0415

    return morris.sample(sensitivity.problem, sensitivity.size, num_levels=sensitivity.levels, seed=sensitivity.seed)
