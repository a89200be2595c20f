"""Hosted residents as their owners have made them: the present, and every version of the persona before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
import orjson
from asyncpg.exceptions import UniqueViolationError

from mqttown_contract.persona import Persona, Resident

__all__ = ["Kept", "Residents", "Version"]

VERSIONS_KEPT: Final = 200
"""Of one resident; older ones go."""
_PERSONA: Final = frozenset({*Persona.model_fields, "mind"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A resident, and what is known of it beside."""

    resident: Resident
    account: str
    version: int
    code: str | None
    created: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a persona and its mind."""

    version: int
    made: datetime
    by: str
    note: str | None
    persona: dict[str, Any]


class Residents:
    """The tables `portal.residents` and `portal.versions`.

    Args:
        pool: connections that take the dashboard's role.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def add(self, resident: Resident, account: str, *, code: str | None = None) -> bool:
        """Keep a new resident as version 1; False if the name is kept already."""
        persona, rest = _parts(resident)
        async with self._pool.acquire() as connection, connection.transaction():
            try:
                await connection.execute(
                    "INSERT INTO portal.residents (agent, account, version, rest, code) VALUES ($1, $2, 1, $3, $4)",
                    resident.id, account, rest, code,
                )  # fmt: skip
            except UniqueViolationError:
                return False
            await connection.execute(
                "INSERT INTO portal.versions (agent, version, by_whom, note, persona) VALUES ($1, 1, $2, 'first', $3)",
                resident.id, account, persona,
            )  # fmt: skip
        return True

    async def of(self, agent: str) -> Kept | None:
        """One of them."""
        found = await self._pool.fetchrow(f"{_SELECT} WHERE resident.agent = $1", agent)
        return None if found is None else _kept(found)

    async def owned(self, account: str) -> list[Kept]:
        """All of an account, by id."""
        rows = await self._pool.fetch(f"{_SELECT} WHERE resident.account = $1 ORDER BY resident.agent", account)
        return [_kept(row) for row in rows]

    async def agents(self) -> list[str]:
        """Ids of all."""
        return [row["agent"] for row in await self._pool.fetch("SELECT agent FROM portal.residents ORDER BY agent")]

    async def count(self, account: str) -> int:
        """How many an account has."""
        return int(await self._pool.fetchval("SELECT count(*) FROM portal.residents WHERE account = $1", account))

    async def change(self, resident: Resident, by: str, note: str | None) -> int:
        """Keep a resident as it is now; another persona or mind makes a version. Return the present version.

        Raises:
            LookupError: it is gone.
        """
        persona, rest = _parts(resident)
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "SELECT resident.version, version.persona FROM portal.residents resident "
                "JOIN portal.versions version USING (agent, version) WHERE agent = $1 FOR UPDATE OF resident",
                resident.id,
            )
            if row is None:
                raise LookupError(f"there is no resident {resident.id!r}")
            version: int = row["version"]
            if orjson.loads(row["persona"]) != orjson.loads(persona):
                version = 1 + await connection.fetchval("SELECT max(version) FROM portal.versions WHERE agent = $1", resident.id)
                await connection.execute(
                    "INSERT INTO portal.versions (agent, version, by_whom, note, persona) VALUES ($1, $2, $3, $4, $5)",
                    resident.id, version, by, note, persona,
                )  # fmt: skip
                await connection.execute(
                    "DELETE FROM portal.versions WHERE agent = $1 AND version <= $2", resident.id, version - VERSIONS_KEPT
                )
            await connection.execute(
                "UPDATE portal.residents SET version = $2, rest = $3 WHERE agent = $1", resident.id, version, rest
            )
        return version

    async def give_code(self, agent: str, archive: str) -> None:
        """Keep which program a resident runs."""
        await self._pool.execute("UPDATE portal.residents SET code = $2 WHERE agent = $1", agent, archive)

    async def forget(self, agent: str) -> None:
        """Take a resident out, with its versions and thoughts."""
        await self._pool.execute("DELETE FROM portal.residents WHERE agent = $1", agent)

    async def versions(self, agent: str) -> list[Version]:
        """The newest first."""
        rows = await self._pool.fetch(
            "SELECT version, made, by_whom, note, persona FROM portal.versions WHERE agent = $1 ORDER BY version DESC", agent
        )
        return [_version(row) for row in rows]

    async def version(self, agent: str, number: int) -> Version | None:
        """One of them."""
        row = await self._pool.fetchrow(
            "SELECT version, made, by_whom, note, persona FROM portal.versions WHERE agent = $1 AND version = $2", agent, number
        )
        return None if row is None else _version(row)


_SELECT: Final = (
    "SELECT resident.account, resident.version, resident.rest, resident.code, resident.created, version.persona "
    "FROM portal.residents resident JOIN portal.versions version USING (agent, version)"
)


def _parts(resident: Resident) -> tuple[str, str]:
    told = resident.model_dump(mode="json", by_alias=True)
    persona = {name: value for name, value in told.items() if name in _PERSONA}
    rest = {name: value for name, value in told.items() if name not in _PERSONA}
    return orjson.dumps(persona).decode(), orjson.dumps(rest).decode()


def _kept(row: Mapping[str, Any]) -> Kept:
    resident = Resident.joined(orjson.loads(row["persona"]), orjson.loads(row["rest"]))
    return Kept(resident, row["account"], row["version"], row["code"], row["created"])


def _version(row: Mapping[str, Any]) -> Version:
    return Version(row["version"], row["made"], row["by_whom"], row["note"], orjson.loads(row["persona"]))
