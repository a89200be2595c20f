"""Making a model-driven mind out of what is told of a person, as JSON."""

from collections.abc import Mapping
from typing import Any

from mqttown_agents.model.prompts import Prompts
from mqttown_agents.model.thinker import ModelMind
from mqttown_agents.population import routine_mind

__all__ = ["model_mind"]


def model_mind(
    person: Mapping[str, Any], known: Mapping[str, Any], model: Mapping[str, Any], seed: int, *, talk: bool = True
) -> ModelMind:
    """The model-driven mind of one person.

    Args:
        person: as in `people` of the compiled town.
        known: as `known_in_town` tells.
        model: `prompts`, name to jinja source; `town`, its name; and `tier` (`full`, `small` or `tiny`), `small` without it.
        seed: of the run.
        talk: whether the routine mind beside it speaks at all.

    Raises:
        ValueError: a prompt is missing.
    """
    routine = routine_mind(person, known, seed, talk=talk)
    return ModelMind(person, model["town"], routine, Prompts(model["prompts"]), model.get("tier", "small"))
