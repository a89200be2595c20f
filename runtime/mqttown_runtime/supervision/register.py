"""The register of hosted agents: table `runtime.hosted`, with what each shall be, and what it is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from mqttown_runtime.sandbox.image import AGENT_IMAGE
from mqttown_runtime.sandbox.limits import Limits

__all__ = ["Desired", "Hosted", "Observed", "Placement", "Register", "Spec"]

Placement = Literal["inline", "docker"]
Desired = Literal["running", "paused", "deleted"]
Observed = Literal["new", "running", "paused", "waiting", "parked", "deleted"]
"""`waiting`: it ended, and is started again at `next_start`. `parked`: it ended too often, and waits for its owner."""

SCHEMA: Final = """
CREATE SCHEMA IF NOT EXISTS runtime;
CREATE SEQUENCE IF NOT EXISTS runtime.hosted_number AS integer START 200000 MINVALUE 200000;
CREATE TABLE IF NOT EXISTS runtime.hosted (
    agent text PRIMARY KEY,
    number integer NOT NULL UNIQUE DEFAULT nextval('runtime.hosted_number'),  -- user and group of its processes
    owner text,
    placement text NOT NULL CHECK (placement IN ('inline', 'docker')),
    desired text NOT NULL CHECK (desired IN ('running', 'paused', 'deleted')),
    generation integer NOT NULL DEFAULT 1,          -- one more for each start that an owner asks for
    spec jsonb NOT NULL,
    handover jsonb,                                 -- credentials on their way into the cell; empty once they are there
    observed text NOT NULL DEFAULT 'new',
    reason text,                                    -- why, in words for the owner
    since timestamptz NOT NULL DEFAULT now(),
    starts integer NOT NULL DEFAULT 0,
    failures timestamptz[] NOT NULL DEFAULT '{}',   -- ends of late, of this generation
    next_start timestamptz,
    counted text,                                   -- the end that was counted last, in the engine's words
    log bytea NOT NULL DEFAULT '',                  -- the end of what it wrote
    online boolean,                                 -- as the town says; written by the doorkeeper, as all below
    heard timestamptz,
    silent_since timestamptz,
    looked timestamptz,
    thought_tick integer
);
"""


class Spec(BaseModel):
    """What an agent's container is made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: str = Field(default=AGENT_IMAGE, description="Image of the engine's; owners' code is a layer on the agents' image.")
    command: tuple[str, ...] | None = Field(default=None, description="Instead of the image's.")
    limits: Limits = Limits()
    config: dict[str, Any] = Field(default_factory=dict, description="Shown to the agent as config.json.")


@dataclass(frozen=True, slots=True)
class Hosted:
    """One row; times are UTC. See the table for the rest."""

    agent: str
    number: int
    placement: Placement
    desired: Desired
    generation: int
    spec: Spec
    handover: Mapping[str, Any] | None
    observed: Observed
    reason: str | None
    starts: int
    failures: tuple[datetime, ...]
    next_start: datetime | None
    counted: str | None
    silent_since: datetime | None
    looked: datetime | None


class Register:
    """The table, over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def make(self) -> None:
        """Make the table if it is not there."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('mqttown runtime schema'))")
            await connection.execute(SCHEMA)

    async def wish(
        self,
        agent: str,
        spec: Spec,
        *,
        credentials: Mapping[str, Any] | None = None,
        owner: str | None = None,
        placement: Placement = "docker",
    ) -> int:
        """Have an agent run by a spec: a new one, or a known one anew.

        Args:
            agent: id, already registered with the town.
            spec: of its container.
            credentials: as `mqttown agent new` writes them; needed for a new agent, and when its key changes.
            owner: of the agent.
            placement: where it lives.

        Returns:
            Its generation.
        """
        generation: int = await self._pool.fetchval(
            "INSERT INTO runtime.hosted (agent, owner, placement, desired, spec, handover) VALUES ($1, $2, $3, 'running', $4, $5) "
            "ON CONFLICT (agent) DO UPDATE SET placement = $3, desired = 'running', spec = $4, "
            "handover = coalesce($5, hosted.handover), generation = hosted.generation + 1, failures = '{}', next_start = NULL, "
            "owner = coalesce($2, hosted.owner) RETURNING generation",
            agent,
            owner,
            placement,
            spec.model_dump_json(),
            None if credentials is None else json.dumps(dict(credentials)),
        )
        return generation

    async def set_desired(self, agent: str, desired: Desired) -> bool:
        """Pause, resume or delete; say whether there is such an agent."""
        return await self._changed(
            "UPDATE runtime.hosted SET desired = $2 WHERE agent = $1 AND desired <> 'deleted'", agent, desired
        )

    async def restart(self, agent: str) -> bool:
        """Start anew, also one that is parked; say whether there is such an agent."""
        return await self._changed(
            "UPDATE runtime.hosted SET generation = generation + 1, desired = 'running', failures = '{}', next_start = NULL "
            "WHERE agent = $1 AND desired <> 'deleted'",
            agent,
        )

    async def all(self, placement: Placement = "docker") -> list[Hosted]:
        """Everybody of one placement who is not gone for good, by id."""
        rows = await self._pool.fetch(
            "SELECT * FROM runtime.hosted WHERE placement = $1 AND observed <> 'deleted' ORDER BY agent", placement
        )
        return [_hosted(row) for row in rows]

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
            "UPDATE runtime.hosted SET since = CASE WHEN observed = $2 THEN since ELSE now() END, observed = $2, reason = $3, "
            "starts = starts + $4, failures = coalesce($5, failures), next_start = $6, counted = coalesce($7, counted), "
            "silent_since = CASE WHEN $4 = 1 THEN NULL ELSE silent_since END WHERE agent = $1",
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
            "THEN now() ELSE coalesce(silent_since, now()) END, "  # while nobody looked, nobody was silent
            "thought_tick = coalesce((SELECT max(a.tick) FROM town.actions a WHERE a.agent = h.agent), thought_tick) "
            "WHERE placement = 'docker' AND observed = 'running'",
            [agent for agent, is_online in online.items() if is_online],
        )

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
        handover=None if row["handover"] is None else json.loads(row["handover"]),
        observed=row["observed"],
        reason=row["reason"],
        starts=row["starts"],
        failures=tuple(row["failures"]),
        next_start=row["next_start"],
        counted=row["counted"],
        silent_since=row["silent_since"],
        looked=row["looked"],
    )
