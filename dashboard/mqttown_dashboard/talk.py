"""Talking with one's own resident: what it remembers, put into words by its model, or by the town's prose where it has none."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, Field

from mqttown_contract.messages import Recalled
from mqttown_contract.persona import Resident

__all__ = ["Talk", "TalkView"]

MEMORIES: Final = 6
MAX_TOKENS: Final = 160
LONGEST: Final = 1000
_NOTHING: Final = "answer_no_news"
"""The group of prose for who remembers nothing of it."""


class TalkView(BaseModel):
    """An answer in a resident's voice."""

    text: str
    by: str = Field(description="`model`, or `routine` where it has none, or none that would answer")
    model: str | None
    memories: list[dict[str, Any]] = Field(description="that came to its mind")
    why_routine: str | None = Field(default=None, description="why no model answered, where one was asked")


class Talk:
    """Puts questions and answers into words.

    Args:
        town: its name.
        prose: of the compiled town.
        prompts: folder with `talk.jinja`; None where no model is to be asked.
    """

    def __init__(self, town: str, prose: dict[str, Sequence[str]], prompts: Path | None) -> None:
        self._town = town
        environment = SandboxedEnvironment(autoescape=False, trim_blocks=True, lstrip_blocks=True)
        self._nothing = [environment.from_string(source) for source in prose.get(_NOTHING, ())]
        file = None if prompts is None else prompts / "talk.jinja"
        self._prompt = environment.from_string(file.read_text(encoding="utf-8")) if file is not None and file.exists() else None

    def request(self, resident: Resident, question: str, memories: Sequence[Recalled]) -> dict[str, Any] | None:
        """What its model is asked; None if it has none."""
        if resident.mind.kind != "model" or self._prompt is None:
            return None
        prompt = self._prompt.render(
            name=resident.name, town=self._town, tagline=resident.tagline, story=resident.story, goals=resident.goals,
            style=resident.profile.style, memories=[memory.text for memory in memories],
        )  # fmt: skip
        messages = [{"role": "system", "content": prompt}, {"role": "user", "content": question}]
        return {"messages": messages, "tools": [], "max_tokens": MAX_TOKENS, "tier": resident.mind.tier}

    def routine(self, resident: Resident, question: str, memories: Sequence[Recalled]) -> str:
        """What the built-in mind says: what it remembers best, or that it knows nothing of it."""
        if memories:
            return f"What comes to my mind: {memories[0].text}"[:LONGEST]
        if not self._nothing:
            return "Nothing comes to my mind."
        try:
            template = self._nothing[sum(question.encode()) % len(self._nothing)]
            return template.render(name="friend", me=resident.name.split()[0], place="this street", where="the town")[:LONGEST]
        except (TemplateError, IndexError):
            return "Nothing comes to my mind."
