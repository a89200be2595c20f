"""The runs of an experiment: every combination of what is varied, once with each seed."""

import hashlib
import inspect
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

from mqttown_cli.laboratory.experiment import Experiment, ExperimentError
from mqttown_cli.laboratory.expression import Expression
from mqttown_cli.laboratory.sensitivity import samples

__all__ = ["Run", "accepted", "attribute", "filled", "model_class", "runs_of", "varied"]

_NAMED: Final = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        run_id: number in this experiment; more seeds add runs behind, as in Mesa.
        iteration: number of the repetition, from 0.
        seed: of the model.
        parameters: all, constants too.
    """

    run_id: int
    iteration: int
    seed: int
    parameters: Mapping[str, Any]

    def key(self, experiment: Experiment) -> str:
        """What the run is, whatever its number: SHA-256, hexadecimal."""
        what = json.dumps([experiment.hash, self.seed, dict(self.parameters)], sort_keys=True)
        return hashlib.sha256(what.encode()).hexdigest()


def varied(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Every combination of parameters, the last one changing fastest; or each of the samples with the constants.

    Raises:
        ExperimentError: beside samples a parameter has several values.
    """
    drawn = [] if experiment.sensitivity is None else samples(experiment.sensitivity)
    if experiment.samples or drawn:
        constants = {name: _values(value) for name, value in experiment.parameters.items()}
        several = [name for name, values in constants.items() if len(values) != 1]
        if several:
            raise ExperimentError(f"with samples every parameter is one value, and {', '.join(several)} is not")
        for sample in experiment.samples or drawn:
            yield {**{name: values[0] for name, values in constants.items()}, **sample}
        return
    names = list(experiment.parameters)
    for combination in itertools.product(*(_values(experiment.parameters[name]) for name in names)):
        yield dict(zip(names, combination, strict=True))


def runs_of(experiment: Experiment) -> list[Run]:
    """All runs, in the order of their numbers.

    Raises:
        ExperimentError: a parameter is neither the model's nor named anywhere.
    """
    combinations = list(varied(experiment))
    _check_names(experiment, combinations)
    numbered = itertools.product(enumerate(experiment.all_seeds), combinations)
    return [Run(number, iteration, seed, values) for number, ((iteration, seed), values) in enumerate(numbered)]


def model_class(experiment: Experiment) -> Callable[..., Any]:
    """The class of the model.

    Raises:
        ExperimentError: there is none of that name.
    """
    if experiment.model == "town":
        from mqttown_cli.laboratory.town import Town  # noqa: PLC0415  the town is large, and other models don't need it

        return Town
    try:
        found: Callable[..., Any] = attribute(experiment.model, experiment.base)
    except (ImportError, AttributeError, FileNotFoundError, ValueError) as error:
        told = "say `town`, `module:Class`, or `file.py:Class` beside the experiment"
        raise ExperimentError(f"the model {experiment.model!r} can't be loaded: {error}; {told}") from error
    return found


def attribute(named: str, base: Path) -> Any:
    """What `module:attribute` or `file.py:attribute` names.

    Args:
        named: as experiment files say it.
        base: folder that files are looked for in.

    Raises:
        ImportError, AttributeError, FileNotFoundError, ValueError: there is no such thing.
    """
    module, _, name = named.rpartition(":")
    if not module.endswith(".py"):
        return getattr(import_module(module), name)
    file = base / module
    spec = spec_from_file_location(f"experiment_{file.stem.replace('-', '_')}", file)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"there is no {file}")
    loaded = module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return getattr(loaded, name)


def accepted(model: Callable[..., Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Those parameters that the model takes."""
    taken = inspect.signature(model).parameters
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in taken.values()):
        return dict(parameters)
    return {name: value for name, value in parameters.items() if name in taken}


def filled(value: Any, parameters: Mapping[str, Any]) -> Any:
    """A value of the file with its `${name}` filled in; one that is nothing else becomes the parameter itself.

    Raises:
        ExperimentError: there is no such parameter.
    """
    if isinstance(value, str):
        unknown = [name for name in _NAMED.findall(value) if name not in parameters]
        if unknown:
            raise ExperimentError(f"{value!r} names {', '.join(unknown)}; there are {', '.join(parameters) or 'no parameters'}")
        whole = _NAMED.fullmatch(value)
        return parameters[whole[1]] if whole else _NAMED.sub(lambda found: str(parameters[found[1]]), value)
    if isinstance(value, Mapping):
        return {name: filled(part, parameters) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part, parameters) for part in value]
    return value


def _check_names(experiment: Experiment, combinations: list[dict[str, Any]]) -> None:
    """See that every parameter has a use, since a misspelt one would change nothing and tell nobody."""
    names = dict.fromkeys(name for values in combinations for name in values)
    taken = accepted(model_class(experiment), names)
    spoken = set(_NAMED.findall(experiment.spoken()))
    conditions = [experiment.exit_condition, experiment.metrics_condition]
    conditions += [entry.when for entry in (*experiment.interventions, *experiment.surveys)]
    for condition in conditions:
        if condition is not None and "${" not in condition:
            spoken |= set(Expression(condition).names)
    unused = [name for name in names if name not in taken and name not in spoken]
    if unused:
        raise ExperimentError(f"the parameters {', '.join(unused)} are neither the model's nor named anywhere as ${{…}}")


def _values(value: Any) -> list[Any]:
    """What a parameter is varied over."""
    if isinstance(value, Mapping) and set(value) == {"first", "step", "last"}:
        if not value["step"]:
            raise ExperimentError("a parameter's `step` is not 0")
        count = int((value["last"] - value["first"]) / value["step"] + 1e-9)
        return [round(value["first"] + number * value["step"], 12) for number in range(count + 1)]
    return list(value) if isinstance(value, list) else [value]
