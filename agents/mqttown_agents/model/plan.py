"""A plan for the day: kept, followed by the clock, and revised."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from mqttown_agents.persona import Persona
from mqttown_agents.schedule import minute_of

__all__ = ["SCHEMA", "Plan", "PlanError", "Step", "read_plan", "routine_plan"]

_MOST_STEPS: Final = 12
_BITE: Final = 30
"""Minutes for which a plan is fresh: words that come sooner change nothing in it."""


class PlanError(ValueError):
    """That is no plan; the text says why."""


class _Step(BaseModel):
    model_config = ConfigDict(extra="ignore")

    at: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    what: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Steps(BaseModel):
    steps: Annotated[list[_Step], Field(min_length=1, max_length=_MOST_STEPS)]


SCHEMA: Final = _Steps.model_json_schema()


@dataclass(frozen=True, slots=True)
class Step:
    """What one means to do from a time of day on; `at` is its minute."""

    at: int
    what: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What one means to do today.

    Attributes:
        day: as `2026-03-02`.
        made: tick.
        steps: in the order of their times.
    """

    day: str
    made: int
    steps: tuple[Step, ...]

    def now(self, minute: int) -> Step | None:
        """The step that it is time for."""
        begun = [step for step in self.steps if step.at <= minute]
        return begun[-1] if begun else None

    def later(self, minute: int) -> tuple[Step, ...]:
        """The steps that are still to come."""
        return tuple(step for step in self.steps if step.at > minute)

    def stale(self, day: str, tick: int, *, addressed: bool) -> bool:
        """Whether it should be made anew: on another day, or when somebody has said something to one since."""
        return self.day != day or (addressed and tick - self.made >= _BITE)

    def words(self) -> str:
        """The plan as a sentence to remember."""
        return "My plan for today: " + "; ".join(f"{step.at // 60:02}:{step.at % 60:02} {step.what}" for step in self.steps) + "."

    @classmethod
    def of(cls, day: str, tick: int, steps: Sequence[Step]) -> Self:
        """A plan of steps in any order."""
        return cls(day, tick, tuple(sorted(steps, key=lambda step: step.at)))


def read_plan(text: str, day: str, tick: int) -> Plan:
    """Read what a model wrote.

    Raises:
        PlanError: it holds no plan.
    """
    start, end = text.find("{"), text.rfind("}")
    try:
        steps = _Steps.model_validate(json.loads(text[start : end + 1] if start >= 0 else text)).steps
    except ValidationError as error:
        first = error.errors()[0]
        raise PlanError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:
        raise PlanError(f"that is no JSON: {error}") from error
    return Plan.of(day, tick, [Step(minute_of(step.at), step.what) for step in steps])


def routine_plan(persona: Persona, day: str, tick: int) -> Plan:
    """The plan of somebody who makes none: get up, do what one does, go to bed."""
    steps = [Step(persona.wakes, "get up"), Step(persona.sleeps, "go to bed")]
    if persona.job is not None:
        steps.append(Step((persona.wakes + 60) % 1440, "be at work during the shift"))
    return Plan.of(day, tick, steps)
