"""Owners' keys for providers: encrypted at rest, never told again but for their last four characters."""

from dataclasses import dataclass
from typing import Final

import asyncpg
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

__all__ = ["KeyLost", "KeyShown", "Keys"]

_SHOWN: Final = 4
_SHORTEST: Final = 8


class KeyLost(RuntimeError):
    """A stored key was encrypted with a secret that we don't have."""


@dataclass(frozen=True, slots=True)
class KeyShown:
    """What may be told of a stored key."""

    id: int
    owner: str
    provider: str
    last_four: str


class Keys:
    """The table of owners' keys. There is no way to read a key but to call a provider with it.

    Args:
        pool: connections to PostgreSQL.
        secrets: Fernet keys, the present one first; the others only decrypt, until `rotate`.

    Raises:
        ValueError: a secret is no Fernet key, or there is none.
    """

    def __init__(self, pool: asyncpg.Pool, secrets: list[str]) -> None:
        if not secrets:
            raise ValueError("keys can't be kept without a secret; make one with cryptography.fernet.Fernet.generate_key()")
        self._pool = pool
        self._crypt = MultiFernet([Fernet(secret) for secret in secrets])

    async def add(self, owner: str, provider: str, key: str) -> KeyShown:
        """Keep a key in place of the owner's former one for this provider.

        Raises:
            ValueError: it is too short to be a key, or has spaces or control characters in it.
        """
        if len(key) < _SHORTEST or not key.isascii() or any(char <= " " or char == "\x7f" for char in key):
            raise ValueError(f"that is no key: {_SHORTEST} or more printable ASCII characters without spaces")
        token = self._crypt.encrypt(key.encode())
        number = await self._pool.fetchval(
            "INSERT INTO runtime.keys (owner, provider, token, last_four) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (owner, provider) DO UPDATE SET token = $3, last_four = $4, created = now() RETURNING id",
            owner,
            provider,
            token,
            key[-_SHOWN:],
        )
        return KeyShown(number, owner, provider, key[-_SHOWN:])

    async def shown(self, owner: str) -> list[KeyShown]:
        """An owner's keys, as they may be shown."""
        rows = await self._pool.fetch(
            "SELECT id, owner, provider, last_four FROM runtime.keys WHERE owner = $1 ORDER BY provider", owner
        )
        return [KeyShown(**row) for row in rows]

    async def remove(self, owner: str, provider: str) -> bool:
        """Forget a key; say whether there was one."""
        return (
            await self._pool.execute("DELETE FROM runtime.keys WHERE owner = $1 AND provider = $2", owner, provider) != "DELETE 0"
        )

    async def plain(self, owner: str, provider: str) -> str | None:
        """The key itself, for a call.

        Raises:
            KeyLost: it was encrypted with a secret that we don't have.
        """
        token = await self._pool.fetchval("SELECT token FROM runtime.keys WHERE owner = $1 AND provider = $2", owner, provider)
        if token is None:
            return None
        try:
            return self._crypt.decrypt(token).decode()
        except InvalidToken as error:
            raise KeyLost(f"the key of {owner} for {provider} was encrypted with a secret that is not set any more") from error

    async def rotate(self) -> int:
        """Encrypt all keys with the present secret; afterwards the older ones can go. Return how many.

        Raises:
            KeyLost: one was encrypted with a secret that we don't have; then none is changed.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch("SELECT id, owner, provider, token FROM runtime.keys ORDER BY id FOR UPDATE")
            for row in rows:
                try:
                    token = self._crypt.rotate(row["token"])
                except InvalidToken as error:
                    raise KeyLost(f"the key of {row['owner']} for {row['provider']} can't be decrypted") from error
                await connection.execute("UPDATE runtime.keys SET token = $2 WHERE id = $1", row["id"], token)
        return len(rows)
