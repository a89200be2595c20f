"""The page of all measures, made from their definitions."""

from mqttown_cli.laboratory.measure import Measure
from mqttown_cli.laboratory.measures.registry import FIELDS

__all__ = ["measures_page"]

_HEAD = """# Measures

Made from the definitions by `mqttown measures --write docs/measures.md`; change `cli/mqttown_cli/laboratory/measures/`, not this page.

A measure is a pure function over the tables of a run up to a tick ([laboratory.md](laboratory.md)), so a recount from the run folder gives
the same number. An experiment file names it under `metrics`, and may set its parameters: `{measure: density, as: friends, of: heard, window: 1440}`.
A window counts ticks. A unit of 1 is a ratio. Where a measure is not defined (the Gini coefficient of nobody) it is null.
"""


def measures_page() -> str:
    """All measures by field, as Markdown."""
    lines = [_HEAD]
    for field, measures in FIELDS.items():
        lines += [
            f"## {field}",
            "",
            "| measure | unit | definition | parameters | reads | reference |",
            "|---|---|---|---|---|---|",
        ]
        lines += [_row(measure) for measure in measures]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _row(measure: Measure) -> str:
    parameters = ", ".join(f"`{name}` {_default(value)}" for name, value in measure.parameters.items())
    cells = (f"`{measure.name}`", measure.unit, measure.definition, parameters, ", ".join(measure.needs), measure.reference)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(value: object) -> str:
    return "(none)" if value is None else f"({value})"
