"""People to begin with: the town's own as presets, a surprise made of several, and how somebody would introduce themselves."""

import json
import random
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from mqttown_contract.persona import Mind, Persona, Traits

__all__ = ["Presets"]

_GREETING: Final = "first_meeting"
"""The group of prose that a first sentence comes from."""
_STRANGER: Final = "neighbour"


class Presets:
    """What a new resident may be made from.

    Args:
        people: as in the compiled town.
        prose: of the compiled town.
    """

    def __init__(self, people: Sequence[Mapping[str, Any]], prose: Mapping[str, Sequence[str]]) -> None:
        self.people: dict[str, Persona] = {str(person["id"]): _persona(person) for person in people if person.get("story")}
        environment = SandboxedEnvironment(autoescape=False)
        self._greetings = [environment.from_string(source) for source in prose.get(_GREETING, ())]

    @classmethod
    def read(cls, town_file: Path, most: int = 200) -> "Presets":
        """Out of a compiled town, which has been checked before."""
        compiled = json.loads(town_file.read_text(encoding="utf-8"))
        return cls(compiled["people"][:most], compiled["prose"])

    @staticmethod
    def prose(town_file: Path) -> dict[str, Sequence[str]]:
        """The prose of a compiled town."""
        return dict(json.loads(town_file.read_text(encoding="utf-8"))["prose"])

    def surprise(self, seed: int | None) -> tuple[int, Persona]:
        """Somebody made of several people. The same seed, the same person.

        Returns:
            The seed that was taken, and the person.

        Raises:
            LookupError: there is nobody to make anybody of.
        """
        known = list(self.people.values())
        if not known:
            raise LookupError("this town has no people of its own to make somebody of")
        taken = secrets.randbelow(2**31) if seed is None else seed
        luck = random.Random(taken)  # noqa: S311  a toss among people, no secret
        one, other, third = (luck.choice(known) for _ in range(3))
        name = f"{one.name.split()[0]} {other.name.split()[-1]}"
        # No story: that of somebody else, with their names in it, would be none of theirs.
        return taken, Persona(
            name=name,
            tagline=third.tagline,
            goals=list(dict.fromkeys(luck.sample([*one.goals, *other.goals], min(2, len({*one.goals, *other.goals}))))),
            age=luck.randint(19, 80),
            traits=Traits(**{trait: luck.randrange(100, 1000, 10) for trait in Traits.model_fields}),
            likes=list(dict.fromkeys([*other.likes, *third.likes]))[:4],
            wakes=one.wakes,
            sleeps=one.sleeps,
        )

    def first_sentence(self, persona: Persona, mind: Mind) -> str:
        """What somebody might say to begin with: the town's own prose, which a routine mind speaks by, and a model writes anew.

        Args:
            persona: who speaks.
            mind: how they think; the tagline is in a model's mouth, the routine has no use for it.
        """
        me = persona.name.split()[0] if persona.name.split() else persona.name
        number = sum(persona.name.encode())
        hello = f"Hello, I'm {me}."
        if self._greetings:
            try:
                hello = self._greetings[number % len(self._greetings)].render(me=me, name=_STRANGER, place="this street")
            except TemplateError:
                return hello
        if mind.kind != "routine" and persona.tagline:
            return f"{hello} {persona.tagline}"
        return hello


def _persona(person: Mapping[str, Any]) -> Persona:
    known = {name: person[name] for name in ("name", "age", "goals", "likes", "traits", "profile") if person.get(name)}
    return Persona.model_validate(
        {
            **known,
            "tagline": person.get("tagline") or None,
            "story": person["story"][:1000],
            "wakes": _clock(person["wakes"]),
            "sleeps": _clock(person["sleeps"]),
        }
    )


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"
