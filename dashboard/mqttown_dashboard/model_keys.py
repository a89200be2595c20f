"""Owners' keys for providers of models: handed in sealed for the gateway, tested and removed by it, and never seen again here."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg
import orjson
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mqttown_dashboard.problems import ProblemError
from mqttown_dashboard.rights import Rights

__all__ = ["KeyShown", "ModelKeys", "seal"]

PATIENCE_SECONDS: Final = 30.0
"""With the gateway, which may have to ask a provider."""
POLL_SECONDS: Final = 0.1
_NONCE: Final = bytes(12)
"""Each sealing has a key of its own, so the nonce may be the same."""


@dataclass(frozen=True, slots=True)
class KeyShown:
    """What may be shown of a key."""

    provider: str
    last_four: str
    created: datetime


class ModelKeys:
    """The portal's side of owners' keys.

    Args:
        pool: connections that take the dashboard's role.
        rights: what is there for them.
    """

    def __init__(self, pool: asyncpg.Pool, rights: Rights) -> None:
        self._pool = pool
        self._rights = rights

    async def registry(self) -> dict[str, Any] | None:
        """Providers, models with prices, and tiers; None in a town without models."""
        if not await self._rights.have("keys"):
            return None
        told = await self._pool.fetchval("SELECT told FROM runtime.registry")
        return None if told is None else dict(orjson.loads(told))

    async def owned(self, owner: str) -> list[KeyShown]:
        """An owner's keys, by provider."""
        await self._rights.need("keys")
        rows = await self._pool.fetch(
            "SELECT provider, last_four, created FROM runtime.keys WHERE owner = $1 ORDER BY provider", owner
        )
        return [KeyShown(**row) for row in rows]

    async def keep(self, owner: str, provider: str, key: str) -> str | None:
        """Have a key kept in place of the owner's former one; what is wrong with it, or None."""
        await self._rights.need("keys")
        public = await self._pool.fetchval("SELECT public_key FROM runtime.seal")
        if public is None:
            raise ProblemError(
                503, "unavailable", "This town's gateway keeps no keys; its operator sets MQTTOWN_KEY_SECRETS for that."
            )
        return await self._errand(owner, provider, "keep", seal(key, bytes(public), f"{owner} {provider}"))

    async def test(self, owner: str, provider: str) -> str | None:
        """Have the smallest call made with a key; what is wrong with it, or None."""
        return await self._errand(owner, provider, "test", None)

    async def remove(self, owner: str, provider: str) -> str | None:
        """Have a key forgotten; what is wrong, or None."""
        return await self._errand(owner, provider, "remove", None)

    async def _errand(self, owner: str, provider: str, what: Literal["keep", "test", "remove"], sealed: bytes | None) -> str | None:
        await self._rights.need("keys")
        number = await self._pool.fetchval(
            "INSERT INTO runtime.key_errands (owner, provider, what, sealed) VALUES ($1, $2, $3, $4) RETURNING id",
            owner,
            provider,
            what,
            sealed,
        )
        await self._pool.execute("NOTIFY runtime")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    row = await self._pool.fetchrow(
                        "SELECT good, detail FROM runtime.key_errands WHERE id = $1 AND done IS NOT NULL", number
                    )
                    if row is not None:
                        return None if row["good"] else str(row["detail"])
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError as error:
            raise ProblemError(504, "timeout", f"The gateway did not answer within {PATIENCE_SECONDS:g} s.") from error


def seal(text: str, public: bytes, about: str) -> bytes:
    """Seal a text so that one process alone can open it: X25519, HKDF with SHA-256, ChaCha20-Poly1305 (RFC 7748, 5869, 8439).

    Args:
        text: the secret.
        public: that process's public key, the gateway's or the jailer's.
        about: what it is for; whoever opens it must say the same.
    """
    mine = X25519PrivateKey.generate()
    ours = mine.public_key().public_bytes_raw()
    shared = mine.exchange(X25519PublicKey.from_public_bytes(public))
    key = HKDF(SHA256(), 32, salt=ours + public, info=b"mqttown key").derive(shared)
    return ours + ChaCha20Poly1305(key).encrypt(_NONCE, text.encode(), about.encode())
