"""Asking residents outside town time: answers come from memory and traits, and nothing of it is remembered."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import polars as pl

from mqttown_agents.mind import Completion, Thinker
from mqttown_agents.routine import Routine
from mqttown_cli.laboratory.headless import Headless
from mqttown_cli.laboratory.schema import TABLES
from mqttown_orchestrator.world import needs

__all__ = ["QUESTIONS", "Interviewer", "QuestionError"]

_Answer = dict[str, Any]
_PERMILLE: Final = 1000
_MEMORIES: Final = 8
_ANSWER: Final = "You are asked something. Answer in one sentence, truthfully, from what you remember."
_ANSWER_TOKENS: Final = 120


class QuestionError(ValueError):
    """There is no such question; the message says which there are."""


class Interviewer:
    """Puts questions to the residents of a town. It only reads: the world, the minds' notebooks, what was witnessed.

    Args:
        headless: the town.
        people: entries of the compiled town's `people` by id.
        memories: table of that name, as it is now.
        think: asks a model for somebody, or None where nobody has one.
    """

    def __init__(
        self,
        headless: Headless,
        people: Mapping[str, Mapping[str, Any]],
        memories: Callable[[], pl.DataFrame],
        think: Callable[[str, Completion, int], dict[str, Any]] | None = None,
    ) -> None:
        self._headless = headless
        self._people = people
        self._think = think
        self._memories = memories
        self._remembered: dict[str, pl.DataFrame] = {}
        self._read_at = -1
        self._none = pl.DataFrame(schema=TABLES["memories"].schema)

    def ask(self, agent: str, question: Mapping[str, Any]) -> _Answer:
        """Ask one resident.

        Args:
            agent: who is asked.
            question: `ask`, one of `QUESTIONS`, and what it needs.

        Returns:
            A row of table `answers` without `tick` and `survey`.

        Raises:
            QuestionError: there is no such question.
        """
        kind = str(question.get("ask"))
        if kind not in QUESTIONS:
            raise QuestionError(f"there is no question {kind!r}; there are {', '.join(QUESTIONS)}")
        answer: _Answer = {"type": None, "boolean": None, "number": None, "text": None, "list": None, "evidence": []}
        try:
            answer |= QUESTIONS[kind](self, agent, question)
        except KeyError as missing:
            raise QuestionError(f"the question {kind!r} needs {missing.args[0]!r}") from missing
        return {"agent": agent, "question": kind if "about" not in question else f"{kind}: {question['about']}", **answer}

    def knows(self, agent: str, question: Mapping[str, Any]) -> _Answer:
        """Whether somebody remembers these words (`about`); evidence are the events in which they were heard."""
        about = str(question["about"])
        said = pl.col("kind").is_in(["message", "observation"]) & pl.col("text").str.contains(about, literal=True)
        evidence = [event for row in self._of(agent).filter(said)["evidence"].to_list() for event in row]
        return {"type": "boolean", "boolean": bool(evidence), "evidence": evidence}

    def acquainted(self, agent: str, _question: Mapping[str, Any]) -> _Answer:
        """Whom somebody knows: by relation from before, or because words went between them."""
        related = [relation["with"] for relation in self._people.get(agent, {}).get("relations", ())]
        heard = self._of(agent).filter((pl.col("kind") == "message") & pl.col("actor").is_not_null())
        met = heard["actor"].unique(maintain_order=True).to_list()
        return {"type": "list", "list": list(dict.fromkeys([*related, *met]))}

    def mood(self, agent: str, _question: Mapping[str, Any]) -> _Answer:
        """How somebody is: the mean of the needs, 0 to 1."""
        levels = self._levels(agent).values()
        return {"type": "number", "number": round(sum(levels) / len(levels), 6)}

    def need(self, agent: str, question: Mapping[str, Any]) -> _Answer:
        """One need (`about`: energy, food or company), 0 to 1."""
        return {"type": "number", "number": self._levels(agent)[question["about"]]}

    def trait(self, agent: str, question: Mapping[str, Any]) -> _Answer:
        """One trait (`about`), 0 to 1; none where it is not known."""
        trait = self._people.get(agent, {}).get("traits", {}).get(question["about"])
        return {"type": "number", "number": None if trait is None else trait / _PERMILLE}

    def choice(self, agent: str, question: Mapping[str, Any]) -> _Answer:
        """Which of `options` (kinds of place) somebody likes best; none if they like none of them."""
        likes = self._people.get(agent, {}).get("likes", [])
        return {"type": "choice", "text": next((kind for kind in likes if kind in question["options"]), None)}

    def plans(self, agent: str, _question: Mapping[str, Any]) -> _Answer:
        """Where and with whom somebody means to meet next."""
        mind = self._headless.minds[agent]
        meeting = mind.notebook.next_meeting() if isinstance(mind, Routine) else None
        if meeting is None:
            return {"type": "text"}
        place = self._headless.plan.buildings[meeting.place].name
        return {"type": "text", "text": f"{place}, {self._headless.plan.clock.text(meeting.tick)[11:16]}, with {meeting.other}"}

    def attending(self, agent: str, question: Mapping[str, Any]) -> _Answer:
        """Whether somebody means to come to an occasion (`about`: its words), and why or why not; null if it is unheard of."""
        mind = self._headless.minds[agent]
        answered = mind.notebook.occasions.get(str(question["about"])) if isinstance(mind, Routine) else None
        if answered is None:
            return {"type": "boolean"}
        return {"type": "boolean", "boolean": answered.coming, "text": answered.reason, "list": [answered.heard_from]}

    def recall(self, agent: str, question: Mapping[str, Any]) -> _Answer:
        """What comes to mind first of some words (`about`), by the score of the memory service."""
        from mqttown_cli.laboratory.recollection import best_memory  # noqa: PLC0415  embedding takes its time to load

        found = best_memory(self._of(agent), str(question["about"]), self._headless.state.tick)
        return {"type": "text"} if found is None else {"type": "text", "text": found["text"], "evidence": found["evidence"]}

    def open(self, agent: str, question: Mapping[str, Any]) -> _Answer:
        """An open question (`about`): who thinks with a model answers by it, from what comes to mind; others as to `recall`."""
        if self._think is None or not isinstance(self._headless.minds[agent], Thinker):
            return self.recall(agent, question)
        from mqttown_cli.laboratory.recollection import best_memories  # noqa: PLC0415

        tick, person = self._headless.state.tick, self._people[agent]
        found = best_memories(self._of(agent), str(question["about"]), tick, _MEMORIES)
        remembered = "\n".join(f"- {memory['text']}" for memory in found) or "- nothing"
        messages = [
            {"role": "system", "content": f"You are {person['name']}. {person.get('story', '')} {_ANSWER}"},
            {"role": "user", "content": f"You remember:\n{remembered}\n\nQuestion: {question['about']}"},
        ]
        thought = self._think(agent, Completion(messages, max_tokens=_ANSWER_TOKENS), tick)
        said = (thought.get("message") or {}).get("content")
        return {"type": "text", "text": said, "evidence": [event for memory in found for event in memory["evidence"]]}

    def _levels(self, agent: str) -> dict[str, float]:
        state = self._headless.state
        return {name: needs.level(need, state.tick) / _PERMILLE for name, need in state.bodies[agent].needs.items()}

    def _of(self, agent: str) -> pl.DataFrame:
        """The memories of somebody."""
        if self._read_at != self._headless.state.tick:
            self._read_at = self._headless.state.tick
            self._remembered = {str(key[0]): rows for key, rows in self._memories().group_by("agent", maintain_order=True)}
        return self._remembered.get(agent, self._none)


QUESTIONS: Final[dict[str, Callable[[Interviewer, str, Mapping[str, Any]], _Answer]]] = {
    "knows": Interviewer.knows,
    "acquainted": Interviewer.acquainted,
    "mood": Interviewer.mood,
    "need": Interviewer.need,
    "trait": Interviewer.trait,
    "choice": Interviewer.choice,
    "plans": Interviewer.plans,
    "attending": Interviewer.attending,
    "recall": Interviewer.recall,
    "open": Interviewer.open,
}
"""What can be asked."""
