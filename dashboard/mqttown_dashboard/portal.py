"""The schema `portal`: accounts, their sessions and API keys. Every question about them is here."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, Self

import asyncpg
import structlog
from asyncpg.exceptions import ForeignKeyViolationError, InsufficientPrivilegeError, UniqueViolationError

from mqttown_dashboard.secret import digest, fresh, same

__all__ = ["API_KEY_PREFIX", "REFRESH_PREFIX", "AccountRole", "Portal", "SignedIn", "prepare"]

AccountRole = Literal["owner", "researcher", "operator"]
API_KEY_PREFIX: Final = "mqt_"
REFRESH_PREFIX: Final = "mqr_"
SESSION_DAYS: Final = 30
KEYS_OF_ACCOUNT: Final = 50
"""API keys in use at a time."""
DATABASE_ROLE: Final = "mqttown_dashboard"
_SEEN_EVERY: Final = "1 minute"
_HERE: Final = Path(__file__).parent

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account, and by which session or API key it speaks."""

    account: str
    role: AccountRole
    scopes: frozenset[str] | None = None
    """None for a session, which may do all that its account may."""
    session: str | None = None


async def prepare(url: str) -> dict[str, str]:
    """Make the schema and the database role that the dashboard's connections take.

    Returns:
        Settings for every later connection: the role to take, empty where this database does not let us make roles.

    Raises:
        OSError, asyncpg.PostgresError: the database can't be reached or written.
    """
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('mqttown portal'))")
            await connection.execute((_HERE / "portal.sql").read_text(encoding="utf-8"))
        try:
            async with connection.transaction():
                await connection.execute((_HERE / "privileges.sql").read_text(encoding="utf-8"))
        except InsufficientPrivilegeError as error:
            log.warning("the database user may make no roles, so the dashboard goes on with all its rights", error=str(error))
            return {}
    finally:
        await connection.close()
    return {"role": DATABASE_ROLE}


class Portal:
    """Accounts in the database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, settings: dict[str, str]) -> AsyncIterator[Self]:
        """Connect for the length of an `async with`.

        Args:
            url: of the database.
            settings: as `prepare` gave them.
        """
        async with asyncpg.create_pool(
            url, min_size=0, max_size=4, command_timeout=10, server_settings={"application_name": "mqttown portal", **settings}
        ) as pool:
            yield cls(pool)

    @property
    def pool(self) -> asyncpg.Pool:
        """Its connections, for the other tables of the schema."""
        return self._pool

    # --- accounts --------------------------------------------------------------------------------------

    async def sign_up(self, name: str, password_hash: str) -> bool:
        """Make an owner's account; False if the name is taken."""
        try:
            await self._pool.execute(
                "INSERT INTO portal.accounts (name, role, password_hash) VALUES ($1, 'owner', $2)", name, password_hash
            )
        except UniqueViolationError:
            return False
        return True

    async def password_hash(self, name: str) -> str | None:
        """Of an account that may sign in."""
        found = await self._pool.fetchval("SELECT password_hash FROM portal.accounts WHERE name = $1 AND locked IS NULL", name)
        return None if found is None else str(found)

    async def account(self, name: str) -> dict[str, Any] | None:
        """Name, role, when it was made, whether it is locked."""
        row = await self._pool.fetchrow("SELECT name, role, created, locked FROM portal.accounts WHERE name = $1", name)
        return None if row is None else dict(row)

    async def accounts(self, after: str, limit: int) -> list[dict[str, Any]]:
        """Accounts in the order of their names."""
        rows = await self._pool.fetch(
            "SELECT name, role, created, locked FROM portal.accounts WHERE name > $1 ORDER BY name LIMIT $2", after, limit
        )
        return [dict(row) for row in rows]

    async def change(self, name: str, *, role: AccountRole | None, locked: bool | None) -> dict[str, Any] | None:
        """Give an account another role, or lock it, which ends its sessions; None if there is no such account."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "UPDATE portal.accounts SET role = COALESCE($2, role), "
                "locked = CASE $3::boolean WHEN true THEN COALESCE(locked, now()) WHEN false THEN NULL ELSE locked END "
                "WHERE name = $1 RETURNING name, role, created, locked",
                name,
                role,
                locked,
            )
            if locked:
                await connection.execute("UPDATE portal.sessions SET ended = now() WHERE account = $1 AND ended IS NULL", name)
        return None if row is None else dict(row)

    async def change_password(self, name: str, password_hash: str, keep: str) -> None:
        """Set another password, and end all sessions but one."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("UPDATE portal.accounts SET password_hash = $2 WHERE name = $1", name, password_hash)
            await connection.execute(
                "UPDATE portal.sessions SET ended = now() WHERE account = $1 AND id <> $2 AND ended IS NULL", name, keep
            )

    # --- sessions --------------------------------------------------------------------------------------

    async def begin(self, account: str, client: str, address: str) -> tuple[str, str]:
        """Begin a session; its id and its first refresh token."""
        session, token = secrets.token_hex(8), fresh(REFRESH_PREFIX)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO portal.sessions (id, account, client, address, expires) VALUES ($1, $2, $3, $4, $5)",
                session,
                account,
                client,
                address,
                datetime.now(UTC) + timedelta(days=SESSION_DAYS),
            )
            await connection.execute(
                "INSERT INTO portal.refresh_tokens (token_hash, session) VALUES ($1, $2)", digest(token), session
            )
        return session, token

    async def refresh(self, token: str) -> tuple[str, str, str] | None:
        """Change a refresh token for a new one: account, session, token. None if it is not good.

        A token that was used before ends its session: one of the two who had it has stolen it.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "SELECT token.used, session.id, session.account, "
                "session.ended IS NULL AND session.expires > now() AND account.locked IS NULL AS good "
                "FROM portal.refresh_tokens token JOIN portal.sessions session ON session.id = token.session "
                "JOIN portal.accounts account ON account.name = session.account WHERE token.token_hash = $1 FOR UPDATE OF token",
                digest(token),
            )
            if row is None or not row["good"]:
                return None
            if row["used"] is not None:
                await connection.execute("UPDATE portal.sessions SET ended = now() WHERE id = $1", row["id"])
                log.warning("a refresh token came twice; its session is ended", account=row["account"], session=row["id"])
                return None
            following = fresh(REFRESH_PREFIX)
            await connection.execute("UPDATE portal.refresh_tokens SET used = now() WHERE token_hash = $1", digest(token))
            await connection.execute(
                "INSERT INTO portal.refresh_tokens (token_hash, session) VALUES ($1, $2)", digest(following), row["id"]
            )
        return row["account"], row["id"], following

    async def session(self, session: str, account: str) -> SignedIn | None:
        """Who speaks in a session; None if it is over."""
        row = await self._pool.fetchrow(
            "SELECT account.role, session.seen < now() - $3::text::interval AS stale "
            "FROM portal.sessions session JOIN portal.accounts account ON account.name = session.account "
            "WHERE session.id = $1 AND session.account = $2 AND session.ended IS NULL AND session.expires > now() "
            "AND account.locked IS NULL",
            session,
            account,
            _SEEN_EVERY,
        )
        if row is None:
            return None
        if row["stale"]:
            await self._pool.execute("UPDATE portal.sessions SET seen = now() WHERE id = $1", session)
        return SignedIn(account, row["role"], None, session)

    async def sessions(self, account: str) -> list[dict[str, Any]]:
        """Sessions that are not over, the newest first."""
        rows = await self._pool.fetch(
            "SELECT id, client, address, created, seen, expires FROM portal.sessions "
            "WHERE account = $1 AND ended IS NULL AND expires > now() ORDER BY created DESC, id",
            account,
        )
        return [dict(row) for row in rows]

    async def end(self, session: str, account: str) -> bool:
        """End a session; False if this account has none of this id."""
        done = await self._pool.fetchval(
            "UPDATE portal.sessions SET ended = now() WHERE id = $1 AND account = $2 AND ended IS NULL RETURNING true",
            session,
            account,
        )
        return bool(done)

    # --- API keys --------------------------------------------------------------------------------------

    async def make_key(
        self, account: str, label: str, scopes: Sequence[str], expires: datetime | None
    ) -> tuple[str, dict[str, Any]] | None:
        """Make an API key: the key, which is not kept, and what is kept of it. None if the account has enough, or is none."""
        identity = secrets.token_hex(4)
        key = fresh(f"{API_KEY_PREFIX}{identity}_")
        try:
            row = await self._pool.fetchrow(
                "INSERT INTO portal.api_keys (id, account, label, key_hash, last_four, scopes, expires) "
                "SELECT $1, $2, $3, $4, $5, $6, $7 WHERE (SELECT count(*) FROM portal.api_keys "
                "WHERE account = $2 AND revoked IS NULL) < $8 RETURNING id, label, last_four, scopes, created, expires",
                identity, account, label, digest(key), key[-4:], list(scopes), expires, KEYS_OF_ACCOUNT,
            )  # fmt: skip
        except ForeignKeyViolationError:
            return None
        return None if row is None else (key, dict(row))

    async def keys(self, account: str) -> list[dict[str, Any]]:
        """API keys in use, the newest first."""
        rows = await self._pool.fetch(
            "SELECT id, label, last_four, scopes, created, expires FROM portal.api_keys "
            "WHERE account = $1 AND revoked IS NULL ORDER BY created DESC, id",
            account,
        )
        return [dict(row) for row in rows]

    async def revoke_key(self, identity: str, account: str) -> bool:
        """Take an API key out of use; False if this account has none of this id."""
        done = await self._pool.fetchval(
            "UPDATE portal.api_keys SET revoked = now() WHERE id = $1 AND account = $2 AND revoked IS NULL RETURNING true",
            identity,
            account,
        )
        return bool(done)

    async def holder(self, key: str) -> SignedIn | None:
        """Who speaks by an API key; None if it is not good."""
        identity = key.removeprefix(API_KEY_PREFIX).partition("_")[0]
        row = await self._pool.fetchrow(
            "SELECT api_key.key_hash, api_key.scopes, account.name, account.role FROM portal.api_keys api_key "
            "JOIN portal.accounts account ON account.name = api_key.account "
            "WHERE api_key.id = $1 AND api_key.revoked IS NULL AND (api_key.expires IS NULL OR api_key.expires > now()) "
            "AND account.locked IS NULL",
            identity,
        )
        if row is None or not same(row["key_hash"], digest(key)):
            return None
        return SignedIn(row["name"], row["role"], frozenset(row["scopes"]))
