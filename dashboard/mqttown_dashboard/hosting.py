"""What is wished of the runtime, and what it says: its functions and its view for owners (docs/parts.md, "Hosted agents")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg
import orjson

from mqttown_contract.persona import Resident
from mqttown_dashboard.model_keys import seal
from mqttown_dashboard.problems import ProblemError
from mqttown_dashboard.rights import Rights

__all__ = ["Archive", "Hosting", "Running", "spec_of"]

JAILER_SECONDS: Final = 15.0
"""A jailer that has not been heard for so long keeps no containers."""


@dataclass(frozen=True, slots=True)
class Running:
    """How one hosted agent does, as the runtime says."""

    agent: str
    placement: str
    desired: Literal["running", "paused", "deleted"]
    generation: int
    observed: str
    reason: str | None
    since: datetime
    starts: int
    next_start: datetime | None
    online: bool | None
    heard: datetime | None
    thought_tick: int | None
    health: str


@dataclass(frozen=True, slots=True)
class Archive:
    """A program that an owner has sent."""

    id: str
    name: str
    added: datetime
    state: str
    reason: str | None


class Hosting:
    """The runtime, from where the portal stands.

    Args:
        pool: connections that take the dashboard's role.
        rights: what is there for them.
    """

    def __init__(self, pool: asyncpg.Pool, rights: Rights) -> None:
        self._pool = pool
        self._rights = rights

    async def there(self) -> bool:
        """Whether this town hosts anybody."""
        return await self._rights.have("hosting")

    async def need(self) -> None:
        """See that this town hosts.

        Raises:
            ProblemError: 503, it does not.
        """
        await self._rights.need("hosting")

    async def keeps_containers(self) -> bool:
        """Whether a jailer looks after containers now."""
        await self.need()
        return bool(
            await self._pool.fetchval(
                "SELECT count(*) FROM runtime.jailer WHERE beat > now() - make_interval(secs => $1)", JAILER_SECONDS
            )
        )

    async def host(
        self, agent: str, owner: str, placement: str, spec: Mapping[str, Any], credentials: Mapping[str, Any] | None
    ) -> None:
        """Have an agent live by a spec, new or anew."""
        await self.need()
        sealed = None if credentials is None else await self._sealed(agent, credentials)
        await self._pool.execute(
            "SELECT runtime.host($1, $2, $3, $4, $5)", agent, owner, placement, orjson.dumps(dict(spec)).decode(), sealed
        )

    async def _sealed(self, agent: str, credentials: Mapping[str, Any]) -> bytes:
        """Credentials for the jailer's eyes alone, which lie in a table until it comes by."""
        public = await self._pool.fetchval("SELECT seal FROM runtime.jailer")
        if public is None:
            raise ProblemError(503, "unavailable", "This town has never kept containers: there is no jailer to hand a key to.")
        return seal(orjson.dumps(dict(credentials)).decode(), bytes(public), f"handover {agent}")

    async def desire(self, agent: str, desired: Literal["running", "paused", "deleted"]) -> bool:
        """Have an agent run, pause, or go for good; False if the runtime does not know it."""
        await self.need()
        return bool(await self._pool.fetchval("SELECT runtime.desire($1, $2)", agent, desired))

    async def restart(self, agent: str) -> bool:
        """Start an agent anew, also a parked one; False if the runtime does not know it."""
        await self.need()
        return bool(await self._pool.fetchval("SELECT runtime.restart($1)", agent))

    async def running(self, agents: Sequence[str]) -> dict[str, Running]:
        """How some agents do; nothing of those that the runtime does not know."""
        if not await self.there():
            return {}
        rows = await self._pool.fetch(
            "SELECT agent, placement, desired, generation, observed, reason, since, starts, next_start, online, heard, "
            "thought_tick, health FROM runtime.residents WHERE agent = ANY($1) ORDER BY agent",
            list(agents),
        )
        return {row["agent"]: Running(**row) for row in rows}

    async def log(self, agent: str) -> str:
        """The end of what an agent wrote, bytes that are no UTF-8 shown as such."""
        if not await self.there():
            return ""
        tail = await self._pool.fetchval("SELECT log FROM runtime.residents WHERE agent = $1", agent)
        return "" if tail is None else bytes(tail).decode(errors="backslashreplace").replace("\0", "\\x00")

    async def keep_archive(self, name: str, content: bytes) -> str:
        """Keep a program, and return its id."""
        await self.need()
        return str(await self._pool.fetchval("SELECT runtime.keep_archive($1, $2)", name, content))

    async def archive(self, identity: str) -> Archive | None:
        """What became of a program."""
        if not await self.there():
            return None
        row = await self._pool.fetchrow("SELECT id, name, added, state, reason FROM runtime.archives WHERE id = $1", identity)
        return None if row is None else Archive(**row)


def spec_of(resident: Resident, code: str | None) -> dict[str, Any]:
    """What the runtime is told of a resident.

    Args:
        resident: as its owner has made it.
        code: archive of its own program, where that is its mind.
    """
    person = resident.person(resident.id, resident.home, resident.job)
    if resident.mind.kind == "code":
        return {"code": code, "config": {"person": person}}
    model = {"tier": resident.mind.tier} if resident.mind.kind == "model" else {}
    return {"persona": person, "mind": resident.mind.kind, "model": model}
