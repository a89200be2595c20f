"""Secrets of people and programs: how they are made, hashed and compared. Passwords by Argon2id, random ones by SHA-256."""

import asyncio
import hashlib
import hmac
import secrets
from typing import Final

from pwdlib.hashers.argon2 import Argon2Hasher

__all__ = ["Passwords", "digest", "fresh", "same"]

MEMORY_KIB: Final = 19_456
PASSES: Final = 2
LANES: Final = 1
"""The first choice of OWASP's Password Storage Cheat Sheet for Argon2id: 19 MiB, 2 passes, 1 lane."""
AT_ONCE: Final = 2
"""So many passwords are hashed at a time; whoever floods the sign-in waits, and takes no more memory than this."""


def fresh(prefix: str = "") -> str:
    """A new secret: 32 random bytes, URL-safe base64, after a prefix that tells its kind."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """`sha256:` and hex. Enough for 256 random bits, in which there is nothing to guess."""
    return f"sha256:{hashlib.sha256(secret.encode()).hexdigest()}"


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


class Passwords:
    """Hashes and checks passwords, off the event loop."""

    def __init__(self) -> None:
        self._hasher = Argon2Hasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Argon2id with a salt of its own, as one PHC string."""
        async with self._gate:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, password: str, known: str | None) -> bool:
        """Whether a password has this hash. Without one the same work is done: the time does not tell who has an account."""
        if self._nobodys is None:
            self._nobodys = await self.hash(fresh())
        async with self._gate:
            fits = await asyncio.to_thread(self._hasher.verify, password, known or self._nobodys)
        return fits and known is not None
