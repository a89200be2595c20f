"""The second factor: codes of 30 seconds by RFC 6238, each good once, from a secret that is encrypted at rest."""

import time
from pathlib import Path
from typing import Final, Self

import asyncpg
from cryptography.fernet import Fernet, InvalidToken

from mqttown.private import write_private
from mqttown_dashboard.problems import ProblemError

__all__ = ["SecondFactor"]

FILE: Final = "portal-second-factor.key"
STEP_SECONDS: Final = 30
DRIFT: Final = 1
"""Steps that a clock may be wrong by."""


class SecondFactor:
    """The table `portal.second_factors`.

    Args:
        pool: connections that take the dashboard's role.
        crypt: encrypts secrets; None where there is no data directory to keep its key in, and so no second factor.
    """

    def __init__(self, pool: asyncpg.Pool, crypt: Fernet | None) -> None:
        self._pool = pool
        self._crypt = crypt

    @classmethod
    def open(cls, pool: asyncpg.Pool, folder: Path | None) -> Self:
        """Read the key out of the data directory, or make it."""
        if folder is None:
            return cls(pool, None)
        file = folder / FILE
        if not file.exists():
            write_private(file, Fernet.generate_key().decode("ascii"))
        return cls(pool, Fernet(file.read_bytes()))

    async def in_force(self, account: str) -> bool:
        """Whether an account needs a code to sign in."""
        return bool(
            await self._pool.fetchval(
                "SELECT count(*) FROM portal.second_factors WHERE account = $1 AND confirmed IS NOT NULL", account
            )
        )

    async def begin(self, account: str, town: str) -> tuple[str, str]:
        """Make a secret, which is in force once a code of it was shown; the secret, and its URI for an app.

        Raises:
            ProblemError: 503 without a data directory, 409 where one is in force.
        """
        import pyotp  # noqa: PLC0415  for the few who have one

        if self._crypt is None:
            raise ProblemError(503, "unavailable", "This town has no data directory, so it keeps no second factors.")
        secret = pyotp.random_base32()
        done = await self._pool.fetchval(
            "INSERT INTO portal.second_factors (account, secret) VALUES ($1, $2) ON CONFLICT (account) DO UPDATE SET secret = $2 "
            "WHERE second_factors.confirmed IS NULL RETURNING true",
            account,
            self._crypt.encrypt(secret.encode()),
        )
        if not done:
            raise ProblemError(409, "not_possible", "You have a second factor; take it away first.")
        return secret, pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=f"mqttown {town}")

    async def confirm(self, account: str, code: str) -> bool:
        """Put the secret in force by a code of it; False if the code is not right."""
        return await self._use(account, code, confirmed=False)

    async def passes(self, account: str, code: str) -> bool:
        """Whether a code of a secret in force is right, and was not used before."""
        return await self._use(account, code, confirmed=True)

    async def remove(self, account: str) -> None:
        """Take the second factor away."""
        await self._pool.execute("DELETE FROM portal.second_factors WHERE account = $1", account)

    async def _use(self, account: str, code: str, *, confirmed: bool) -> bool:
        import pyotp  # noqa: PLC0415

        row = await self._pool.fetchrow(
            "SELECT secret, last_step FROM portal.second_factors WHERE account = $1 AND (confirmed IS NOT NULL) = $2",
            account,
            confirmed,
        )
        if row is None or self._crypt is None:
            return False
        try:
            otp = pyotp.TOTP(self._crypt.decrypt(bytes(row["secret"])).decode())
        except InvalidToken:
            return False
        now = int(time.time()) // STEP_SECONDS
        fitting = [step for step in range(now - DRIFT, now + DRIFT + 1) if pyotp.utils.strings_equal(otp.generate_otp(step), code)]
        if not fitting:
            return False
        done = await self._pool.fetchval(
            "UPDATE portal.second_factors SET last_step = $2, confirmed = coalesce(confirmed, now()) "
            "WHERE account = $1 AND last_step < $2 RETURNING true",
            account,
            fitting[0],
        )
        return bool(done)
