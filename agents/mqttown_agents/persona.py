"""Who a resident is: the unchanging facts of a person of the compiled town that a mind acts on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

__all__ = ["MIDDLING", "Persona", "Relation"]

MIDDLING: Final = 500
"""Permille of a trait that the person's file does not tell."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What somebody is to this person.

    Attributes:
        kind: partner, parent, child, sibling, friend, colleague, neighbour, …
        warmth: permille.
    """

    kind: str
    warmth: int


@dataclass(frozen=True, slots=True)
class Persona:
    """A person.

    Attributes:
        id: agent id.
        name: in full.
        home: building id, or None.
        job: job id, or None.
        sociable, curious, generous, conscientious: traits in permille.
        likes: kinds of place they go to in their free time.
        goals: what they are after, in words.
        wakes, sleeps: minutes of the day; `sleeps` may lie after midnight.
        relations: other agent's id to what they are to each other.
    """

    id: str
    name: str
    home: str | None
    job: str | None
    sociable: int
    curious: int
    generous: int
    conscientious: int
    likes: tuple[str, ...]
    goals: tuple[str, ...]
    wakes: int
    sleeps: int
    relations: Mapping[str, Relation]

    @property
    def first_name(self) -> str:
        """As friends call them."""
        return self.name.split()[0]

    def warmth(self, other: str) -> int:
        """Permille of warmth towards somebody; 300 towards a stranger."""
        relation = self.relations.get(other)
        return relation.warmth if relation is not None else 300

    @classmethod
    def from_person(cls, person: Mapping[str, Any]) -> Self:
        """Read an entry of `people` in the compiled town."""
        traits = person.get("traits", {})
        return cls(
            id=person["id"],
            name=person["name"],
            home=person.get("home"),
            job=person.get("job"),
            sociable=traits.get("sociable", MIDDLING),
            curious=traits.get("curious", MIDDLING),
            generous=traits.get("generous", MIDDLING),
            conscientious=traits.get("conscientious", MIDDLING),
            likes=tuple(person.get("likes", ())),
            goals=tuple(person.get("goals", ())),
            wakes=person.get("wakes", 420),
            sleeps=person.get("sleeps", 1350),
            relations={entry["with"]: Relation(entry["kind"], entry["warmth"]) for entry in person.get("relations", ())},
        )
