"""The way back in for who has forgotten a password: a token by letter, good once and for an hour."""

from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from mqttown_dashboard.secret import digest, fresh

__all__ = ["PREFIX", "Recovery"]

PREFIX: Final = "mqf_"
GOOD_FOR: Final = timedelta(hours=1)


class Recovery:
    """The table `portal.recoveries`, and the addresses of accounts.

    Args:
        pool: connections that take the dashboard's role.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def set_mail(self, account: str, mail: str | None) -> None:
        """Keep where letters go."""
        await self._pool.execute("UPDATE portal.accounts SET mail = $2 WHERE name = $1", account, mail)

    async def mail(self, account: str) -> str | None:
        """Where letters go, of an account that may sign in."""
        found = await self._pool.fetchval("SELECT mail FROM portal.accounts WHERE name = $1 AND locked IS NULL", account)
        return None if found is None else str(found)

    async def begin(self, account: str) -> str:
        """Make a token, which is not kept."""
        token = fresh(PREFIX)
        await self._pool.execute("DELETE FROM portal.recoveries WHERE expires < now()")
        await self._pool.execute(
            "INSERT INTO portal.recoveries (token_hash, account, expires) VALUES ($1, $2, $3)",
            digest(token),
            account,
            datetime.now(UTC) + GOOD_FOR,
        )
        return token

    async def finish(self, token: str, password_hash: str) -> str | None:
        """Set another password by a token, end all sessions, and make all tokens of the account void; None if it is not good."""
        async with self._pool.acquire() as connection, connection.transaction():
            account = await connection.fetchval(
                "UPDATE portal.recoveries SET used = now() WHERE token_hash = $1 AND used IS NULL AND expires > now() "
                "RETURNING account",
                digest(token),
            )
            if account is None:
                return None
            await connection.execute("UPDATE portal.accounts SET password_hash = $2 WHERE name = $1", account, password_hash)
            await connection.execute("UPDATE portal.sessions SET ended = now() WHERE account = $1 AND ended IS NULL", account)
            await connection.execute("UPDATE portal.recoveries SET used = now() WHERE account = $1 AND used IS NULL", account)
        return str(account)
