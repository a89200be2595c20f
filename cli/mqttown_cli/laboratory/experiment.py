"""The experiment file: what is varied, how often, how long, what is measured, what is done from outside."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from mqttown_cli.laboratory.expression import Expression, ExpressionError
from mqttown_cli.laboratory.sensitivity import Sensitivity

__all__ = ["Experiment", "ExperimentError", "Intervention", "Metric", "Survey", "moment_of", "seeds_of"]

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_TIME: Final = re.compile(r"(?P<day>\d+) (?P<hour>\d{2}):(?P<minute>\d{2})")
_NOT_RUN: Final = ("name", "about", "reference", "repetitions", "seeds")
_OUTSIDE: Final = ("setup", "interventions", "surveys", "metrics", "exit_condition", "metrics_condition")


class ExperimentError(ValueError):
    """The experiment can't be run as it is written; the message says where and what is allowed."""


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, frozen=True)


def _with_more(schema: dict[str, Any]) -> None:
    """Of an entry that is written with what it needs beside its own names."""
    schema["additionalProperties"] = True
    schema.pop("title", None)


def _or_a_name(schema: dict[str, Any]) -> None:
    """Of a measure, which may be written as its name alone."""
    _with_more(schema)
    schema["properties"]["as"] = schema["properties"].pop("column")
    whole = dict(schema)
    schema.clear()
    schema["anyOf"] = [{"type": "string"}, whole]


def _as_a_file(schema: dict[str, Any]) -> None:
    """Of an experiment: a file gives it its name, and may say what is other in its short form."""
    schema["properties"]["short"] = {"type": "object", "description": "What replaces the rest in the short form."}
    schema["required"].remove("name")


class Metric(_Form):
    """A measure to be taken.

    Attributes:
        measure: name of a measure, `module:attribute`, `file.py:attribute`, or name of a reporter of the model's own collector.
        column: name of its column; that of the measure if left out.
        parameters: of the measure.
    """

    model_config = ConfigDict(json_schema_extra=_or_a_name)

    measure: str
    column: str = ""
    parameters: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"measure": value, "column": value.rpartition(":")[2]}
        if isinstance(value, dict) and "parameters" not in value:
            rest = {name: given for name, given in value.items() if name not in ("measure", "as", "column")}
            measure = str(value.get("measure", ""))
            return {"measure": measure, "column": value.get("as", value.get("column", measure)), "parameters": rest}
        return value


class _Timed(_Form):
    """Something that is done at a step, every so many steps, or when something holds."""

    at: int | str | list[int | str] | None = None
    every: int | None = Field(default=None, ge=1)
    when: str | None = None
    again: bool = False
    since: int = 0
    until: int | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(value is not None for value in (self.at, self.every, self.when)) > 1:
            raise ValueError("say one of `at`, `every` and `when`")
        for moment in self.at if isinstance(self.at, list) else [self.at]:
            if isinstance(moment, str) and not _TIME.fullmatch(moment):
                raise ValueError(f"`at` is a step, or a day and a time as in `2 17:30`, not {moment!r}")
        return self

    @field_validator("when")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        if value is not None and "${" not in value:
            Expression(value)
        return value


class Intervention(_Timed):
    """What is done from outside: `do`, one of the model's interventions, and what it needs (`data`)."""

    model_config = ConfigDict(json_schema_extra=_with_more)

    do: str
    data: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return _gathered(value, {"do", *_Timed.model_fields}, "data")


class Survey(_Timed):
    """A question put to residents: `name`, whom (`of`), and the question (`ask` and what it needs)."""

    model_config = ConfigDict(json_schema_extra=_with_more)

    name: str
    of: Any = "all"
    question: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return _gathered(value, {"name", "of", *_Timed.model_fields}, "question")


class Experiment(_Form):
    """An experiment, as written.

    Attributes:
        base: folder that relative files are looked for in.
    """

    model_config = ConfigDict(json_schema_extra=_as_a_file)

    name: str
    about: str = ""
    reference: str = ""
    model: str = "town"
    parameters: dict[str, Any] = {}
    samples: list[dict[str, Any]] = []
    sensitivity: Sensitivity | None = None
    repetitions: int = Field(default=1, ge=1)
    seeds: list[int] = []
    time_limit: int = Field(ge=1)
    exit_condition: str | None = None
    metrics: list[Metric] = []
    agent_metrics: list[str] | None = None
    metrics_every: int | None = Field(default=None, ge=1)
    metrics_condition: str | None = None
    setup: list[Intervention] = []
    interventions: list[Intervention] = []
    surveys: list[Survey] = []
    keep: list[str] | None = None
    base: Path = Field(default=Path(), exclude=True)

    @field_validator("name")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("a name is small letters, digits and hyphens, 63 at most")
        return value

    @field_validator("exit_condition", "metrics_condition")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        if value is not None and "${" not in value:
            Expression(value)
        return value

    @model_validator(mode="after")
    def _timed(self) -> Self:
        for entry in (*self.interventions, *self.surveys):
            if entry.at is None and entry.every is None and entry.when is None:
                raise ValueError("interventions and surveys need `at`, `every` or `when`; what comes first belongs in `setup`")
        return self

    @classmethod
    def read(cls, file: Path, *, short: bool = False) -> Self:
        """Read a file.

        Args:
            file: YAML.
            short: with what its `short` replaces.

        Raises:
            ExperimentError: it is no experiment.
        """
        try:
            plain = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, YAMLError) as error:
            raise ExperimentError(f"{file} can't be read: {error}") from error
        if not isinstance(plain, dict):
            raise ExperimentError(f"{file}: an experiment is a mapping with `name`, `time_limit` and more")
        return cls.of({"name": file.stem, **plain}, file.parent, short=short, where=str(file))

    @classmethod
    def of(cls, plain: Mapping[str, Any], base: Path = Path(), *, short: bool = False, where: str = "the experiment") -> Self:
        """Take an experiment from a mapping, as `read` does from a file.

        Raises:
            ExperimentError: it is none.
        """
        shorter = plain.get("short") or {}
        merged = {name: value for name, value in plain.items() if name != "short"}
        if short:
            merged |= {**shorter, "parameters": {**merged.get("parameters", {}), **shorter.get("parameters", {})}}
        try:
            return cls(**{**json.loads(json.dumps(merged)), "base": base})
        except ValidationError as error:
            told = [f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}" for fault in error.errors(include_url=False)]
            raise ExperimentError(f"{where} is no experiment:\n  " + "\n  ".join(told)) from error
        except (TypeError, ExpressionError) as error:
            raise ExperimentError(f"{where} is no experiment: {error}") from error

    def plain(self) -> dict[str, Any]:
        """As plain values that `of` reads; what is not said is left out."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @property
    def hash(self) -> str:
        """SHA-256 of what is run, hexadecimal: the name, the words about it and the number of runs have no part in it."""
        rest = {key: value for key, value in self.plain().items() if key not in _NOT_RUN}
        if self.files:
            rest["code"] = hashlib.sha256(b"".join(file.read_bytes() for file in self.files)).hexdigest()
        return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()

    @property
    def files(self) -> list[Path]:
        """Files beside the experiment that model and measures are in."""
        named = dict.fromkeys(name.rpartition(":")[0] for name in (self.model, *(metric.measure for metric in self.metrics)))
        return [self.base / name for name in named if name.endswith(".py") and (self.base / name).exists()]

    @property
    def all_seeds(self) -> list[int]:
        """Seeds of the repetitions."""
        return list(self.seeds) or list(range(1, self.repetitions + 1))

    def spoken(self) -> str:
        """All text in which a parameter may be named."""
        plain = self.plain()
        return json.dumps([plain.get(part) for part in _OUTSIDE])


def seeds_of(text: str) -> list[int]:
    """Seeds as the command line says them: `1-20`, `3,5,8-10`.

    Raises:
        ExperimentError: they can't be read.
    """
    found: list[int] = []
    for part in text.split(","):
        ends = re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip())
        if ends is None:
            raise ExperimentError(f"{text!r} are no seeds; say `1-20` or `3,5,8-10`")
        first, last = int(ends[1]), int(ends[2] or ends[1])
        found += range(first, last + 1)
    if len(set(found)) != len(found) or not found:
        raise ExperimentError(f"{text!r}: each seed once, and at least one")
    return found


def _gathered(value: Any, own: set[str], into: str) -> Any:
    """What is none of an entry's own keys, gathered under one of them."""
    if not isinstance(value, Mapping) or into in value:
        return value
    rest: dict[str, Any] = {name: given for name, given in value.items() if name not in own}
    return {**{name: given for name, given in value.items() if name in own}, into: rest}


def moment_of(moment: int | str) -> int | tuple[int, int]:
    """A step, or day and minute of the day."""
    if isinstance(moment, int):
        return moment
    found = _TIME.fullmatch(moment)
    assert found is not None, "checked when it was read"
    return int(found["day"]), int(found["hour"]) * 60 + int(found["minute"])
