"""Reflection: questions over recent memories, and conclusions that name the memories they rest on.

As in Generative Agents (Park et al. 2023, arXiv 2304.03442, section 4.2): once enough of importance has happened, ask what the most
telling questions are, look for memories on each, and draw one conclusion with its evidence.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Final

from mqttown_agents.mind import Completion, Note, Question, Tier, Wish
from mqttown_agents.model.tools import BadCall, Chosen, read_call, tool

__all__ = ["CONCLUDE_TOOL", "QUESTIONS_TOOL", "Reflector", "weight"]

Render = Callable[[str, Mapping[str, Any]], list[dict[str, str]]]
_LATEST: Final = 20
_ON_EACH: Final = 8
_QUESTIONS: Final = 2
_IMPORTANCE: Final = 0.7
_WEIGHTS: Final = {"gave": 400, "claimed": 300, "bought": 60}
_TO_ME: Final = 350
_OVERHEARD: Final = 150

QUESTIONS_TOOL: Final = tool(
    "ask",
    "Write down questions.",
    {
        "type": "object",
        "properties": {
            "questions": {
                "type": "array",
                "minItems": 1,
                "maxItems": _QUESTIONS,
                "items": {"type": "string", "minLength": 4, "maxLength": 120},
            }
        },
        "required": ["questions"],
        "additionalProperties": False,
    },
)
CONCLUDE_TOOL: Final = tool(
    "conclude",
    "Write down a conclusion, and the numbers of the memories that it rests on.",
    {
        "type": "object",
        "properties": {
            "insight": {"type": "string", "minLength": 4, "maxLength": 240},
            "because": {
                "type": "array",
                "minItems": 1,
                "maxItems": _ON_EACH,
                "items": {"type": "integer", "minimum": 1, "maximum": _ON_EACH},
            },
        },
        "required": ["insight", "because"],
        "additionalProperties": False,
    },
)


def weight(me: str, messages: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]]) -> int:
    """Permille of importance of what was witnessed, roughly as memory rates it."""
    spoken = sum(_TO_ME if me in (message.get("to") or ()) else _OVERHEARD for message in messages if message["from"] != me)
    return spoken + sum(_WEIGHTS.get(event["kind"], 0) for event in events)


class Reflector:
    """Sums up how much has happened, and reflects when it is enough.

    Args:
        after: permille of importance.
    """

    def __init__(self, after: int) -> None:
        self._after = after
        self._sum = 0

    def take_in(self, permille: int) -> None:
        """More has happened."""
        self._sum += permille

    @property
    def due(self) -> bool:
        """Whether there is enough to reflect on."""
        return self._sum >= self._after

    def reflect(self, name: str, tick: int, render: Render, tier: Tier) -> Generator[Wish, Any, list[Note]]:
        """Ask, look, conclude; return what was concluded. A model that makes nothing of it is not asked twice.

        Args:
            name: of the resident.
            tick: of the observation.
            render: a prompt's name and values to messages.
            tier: which kind of model.
        """
        self._sum = 0
        latest = yield Question(f"What has happened to {name} lately?", _LATEST, ("observation", "message", "note"), tick)
        if not latest:
            return []
        texts = [memory["text"] for memory in latest]
        asked = yield from _ask(
            Completion(render("questions", {"name": name, "memories": texts, "count": _QUESTIONS}), (QUESTIONS_TOOL,), 120, tier)
        )
        notes = []
        for number, question in enumerate(asked.parameters["questions"] if asked is not None else ()):
            found = (yield Question(question, _ON_EACH, ("observation", "message", "note", "reflection"), tick))[:_ON_EACH]
            if not found:
                continue
            values = {"name": name, "question": question, "memories": [memory["text"] for memory in found]}
            concluded = yield from _ask(Completion(render("insights", values), (CONCLUDE_TOOL,), 120, tier))
            evidence = _evidence(concluded, found)
            if concluded is not None and evidence:
                note = Note(f"reflection-{tick}-{number}", concluded.parameters["insight"], "reflection", _IMPORTANCE, evidence)
                yield note
                notes.append(note)
        return notes


def _ask(completion: Completion) -> Generator[Wish, Any, Chosen | None]:
    thought = yield completion
    try:
        return read_call(thought, completion.tools)
    except BadCall:
        return None


def _evidence(concluded: Chosen | None, found: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Ids of the memories that a conclusion names; numbers that stand for none are passed over."""
    numbers = dict.fromkeys(concluded.parameters["because"]) if concluded is not None else {}
    return tuple(str(found[number - 1]["id"]) for number in numbers if 1 <= number <= len(found))
