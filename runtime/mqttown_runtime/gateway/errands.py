"""Errands of owners about their keys: the portal writes them down sealed, and the gateway, which alone can open them, does them."""

import asyncio
import contextlib
import json
from collections.abc import Collection, Mapping
from typing import Any, Final

import asyncpg
import structlog

from mqttown_runtime.gateway.gateway import Gateway
from mqttown_runtime.gateway.keys import KeyLost, Keys
from mqttown_runtime.gateway.ledger import CHANNEL
from mqttown_runtime.gateway.registry import Registry
from mqttown_runtime.seal import Seal

__all__ = ["Errands", "announce"]

log = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 5.0
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS runtime.registry (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    told jsonb   NOT NULL                             -- providers, models and tiers, as owners may see them
);
CREATE TABLE IF NOT EXISTS runtime.seal (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    public_key bytea   NOT NULL                       -- X25519; what is sealed with it the gateway alone can open
);
CREATE TABLE IF NOT EXISTS runtime.key_errands (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner    text        NOT NULL,
    provider text        NOT NULL,
    what     text        NOT NULL CHECK (what IN ('keep', 'test', 'remove')),
    sealed   bytea,                                   -- the key to keep; gone once it is kept
    asked    timestamptz NOT NULL DEFAULT now(),
    done     timestamptz,
    good     boolean,
    detail   text
);
"""


class Errands:
    """Keeps, tests and removes keys, as the portal asks.

    Args:
        pool: connections to PostgreSQL.
        keys: of owners.
        seal: opens what comes.
        gateway: tests keys.
        providers: that a key may be for.
    """

    def __init__(self, pool: asyncpg.Pool, keys: Keys, seal: Seal, gateway: Gateway, providers: Collection[str]) -> None:
        self._pool = pool
        self._keys = keys
        self._seal = seal
        self._gateway = gateway
        self._providers = providers
        self._doing: set[int] = set()

    async def open(self) -> None:
        """Tell others what to seal with."""
        await self._pool.execute(
            "INSERT INTO runtime.seal (public_key) VALUES ($1) ON CONFLICT (one) DO UPDATE SET public_key = $1", self._seal.public
        )

    async def run(self) -> None:
        """Do errands as they come, until cancelled."""
        asked = asyncio.Event()

        def ring(*_told: Any) -> None:
            asked.set()

        async with self._pool.acquire() as connection, asyncio.TaskGroup() as group:
            await connection.add_listener(CHANNEL, ring)
            try:
                while True:
                    asked.clear()
                    await self._look(group)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_SECONDS):
                            await asked.wait()
            finally:
                await connection.remove_listener(CHANNEL, ring)

    async def _look(self, group: asyncio.TaskGroup) -> None:
        """Begin what there is to do; a provider that takes its time to test a key keeps nobody else waiting."""
        await self._pool.execute("DELETE FROM runtime.key_errands WHERE asked < now() - interval '1 hour'")
        rows = await self._pool.fetch(
            "SELECT id, owner, provider, what, sealed FROM runtime.key_errands WHERE done IS NULL AND id <> ALL($1) ORDER BY id",
            sorted(self._doing),
        )
        for row in rows:
            self._doing.add(row["id"])
            group.create_task(self._serve(row), name=f"gateway.errand[{row['id']}]")

    async def _serve(self, row: Mapping[str, Any]) -> None:
        try:
            detail = await self._do(row["what"], row["owner"], row["provider"], row["sealed"])
        except (ValueError, KeyLost) as error:
            detail = str(error)
        await self._pool.execute(
            "UPDATE runtime.key_errands SET sealed = NULL, done = now(), good = $2, detail = $3 WHERE id = $1",
            row["id"],
            detail is None,
            detail,
        )
        self._doing.discard(row["id"])

    async def _do(self, what: str, owner: str, provider: str, sealed: bytes | None) -> str | None:
        """Do one; what went wrong, or None.

        Raises:
            ValueError, KeyLost: the same, from further below.
        """
        if provider not in self._providers:
            return f"there is no provider {provider!r}; there are: {', '.join(sorted(self._providers))}"
        if what == "keep":
            await self._keys.add(owner, provider, self._seal.open(sealed or b"", f"{owner} {provider}"))
            return None
        if what == "remove":
            return None if await self._keys.remove(owner, provider) else f"there is no key for {provider}"
        key = await self._keys.plain(owner, provider)
        return f"there is no key for {provider}" if key is None else await self._gateway.test_key(provider, key)


async def announce(pool: asyncpg.Pool, registry: Registry) -> None:
    """Make the tables, and tell owners which models there are."""
    told = {
        "version": registry.version,
        "providers": sorted(registry.providers),
        "models": {
            name: {"provider": model.provider, "context": model.context, "price_in": model.price_in, "price_out": model.price_out}
            for name, model in registry.models.items()
        },
        "tiers": registry.tiers.model_dump(),
    }
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('mqttown runtime schema'))")
        await connection.execute(_SCHEMA)
        await connection.execute(
            "INSERT INTO runtime.registry (told) VALUES ($1) ON CONFLICT (one) DO UPDATE SET told = $1", json.dumps(told)
        )
