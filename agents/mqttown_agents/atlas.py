"""The places a resident knows: learnt from the observations of where they have been."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Atlas", "Place"]

_MOST_KEPT: Final = 64
_KEPT_KINDS: Final = frozenset(("cafe", "restaurant", "shop", "bar", "park", "museum", "church", "theatre", "civic"))


@dataclass(frozen=True, slots=True)
class Place:
    """A place one could go to.

    Attributes:
        id: building id.
        kind: as in the compiled town.
        name: for people.
        metres: from where the resident is, None if it is not near.
        open: None where that is not known.
    """

    id: str
    kind: str
    name: str
    metres: int | None
    open: bool | None


class Atlas:
    """Places seen nearby at some time; the most lately seen are kept. Only kinds that one goes to by choice."""

    __slots__ = ("_near", "_seen")

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, str]] = {}
        self._near: Sequence[Mapping[str, Any]] = ()

    def look(self, nearby: Sequence[Mapping[str, Any]]) -> None:
        """Take in `nearby` of an observation."""
        if nearby is self._near:
            return
        self._near = nearby
        seen = self._seen
        for entry in nearby:
            if entry["kind"] in _KEPT_KINDS and entry["id"] not in seen:
                seen[entry["id"]] = (entry["kind"], entry["name"])
        while len(seen) > _MOST_KEPT:
            del seen[next(iter(seen))]

    def places(self, kinds: Sequence[str]) -> Iterator[Place]:
        """Places of these kinds, the near ones first in their order, without those known to be closed."""
        near: set[str] = set()
        for entry in self._near:
            near.add(entry["id"])
            if entry["kind"] in kinds and entry.get("open") is not False:
                yield Place(entry["id"], entry["kind"], entry["name"], entry["metres"], entry.get("open"))
        for place, (kind, name) in self._seen.items():
            if kind in kinds and place not in near:
                yield Place(place, kind, name, None, None)

    def metres_to(self, building: str) -> int | None:
        """How far a building is, if it is near."""
        for entry in self._near:
            if entry["id"] == building:
                metres: int = entry["metres"]
                return metres
        return None

    def named(self, name: str) -> str | None:
        """The id of the place that people call so."""
        for entry in self._near:
            if entry["name"] == name:
                found: str = entry["id"]
                return found
        return next((place for place, (_, known) in self._seen.items() if known == name), None)

    def name_of(self, building: str) -> str | None:
        """What people call a building, if it is known."""
        for entry in self._near:
            if entry["id"] == building:
                found: str = entry["name"]
                return found
        known = self._seen.get(building)
        return known[1] if known else None
