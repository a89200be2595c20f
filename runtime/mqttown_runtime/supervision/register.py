"""The register of hosted agents: what each shall be, and what it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import asyncpg

from mqttown_runtime.supervision.schema import make_schema
from mqttown_runtime.supervision.spec import Spec

__all__ = ["Archive", "Desired", "Hosted", "Observed", "Placement", "Register"]

Placement = Literal["inline", "docker"]
Desired = Literal["running", "paused", "deleted"]
Observed = Literal["new", "running", "paused", "waiting", "parked"]
"""`waiting`: it ended, and is started again at `next_start`. `parked`: it ended too often, and waits for its owner."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """One row; times are UTC. See the table for the rest."""

    agent: str
    number: int
    placement: Placement
    desired: Desired
    generation: int
    spec: Spec
    handover: bytes | None
    keeper: Placement | None
    observed: Observed
    reason: str | None
    starts: int
    failures: tuple[datetime, ...]
    next_start: datetime | None
    counted: str | None
    since: datetime
    heard: datetime | None
    silent_since: datetime | None
    looked: datetime | None


@dataclass(frozen=True, slots=True)
class Archive:
    """An owner's code.

    Attributes:
        id: SHA-256 of what was sent, hex.
        name: of the file.
        state: `new`, `ready` or `refused`.
        reason: why it is refused.
    """

    id: str
    name: str
    state: str
    reason: str | None


class Register:
    """The table, over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def make(self) -> None:
        """Make the tables, functions and views if they are not there."""
        async with self._pool.acquire() as connection:
            await make_schema(connection)

    async def wish(
        self,
        agent: str,
        spec: Spec,
        *,
        handover: bytes | None = None,
        owner: str | None = None,
        placement: Placement = "docker",
    ) -> int:
        """Have an agent run by a spec: a new one, or a known one anew.

        Args:
            agent: id, already registered with the town.
            spec: what it is.
            handover: credentials as `mqttown agent new` writes them, sealed for the jailer; a container needs them when it is new,
                and when its key changes.
            owner: of the agent.
            placement: where it lives.

        Returns:
            Its generation.
        """
        generation: int = await self._pool.fetchval(
            "SELECT runtime.host($1, $2, $3, $4, $5)", agent, owner, placement, spec.model_dump_json(), handover
        )
        return generation

    async def set_desired(self, agent: str, desired: Desired) -> bool:
        """Pause, resume or delete; say whether there is such an agent."""
        return bool(await self._pool.fetchval("SELECT runtime.desire($1, $2)", agent, desired))

    async def restart(self, agent: str) -> bool:
        """Start anew, also one that is parked; say whether there is such an agent."""
        return bool(await self._pool.fetchval("SELECT runtime.restart($1)", agent))

    async def all(self, placement: Placement) -> list[Hosted]:
        """Everybody who belongs to a placement, or is still kept there, by id."""
        rows = await self._pool.fetch("SELECT * FROM runtime.hosted WHERE placement = $1 OR keeper = $1 ORDER BY agent", placement)
        return [_hosted(row) for row in rows]

    async def take(self, agent: str, placement: Placement) -> bool:
        """Take an agent before anything of it is begun; say whether it is ours, since two placements never have it at once."""
        return await self._changed(
            "UPDATE runtime.hosted h SET keeper = $2 WHERE agent = $1 AND placement = $2 AND coalesce(keeper, $2) = $2 "
            "AND ($2 = 'inline' OR NOT EXISTS (SELECT FROM runtime.seated s WHERE s.agent = h.agent))",
            agent,
            placement,
        )

    async def let_go(self, agent: str, placement: Placement) -> None:
        """Say that nothing of it runs here any more."""
        await self._pool.execute(
            "UPDATE runtime.hosted SET keeper = NULL, observed = 'new', reason = NULL WHERE agent = $1 AND keeper = $2",
            agent,
            placement,
        )

    async def seat(self, people: Iterable[str]) -> set[str]:
        """Write down whom of the town's written people the host has, but those who are wished elsewhere; return it."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE runtime.seated IN EXCLUSIVE MODE")
            await connection.execute("DELETE FROM runtime.seated")
            rows = await connection.fetch(
                "INSERT INTO runtime.seated SELECT p FROM unnest($1::text[]) p WHERE p NOT IN (SELECT agent FROM runtime.hosted "
                "WHERE placement <> 'inline' OR keeper <> 'inline') RETURNING agent",
                sorted(people),
            )
        return {row["agent"] for row in rows}

    async def wanted_elsewhere(self) -> set[str]:
        """Who shall not be inline, or is still kept elsewhere."""
        rows = await self._pool.fetch("SELECT agent FROM runtime.hosted WHERE placement <> 'inline' OR keeper <> 'inline'")
        return {row["agent"] for row in rows}

    async def archive(self, id_: str) -> Archive | None:
        """What is known of an owner's code; None if it is not there."""
        row = await self._pool.fetchrow("SELECT id, name, state, reason FROM runtime.archives WHERE id = $1", id_)
        return None if row is None else Archive(**row)

    async def archive_content(self, id_: str) -> bytes:
        """The bytes that an owner sent."""
        return bytes(await self._pool.fetchval("SELECT content FROM runtime.archives WHERE id = $1", id_))

    async def judge_archive(self, id_: str, reason: str | None) -> None:
        """Write down that an archive is ready, or why it is refused."""
        await self._pool.execute(
            "UPDATE runtime.archives SET state = $2, reason = $3 WHERE id = $1", id_, "refused" if reason else "ready", reason
        )

    async def drop_archives(self, *, of: str | None = None) -> list[str]:
        """Forget archives that no agent's spec names: that one, or all that are older than a day; return their ids."""
        rows = await self._pool.fetch(
            "DELETE FROM runtime.archives a WHERE (a.id = $1 OR $1 IS NULL AND a.added < now() - interval '1 day') "
            "AND NOT EXISTS (SELECT FROM runtime.hosted h WHERE h.spec ->> 'code' = a.id AND h.desired <> 'deleted') RETURNING id",
            of,
        )
        return [row["id"] for row in rows]

    async def beat(self, container_runtime: str, seal: bytes, *, packages: bool) -> None:
        """Say that a jailer is there, and what to seal with for it."""
        await self._pool.execute(
            "INSERT INTO runtime.jailer (beat, container_runtime, packages, seal) VALUES (now(), $1, $2, $3) "
            "ON CONFLICT (one) DO UPDATE SET beat = now(), container_runtime = $1, packages = $2, seal = $3",
            container_runtime,
            packages,
            seal,
        )

    async def seal(self) -> bytes | None:
        """What to seal with for the jailer; None before one has ever run."""
        key: bytes | None = await self._pool.fetchval("SELECT seal FROM runtime.jailer")
        return key

    async def forget(self, agent: str) -> None:
        """Take a deleted agent's row away, once nothing of it is left."""
        await self._pool.execute("DELETE FROM runtime.hosted WHERE agent = $1 AND desired = 'deleted'", agent)

    async def observe(
        self,
        agent: str,
        observed: Observed,
        reason: str | None,
        *,
        started: bool = False,
        failures: Sequence[datetime] | None = None,
        next_start: datetime | None = None,
        counted: str | None = None,
    ) -> None:
        """Write down what is; the moment is kept while nothing changes."""
        await self._pool.execute(
            "UPDATE runtime.hosted SET since = CASE WHEN observed = $2 AND $4 = 0 THEN since ELSE now() END, observed = $2, "
            "reason = $3, starts = starts + $4, failures = coalesce($5, failures), next_start = $6, "
            "counted = coalesce($7, counted), silent_since = CASE WHEN $4 = 1 THEN NULL ELSE silent_since END WHERE agent = $1",
            agent,
            observed,
            reason,
            int(started),
            None if failures is None else list(failures),
            next_start,
            counted,
        )

    async def handed_over(self, agent: str) -> None:
        """Forget credentials that are in the cell now."""
        await self._pool.execute("UPDATE runtime.hosted SET handover = NULL WHERE agent = $1", agent)

    async def keep_log(self, agent: str, tail: bytes) -> None:
        """Keep the end of its log for its owner, as bytes."""
        await self._pool.execute("UPDATE runtime.hosted SET log = $2 WHERE agent = $1 AND log <> $2", agent, tail)

    async def heard(self, online: Mapping[str, bool]) -> None:
        """Write down who is in the town, and when each last thought; everybody else is not."""
        await self._pool.execute(
            "UPDATE runtime.hosted h SET looked = now(), online = h.agent = ANY($1), "
            "heard = CASE WHEN h.agent = ANY($1) THEN now() ELSE heard END, "
            "silent_since = CASE WHEN h.agent = ANY($1) THEN NULL WHEN looked IS NULL OR looked < now() - interval '15 seconds' "
            "THEN now() ELSE coalesce(silent_since, now()) END "  # while nobody looked, nobody was silent
            "WHERE keeper = 'docker' AND observed = 'running'",
            [agent for agent, is_online in online.items() if is_online],
        )

    async def thought_since(self, tick: int | None) -> int:
        """Write down who has acted after a tick, and return the newest; begin with the newest there is."""
        newest: int = await self._pool.fetchval(
            "WITH fresh AS (SELECT agent, max(tick) AS tick FROM public.actions "
            "WHERE tick > coalesce($1, (SELECT max(tick) - 1 FROM public.actions)) GROUP BY agent), "
            "marked AS (UPDATE runtime.hosted h SET thought_tick = f.tick, thought = now() FROM fresh f WHERE f.agent = h.agent) "
            "SELECT coalesce(max(tick), $1, -1) FROM fresh",
            tick,
        )
        return newest

    async def _changed(self, statement: str, *arguments: Any) -> bool:
        return str(await self._pool.execute(statement, *arguments)) != "UPDATE 0"


def _hosted(row: asyncpg.Record) -> Hosted:
    return Hosted(
        agent=row["agent"],
        number=row["number"],
        placement=row["placement"],
        desired=row["desired"],
        generation=row["generation"],
        spec=Spec.model_validate_json(row["spec"]),
        handover=row["handover"],
        keeper=row["keeper"],
        observed=row["observed"],
        reason=row["reason"],
        starts=row["starts"],
        failures=tuple(row["failures"]),
        next_start=row["next_start"],
        counted=row["counted"],
        since=row["since"],
        heard=row["heard"],
        silent_since=row["silent_since"],
        looked=row["looked"],
    )
