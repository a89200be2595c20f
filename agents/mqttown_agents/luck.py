"""A mind's own luck: counter based, so that it needs no state and no order of draws matters."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, TypeVar

__all__ = ["Luck"]

T = TypeVar("T")
_SEPARATOR: Final = "\x1f"


class Luck:
    """Draws that depend on the seed, the agent and the key alone.

    Args:
        seed: the town's seed.
        agent: whose luck it is; two agents never share a draw.
    """

    __slots__ = ("_seeded",)

    def __init__(self, seed: int, agent: str) -> None:
        self._seeded = blake2b(f"{seed}{_SEPARATOR}mind{_SEPARATOR}{agent}".encode(), digest_size=4)

    def draw(self, *key: str | int) -> int:
        """A whole number in 0..2^32-1, the same for the same key."""
        digest = self._seeded.copy()
        digest.update((_SEPARATOR + _SEPARATOR.join(map(str, key))).encode())
        return int.from_bytes(digest.digest(), "big")

    def chance(self, permille: int, *key: str | int) -> bool:
        """True in `permille` of 1000 draws."""
        return self.draw(*key) % 1000 < permille

    def pick(self, choices: Sequence[T], *key: str | int) -> T:
        """One of the choices.

        Raises:
            ValueError: there is nothing to choose from.
        """
        if not choices:
            raise ValueError("there is nothing to pick from")
        return choices[self.draw(*key) % len(choices)]
