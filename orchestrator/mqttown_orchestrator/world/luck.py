"""Luck that needs no state: each draw is a hash of the seed and of what is drawn for."""

from hashlib import blake2b

import orjson

__all__ = ["Luck"]


class Luck:
    """A seeded source of draws. The same seed and key give the same number in every process.

    Counter based, as in Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011), with BLAKE2b as the mixer.
    """

    def __init__(self, seed: int | str) -> None:
        self.seed = seed
        self._root = blake2b(orjson.dumps(["mqttown", str(seed)]), digest_size=4)

    def draw(self, *key: int | str) -> int:
        """A number from 0 to 2^32-1, fixed by seed and key."""
        mixer = self._root.copy()
        mixer.update(orjson.dumps(key))
        return int.from_bytes(mixer.digest(), "big")

    def below(self, bound: int, *key: int | str) -> int:
        """A number from 0 to `bound`-1."""
        return self.draw(*key) * bound >> 32
