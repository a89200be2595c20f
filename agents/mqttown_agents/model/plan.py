"""A plan for the day: kept, followed by the clock, and revised."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from mqttown_agents.model.tools import tool
from mqttown_agents.persona import Persona
from mqttown_agents.schedule import clock_text, minute_of

__all__ = ["PLAN_TOOL", "Plan", "Step", "plan_of_call", "plan_of_words", "routine_plan"]

_MOST_STEPS: Final = 8
_BITE: Final = 30
"""Minutes for which a plan is fresh: words that come sooner change nothing in it."""
_CLOCK: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_WORDS: Final = re.compile(r"^My plan for (?P<day>\d{4}-\d{2}-\d{2}): (?P<steps>.*)\.$", re.DOTALL)
_STEP: Final = re.compile(rf"^(?P<at>{_CLOCK}) (?P<what>.+)$", re.DOTALL)

PLAN_TOOL: Final = tool(
    "plan",
    "Write down what you mean to do today.",
    {
        "type": "object",
        "properties": {
            "steps": {
                "type": "array",
                "minItems": 1,
                "maxItems": _MOST_STEPS,
                "items": {
                    "type": "object",
                    "properties": {
                        "at": {"type": "string", "pattern": f"^{_CLOCK}$", "description": "time of day, HH:MM"},
                        "what": {"type": "string", "minLength": 1, "maxLength": 80},
                    },
                    "required": ["at", "what"],
                    "additionalProperties": False,
                },
            }
        },
        "required": ["steps"],
        "additionalProperties": False,
    },
)
"""How a model hands in a plan."""


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
        return f"My plan for {self.day}: " + "; ".join(f"{clock_text(step.at)} {step.what}" for step in self.steps) + "."

    @classmethod
    def of(cls, day: str, tick: int, steps: Sequence[Step]) -> Self:
        """A plan of steps in any order."""
        return cls(day, tick, tuple(sorted(steps, key=lambda step: step.at)))


def plan_of_call(parameters: Mapping[str, Any], day: str, tick: int) -> Plan:
    """The plan that a model has handed in by `PLAN_TOOL`."""
    return Plan.of(day, tick, [Step(minute_of(step["at"]), " ".join(step["what"].split())) for step in parameters["steps"]])


def plan_of_words(text: str, tick: int) -> Plan | None:
    """The plan of a remembered sentence, or None if it is none."""
    found = _WORDS.match(text)
    if found is None:
        return None
    steps = [_STEP.match(part.strip()) for part in found["steps"].split(";")]
    return Plan.of(found["day"], tick, [Step(minute_of(step["at"]), step["what"]) for step in steps if step is not None])


def routine_plan(persona: Persona, day: str, tick: int) -> Plan:
    """The plan of somebody who makes none: get up, do what one does, go to bed."""
    steps = [Step(persona.wakes, "get up"), Step(persona.sleeps % 1440, "go to bed")]
    if persona.job is not None:
        steps.append(Step((persona.wakes + 60) % 1440, "be at work during the shift"))
    return Plan.of(day, tick, steps)
