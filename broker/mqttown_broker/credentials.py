"""A credential: how a key is made, hashed and checked, and how its row is written."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any, Final, Literal, Protocol

from mqttown_contract.types import is_id, is_service_name

__all__ = [
    "Credential",
    "Database",
    "Kind",
    "Scope",
    "create_table",
    "ensure_service_keys",
    "hash_key",
    "make_key",
    "mosquitto_hash",
    "register",
    "revoke",
]

Kind = Literal["agent", "service"]
Scope = Literal["full", "listen", "speak"]
"""What a key is good for: all of the agent's grants, subscribing alone, or publishing alone."""

KEY_BYTES: Final = 32
_PREFIX: Final = "sha256:"
_SALT_BYTES: Final = 12
_ROUNDS: Final = 1
_SCHEMA_LOCK: Final = 0x6D717474
"""Advisory lock that makes two processes create the table one after the other."""


class Database(Protocol):
    """The part of an asyncpg pool or connection that is used here."""

    async def execute(self, query: str, *args: Any) -> Any:
        """Run a statement."""

    async def executemany(self, command: str, args: Any) -> Any:
        """Run a statement once for each row of `args`, in one transaction."""


@dataclass(frozen=True, slots=True)
class Credential:
    """One row of `town.credentials`.

    Attributes:
        agent: the agent's or the service's name.
        tag: '' for the first credential, else the part of the user name behind `~`.
        key_hash: `sha256:` and 64 hex digits.
        kind: who it is for.
        home_district: the agent's home district; None for a service.
        expires: end of validity, or None.
        revoked: when it was taken back, or None.
        scope: how much of the agent's grants it carries.
        mosquitto_hash: the same key in the syntax of Mosquitto's password file, or None where nobody made it.
    """

    agent: str
    tag: str
    key_hash: str
    kind: Kind
    home_district: str | None = None
    expires: datetime | None = None
    revoked: datetime | None = None
    scope: Scope = "full"
    mosquitto_hash: str | None = None

    def is_valid(self, now: datetime) -> bool:
        """Say whether it is neither revoked nor expired at `now`."""
        return self.revoked is None and (self.expires is None or now < self.expires)

    def opens_with(self, key: str) -> bool:
        """Say whether `key` is its key; the time this takes tells nothing about the hash."""
        return hmac.compare_digest(self.key_hash.encode(), hash_key(key).encode())


def make_key() -> str:
    """A new key: 32 random bytes as URL-safe base64."""
    return secrets.token_urlsafe(KEY_BYTES)


def hash_key(key: str) -> str:
    """What is kept of a key. Its 256 random bits need no slow hash: there is nothing to guess."""
    return _PREFIX + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def mosquitto_hash(key: str) -> str:
    """The same key as Mosquitto's `password_file` wants it: PBKDF2 with HMAC-SHA512, one round (docs/adr/0006)."""
    salt = secrets.token_bytes(_SALT_BYTES)
    made = hashlib.pbkdf2_hmac("sha512", key.encode("utf-8", "surrogatepass"), salt, _ROUNDS)
    return f"$7${_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(made).decode()}"


async def create_table(database: Database) -> None:
    """Create `town.credentials` with its announcing trigger, unless it is there."""
    definition = resources.files("mqttown_broker").joinpath("credentials.sql").read_text("utf-8")
    await database.execute(f"BEGIN; SELECT pg_advisory_xact_lock({_SCHEMA_LOCK}); {definition} COMMIT")


async def ensure_service_keys(database: Database, keys: Mapping[str, str]) -> None:
    """Let each service in by the key given here, in place of any former one.

    Args:
        database: asyncpg pool or connection.
        keys: key by name of the service.

    Raises:
        ValueError: a name is no service's.
    """
    for service in keys:
        if not is_service_name(service):
            raise ValueError(f"{service!r} is no service of mqttown")
    await database.executemany(
        "INSERT INTO town.credentials (agent, tag, key_hash, kind, mosquitto_hash) VALUES ($1, '', $2, 'service', $3) "
        "ON CONFLICT (agent, tag) DO UPDATE SET key_hash = EXCLUDED.key_hash, mosquitto_hash = EXCLUDED.mosquitto_hash, "
        "revoked = NULL, expires = NULL WHERE town.credentials.key_hash <> EXCLUDED.key_hash "
        "OR town.credentials.mosquitto_hash IS NULL OR town.credentials.revoked IS NOT NULL",
        [(service, hash_key(key), mosquitto_hash(key)) for service, key in sorted(keys.items())],
    )


async def register(
    database: Database,
    agent: str,
    home_district: str,
    key_hash: str,
    *,
    tag: str = "",
    expires: datetime | None = None,
    mosquitto: str | None = None,
) -> None:
    """Let an agent in by a key, in place of its former one with that tag.

    Args:
        database: asyncpg pool or connection.
        agent: name of the agent.
        home_district: where its topics are.
        key_hash: of the key, from `hash_key`.
        tag: '' for the agent's first key.
        expires: when the key ends, aware of its time zone; None for never.
        mosquitto: of the same key, from `mosquitto_hash`; without it the key opens no Mosquitto.

    Raises:
        ValueError: the name, the district or the tag is no id, or the name is a service's.
    """
    if is_service_name(agent):
        raise ValueError(f"{agent!r} is the name of a service; choose another for the agent")
    for level in (agent, home_district, *([tag] if tag else [])):
        if not is_id(level):
            raise ValueError(f"{level!r} is no id: allowed are 1 to 48 of a-z, 0-9, _ and -, and a letter or digit first")
    await database.execute(
        "INSERT INTO town.credentials (agent, tag, key_hash, kind, home_district, expires, mosquitto_hash) "
        "VALUES ($1, $2, $3, 'agent', $4, $5, $6) ON CONFLICT (agent, tag) DO UPDATE "
        "SET key_hash = EXCLUDED.key_hash, expires = EXCLUDED.expires, mosquitto_hash = EXCLUDED.mosquitto_hash, revoked = NULL",
        agent, tag, key_hash, home_district, expires, mosquitto,
    )  # fmt: skip


async def revoke(database: Database, agent: str, tag: str | None = None) -> None:
    """Take back one credential of an agent, or with `tag` None all of them; live connections by them end within two seconds."""
    await database.execute(
        "UPDATE town.credentials SET revoked = $3 WHERE agent = $1 AND ($2::text IS NULL OR tag = $2) AND revoked IS NULL",
        agent, tag, datetime.now(UTC),
    )  # fmt: skip
