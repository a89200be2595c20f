"""Which mind a resident gets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from mqttown_agents.mind import Mind, Thinker
from mqttown_agents.population import routine_mind

__all__ = ["CastingError", "cast", "told_of_models"]


class CastingError(ValueError):
    """Nobody can be made of that; the message says why, for the owner."""


def told_of_models(town: Mapping[str, Any], prompts: Path | None) -> dict[str, Any]:
    """What every mind with a model is told, as JSON.

    Args:
        town: the compiled town.
        prompts: folder of the prompts; without it there are no such minds, and nothing to tell.
    """
    if prompts is None:
        return {}
    sources = {file.stem: file.read_text(encoding="utf-8") for file in sorted(prompts.glob("*.jinja"))}
    return {"town": town["town"]["name"], "prompts": sources}


def cast(
    kind: str,
    person: Mapping[str, Any],
    known: Mapping[str, Any],
    seed: int,
    *,
    talk: bool,
    model: Mapping[str, Any] | None = None,
) -> Mind | Thinker:
    """Make the mind of a person.

    Args:
        kind: `routine` or `model`.
        person: as in `people` of the compiled town.
        known: of the town, as `known_in_town` tells.
        seed: of the run.
        talk: whether they speak at all.
        model: as `told_of_models` tells, and `tier`.

    Raises:
        CastingError: there is no such mind here, or the person lacks what it needs.
    """
    if kind == "model" and not (model or {}).get("prompts"):
        raise CastingError("this town has no prompts, so nobody here thinks with a model")
    try:
        match kind:
            case "routine":
                return routine_mind(person, known, seed, talk=talk)
            case "model":
                from mqttown_agents.model.cast import model_mind  # noqa: PLC0415  it needs the extra `models`

                return model_mind(person, known, model or {}, seed, talk=talk)
    except ImportError as error:
        raise CastingError(f"nobody here thinks with a model: {error}") from error
    except (KeyError, TypeError, AttributeError, ValueError, TemplateError) as error:
        raise CastingError(f"the person can't be read: {type(error).__name__} {error}") from error
    raise CastingError(f"there is no mind of kind {kind!r} here")
