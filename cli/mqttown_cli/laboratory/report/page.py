"""The report as one HTML page, of one run folder or of two side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import jinja2

from mqttown_cli.laboratory.folder import RunFolder
from mqttown_cli.laboratory.report.charts import number, roomy
from mqttown_cli.laboratory.report.effects import effects
from mqttown_cli.laboratory.report.sets import RunSet
from mqttown_cli.laboratory.report.side import Panel, Side
from mqttown_cli.laboratory.report.spreading import spreading
from mqttown_cli.laboratory.report.statistics import contrast, detectable, estimate

__all__ = ["report_page"]

_TEMPLATE: Final = Path(__file__).with_name("report.html")
_TOLD: Final = (
    "name", "model", "experiment_hash", "hash", "commit", "changed", "lock_hash", "packages_hash", "content_hash", "models",
    "prompts", "cassette", "created", "seconds",
)  # fmt: skip
RUNS_LISTED: Final = 2_000
SETS_LISTED: Final = 48
VALUES_LISTED: Final = 8


def report_page(folders: Sequence[RunFolder]) -> str:
    """The page.

    Args:
        folders: one, or two that are to be compared.

    Raises:
        RunFolderError: one of them holds no finished run.
    """
    sides = [Side(folder) for folder in folders]
    metrics = list(dict.fromkeys(metric for side in sides for metric in side.metrics))
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=False)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        title=" and ".join(dict.fromkeys(str(side.manifest["name"]) for side in sides)),
        sides=[
            {
                "name": side.name,
                "manifest": {**side.manifest, "runs": side.manifest["runs"][:RUNS_LISTED]},
                "runs": len(side.manifest["runs"]),
                "interventions": side.interventions(),
            }
            for side in sides
        ],
        parameters=_rows([{name: _listed(values) for name, values in side.parameters.items()} for side in sides]),
        metrics=[_metric(sides, metric) for metric in metrics],
        sensitivity=[found for side in sides if (found := effects(side)) is not None],
        pictures=[
            ("Diffusion", _named(sides, spreading)),
            ("Lorenz curves of the purses", _named(sides, lambda side: [side.lorenz_panel()])),
            ("Maps", _named(sides, Side.map_panels)),
            ("Networks", _named(sides, Side.network_panels)),
        ],
        provenance=_rows([_provenance(side) for side in sides]),
    )


def _named(sides: Sequence[Side], make: Callable[[Side], Sequence[Panel | None]]) -> list[Panel]:
    """Panels of all sides; of two sides each says which it is of."""
    made = [(side, panel) for side in sides for panel in make(side) if panel is not None]
    return [replace(panel, caption=f"{side.name}. {panel.caption}") if len(sides) > 1 else panel for side, panel in made]


def _metric(sides: Sequence[Side], metric: str) -> dict[str, Any]:
    """Curves, endings and differences of one measure."""
    everything = [
        edge for side in sides for _, line in side.over_time(metric) for one in line.estimates for edge in (one.least, one.most)
    ]
    span = roomy(everything) if everything else None
    rows, sets = [], []
    for side in sides:
        for runs in [] if side.experiment.sensitivity is not None else side.sets[:SETS_LISTED]:
            label = _label(side, runs, several=len(sides) > 1)
            ends = side.ends(metric, runs)
            sets.append((label, ends))
            rows.append({"label": label, "cells": _ending(ends)})
    has = next(side for side in sides if metric in side.metrics)
    pairs = _pairs(sides, sets)
    return {
        "name": metric,
        "meaning": has.meaning(metric),
        "panels": [side.curve_panel(metric, span) for side in sides if side.experiment.sensitivity is None],
        "rows": rows,
        "contrasts": [
            {"label": f"{second[0]} less {first[0]}", "cells": cells}
            for first, second in pairs
            if (cells := _differ(first[1], second[1]))
        ],
    }


def _pairs(
    sides: Sequence[Side], sets: Sequence[tuple[str, list[float]]]
) -> list[tuple[tuple[str, list[float]], tuple[str, list[float]]]]:
    """What is compared: equal sets of two folders, in order; or each set of one with its first."""
    if len(sides) == 2:
        here = len(sets) // 2
        return list(zip(sets[:here], sets[here:], strict=True)) if len(sides[0].sets) == len(sides[1].sets) else []
    return [(sets[0], other) for other in sets[1:]]


def _ending(ends: Sequence[float]) -> list[str]:
    found = estimate(ends)
    if found is None:
        return ["0", *[""] * 6]
    if found.sd is None or found.half is None:
        return ["1", number(found.mean), "", "", number(found.least), number(found.most), ""]
    interval = f"{number(found.mean - found.half)} to {number(found.mean + found.half)}"
    least, most = number(found.least), number(found.most)
    return [str(found.n), number(found.mean), interval, number(found.sd), least, most, number(detectable(found.sd, found.n))]


def _differ(first: Sequence[float], second: Sequence[float]) -> list[str]:
    found = contrast(first, second)
    if found is None:
        return []
    interval = f"{number(found.low)} to {number(found.high)}"
    return [number(found.difference), interval, _p(found.p_mean), _p(found.p_distribution), number(found.detectable)]


def _p(value: float) -> str:
    return "< 0.0001" if value < 0.0001 else f"{value:.2g}"


def _label(side: Side, runs: RunSet, *, several: bool) -> str:
    return ": ".join(part for part in (side.name if several else "", runs.label) if part) or "all runs"


def _provenance(side: Side) -> dict[str, str]:
    told: dict[str, str] = {name: _text(side.manifest[name]) for name in _TOLD if name in side.manifest}
    facts: dict[str, dict[str, None]] = {}
    for run in side.manifest["runs"]:
        for name, value in run["facts"].items():
            if value not in (None, [], {}):
                facts.setdefault(name, {})[_text(value)] = None
    told |= {name: _listed(list(values)) for name, values in facts.items()}
    told |= {f"version of {name}": str(value) for name, value in side.manifest["versions"].items()}
    return told | {name: str(value) for name, value in side.manifest["machine"].items()}


def _listed(values: Sequence[str]) -> str:
    """Values of a parameter, the first of them where there are many."""
    more = f", and {len(values) - VALUES_LISTED} more" if len(values) > VALUES_LISTED else ""
    return ", ".join(values[:VALUES_LISTED]) + more


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _rows(sides: Sequence[Mapping[str, str]]) -> list[tuple[str, list[str]]]:
    """What each side has under each name."""
    names = dict.fromkeys(name for side in sides for name in side)
    return [(name, [side.get(name, "") for side in sides]) for name in names]
