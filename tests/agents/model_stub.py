"""Leading a model-driven mind to its decision by hand: memories and thoughts are what a test says."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mqttown_agents.mind import Completion, Deliberation, Note, Question
from mqttown_agents.model.prompts import Prompts
from mqttown_agents.model.thinker import ModelMind
from mqttown_agents.routine import Routine
from mqttown_contract.verbs import VERBS

PROMPTS = Prompts.read(Path(__file__).parents[2] / "content" / "prompts")
Model = Callable[[Completion], dict[str, Any]]


def call(name: str, **parameters: Any) -> dict[str, Any]:
    """A thought that calls a tool."""
    function = {"name": name, "arguments": json.dumps(parameters)}
    return {"id": "t", "message": {"role": "assistant", "content": None}, "tool_calls": [{"id": "1", "function": function}]}


def words(text: str) -> dict[str, Any]:
    """A thought in words."""
    return {"id": "t", "message": {"role": "assistant", "content": text}, "tool_calls": []}


def offered(*verbs: str) -> list[dict[str, Any]]:
    """`available_actions` with the schemas of the contract."""
    return [{"action": verb, "description": VERBS[verb].summary, "parameters": VERBS[verb].schema} for verb in verbs]


def names(completion: Completion) -> list[str]:
    """The tools that a model is offered."""
    return [tool["function"]["name"] for tool in completion.tools]


def planning(then: Model) -> Model:
    """A model that makes a plain plan when asked for one, and else does as told."""

    def think(completion: Completion) -> dict[str, Any]:
        if names(completion) == ["plan"]:
            return call("plan", steps=[{"at": "09:00", "what": "have a coffee"}, {"at": "13:00", "what": "walk in the park"}])
        return then(completion)

    return think


class Led:
    """A mind, the model behind it, and all that it wished for."""

    def __init__(
        self, person: Mapping[str, Any], routine: Routine, model: Model, memories: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.mind = ModelMind(person, "Pikkula", routine, PROMPTS)
        self.model = model
        self.memories = list(memories)
        self.wishes: list[Question | Completion | Note] = []

    def decide(self, observation: Mapping[str, Any]) -> dict[str, Any]:
        deliberation: Deliberation = self.mind.deliberate(observation)
        told: Any = None
        while True:
            try:
                wish = deliberation.send(told)
            except StopIteration as end:
                return dict(end.value)
            self.wishes.append(wish)
            told = self._fulfil(wish)

    def _fulfil(self, wish: Question | Completion | Note) -> Any:
        if isinstance(wish, Question):
            found = [memory for memory in self.memories if memory["kind"] in wish.kinds]
            return found[: wish.k]
        return self.model(wish) if isinstance(wish, Completion) else None

    @property
    def completions(self) -> list[Completion]:
        return [wish for wish in self.wishes if isinstance(wish, Completion)]

    @property
    def notes(self) -> list[Note]:
        return [wish for wish in self.wishes if isinstance(wish, Note)]


def memory(number: int, text: str, kind: str = "observation") -> dict[str, Any]:
    parts = {"score": 1.0, "recency": 0.0, "importance": 0.5, "relevance": 0.5, "evidence": []}
    return {"id": f"m-e-{number}-0", "kind": kind, "text": text, "tick": number, **parts}
