"""What residents know of the things that are sold in town."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Item", "items_of"]


@dataclass(frozen=True, slots=True)
class Item:
    """A kind of thing.

    Attributes:
        id: item id.
        name: for people.
        price: usual price, cents.
        food: hunger that it stills, permille.
        edible: whether it can be eaten or drunk at all.
    """

    id: str
    name: str
    price: int
    food: int
    edible: bool


def items_of(entries: Sequence[Mapping[str, Any]]) -> dict[str, Item]:
    """Read `items` of the compiled town."""
    return {
        entry["id"]: Item(
            entry["id"], entry["name"], entry["price"], entry["restores"].get("food", 0), any(entry["restores"].values())
        )
        for entry in entries
    }
