"""The parameters of an action, read by the model of its verb, or why they don't fit."""

from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from mqttown_contract.errors import Code, Refusal
from mqttown_contract.verbs import VERBS, Parameters

__all__ = ["read"]


def read(verb: str, parameters: dict[str, Any]) -> Parameters | Refusal:
    """The typed parameters, or a refusal `unknown_action` or `bad_parameters`."""
    known = VERBS.get(verb)
    if known is None:
        nearest = get_close_matches(verb, list(VERBS), n=1, cutoff=0.4)
        hint = f" Do you mean {nearest[0]}?" if nearest else ""
        return Refusal(Code.UNKNOWN_ACTION, f"There is no verb {verb!r}.{hint}", "action", list(VERBS))
    try:
        return known.parameters.model_validate(parameters)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        fields = known.schema["properties"]
        name = first["loc"][0] if first["loc"] else None
        path = "parameters" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        return Refusal(Code.BAD_PARAMETERS, f"{path}: {first['msg']}", path, fields.get(name, fields))
