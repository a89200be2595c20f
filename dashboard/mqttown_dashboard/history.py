"""Every question to the database: the read-only views of the journal, and the hashes of agents' keys."""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, Self

import asyncpg
import orjson
from asyncpg.exceptions import InterfaceError, PostgresError

from mqttown_dashboard.models import Agent, Decided, Event
from mqttown_dashboard.problems import ProblemError
from mqttown_dashboard.secret import digest, same

__all__ = ["History", "cursor_of", "event_of", "parse_cursor", "until_begun"]

PLACING: Final = ["registered", "departed", "arrived", "stopped"]
ACTIVITY: Final = ["started_work", "finished_work", "ate", "fell_asleep", "woke"]
LAST_TICK: Final = 2**62
BEGIN_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.05
_SELECT: Final = "SELECT tick, n, id, kind, district, building, agent, action_id, cause, about, witnesses, data FROM public.events "


def cursor_of(*parts: int | str) -> str:
    """A cursor that names the last item of a page."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def parse_cursor(text: str | None, *kinds: type) -> list[Any] | None:
    """Read a cursor; None for none.

    Raises:
        ProblemError: it is not one that `cursor_of` made with parts of these kinds.
    """
    if text is None:
        return None
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        parts = None
    if isinstance(parts, list) and [type(part) for part in parts] == list(kinds) and all(map(_storable, parts)):
        return parts
    raise ProblemError(422, "bad_parameters", f"{text!r} is no cursor; give back `next` of the page before.", path="query.cursor")


def _storable(part: int | str) -> bool:
    """Whether a column can hold it; a cursor is only as honest as who sends it."""
    return -(2**31) <= part < 2**31 if isinstance(part, int) else "\0" not in part


class History:
    """The journal, for reading."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, settings: dict[str, str]) -> AsyncIterator[Self]:
        """Connect for the length of an `async with`; every connection is read only.

        Args:
            url: of the database.
            settings: for every connection, as `prepare` gave them.

        Raises:
            OSError, asyncpg.PostgresError: the database can't be reached.
        """
        async with asyncpg.create_pool(
            url,
            min_size=1,
            max_size=4,
            init=_read_json,
            command_timeout=10,
            server_settings={"application_name": "mqttown dashboard", "default_transaction_read_only": "on", **settings},
        ) as pool:
            yield cls(pool)

    async def alive(self) -> bool:
        """Whether the database answers."""
        try:
            return bool(await self._pool.fetchval("SELECT true"))
        except (OSError, PostgresError, InterfaceError):
            return False

    async def fetch(self, query: str, *values: Any) -> list[asyncpg.Record]:
        """Rows of a query of ours."""
        return list(await self._pool.fetch(query, *values))

    async def events(
        self,
        *,
        since: int | None,
        until: int | None,
        kinds: Sequence[str],
        agent: str | None,
        district: str | None,
        building: str | None,
        after: tuple[int, int] | None,
        newest_first: bool,
        limit: int,
    ) -> list[tuple[int, int, Event]]:
        """Events with their place in the journal, in its order or against it.

        Args:
            since: first tick.
            until: last tick, inclusive.
            kinds: any of these; empty for all.
            agent: who did it or witnessed it.
            district: where.
            building: where.
            after: (tick, n) of the last one that is known.
            newest_first: whether to go back in time.
            limit: at most so many.
        """
        conditions, values = ["true"], list[Any]()

        def need(condition: str, value: Any) -> None:
            if value is not None:
                values.append(value)
                conditions.append(condition.replace("?", f"${len(values)}"))

        need("tick >= ?", since)
        need("tick <= ?", until)
        need("kind = ANY(?::text[])", list(kinds) or None)
        need("(agent = ? OR witnesses @> ARRAY[?])", agent)
        need("district = ?", district)
        need("building = ?", building)
        if after is not None:
            values += after
            conditions.append(f"(tick, n) {'<' if newest_first else '>'} (${len(values) - 1}, ${len(values)})")
        order = "DESC" if newest_first else "ASC"
        rows = await self._pool.fetch(
            _SELECT + f"WHERE {' AND '.join(conditions)} ORDER BY tick {order}, n {order} LIMIT {int(limit)}",
            *values,
        )
        return [(row["tick"], row["n"], event_of(row)) for row in rows]

    async def registered(self) -> list[Agent]:
        """Agents that are in the town."""
        rows = await self._pool.fetch(
            "SELECT id, name, kind, tagline, owner, home_district FROM public.agents WHERE revoked_tick IS NULL ORDER BY id"
        )
        return [Agent(**dict(row)) for row in rows]

    async def latest(self, agents: Iterable[str], kinds: Sequence[str], until: int = LAST_TICK) -> list[Event]:
        """Of each agent its latest event of these kinds, up to a tick."""
        rows = await self._pool.fetch(
            "SELECT last.* FROM unnest($1::text[]) AS who(name), LATERAL ("  # noqa: S608  own words; values are bound
            + _SELECT
            + "WHERE agent = who.name AND tick <= $3 AND kind = ANY($2::text[]) ORDER BY tick DESC, n DESC LIMIT 1) AS last",
            list(agents),
            list(kinds),
            until,
        )
        return [event_of(row) for row in rows]

    async def weather(self) -> str | None:
        """The weather as last told; None if it never changed."""
        found = await self._pool.fetchval(
            "SELECT data->>'weather' FROM public.events WHERE kind = 'weather' ORDER BY tick DESC LIMIT 1"
        )
        return str(found) if found is not None else None

    async def heard(self, agent: str) -> tuple[list[Event], dict[str, Event]]:
        """Words that an agent is a witness of; and these with all that they are about, by id."""
        rows = await self._pool.fetch(
            _SELECT + "WHERE kind = 'said' AND witnesses @> ARRAY[$1] ORDER BY tick, n",
            agent,
        )
        words = [event_of(row) for row in rows]
        known = {event.id: event for event in words}
        while wanted := sorted({name for event in known.values() for name in event.about} - known.keys()):
            places = [tuple(map(int, name.split("-")[1:])) for name in wanted if re.fullmatch(r"e-\d{1,12}-\d{1,9}", name)]
            rows = await self._pool.fetch(
                _SELECT + "WHERE (tick, n) IN (SELECT * FROM unnest($1::bigint[], $2::int[]))",  # noqa: S608  own words; values are bound
                [tick for tick, _ in places],
                [number for _, number in places],
            )
            found = {row["id"]: event_of(row) for row in rows}
            if not found:
                break
            known |= found
        return words, known

    async def decided(self, agent: str, after: tuple[int, int] | None, limit: int) -> list[tuple[int, int, Decided]]:
        """An agent's actions with their verdicts, newest first."""
        tick, number = after or (2**62, 2**31 - 1)
        rows = await self._pool.fetch(
            "SELECT tick, n, action_id AS id, action, parameters, observation_id, reasoning, status, code, detail, path, events "
            "FROM public.actions WHERE agent = $1 AND (tick, n) < ($2, $3) ORDER BY tick DESC, n DESC LIMIT $4",
            agent,
            tick,
            number,
            limit,
        )
        return [(row["tick"], row["n"], Decided(**{key: value for key, value in row.items() if key != "n"})) for row in rows]

    async def decision(self, agent: str, action_id: str) -> Decided | None:
        """The newest action of an agent with this id."""
        row = await self._pool.fetchrow(
            "SELECT tick, action_id AS id, action, parameters, observation_id, reasoning, status, code, detail, path, events "
            "FROM public.actions WHERE agent = $1 AND action_id = $2 ORDER BY tick DESC, n DESC LIMIT 1",
            agent,
            action_id,
        )
        return None if row is None else Decided(**dict(row))

    async def citizen(self, agent: str) -> Agent | None:
        """An agent that is in the town."""
        row = await self._pool.fetchrow(
            "SELECT id, name, kind, tagline, owner, home_district FROM public.agents WHERE id = $1 AND revoked_tick IS NULL", agent
        )
        return None if row is None else Agent(**dict(row))

    async def owned(self, owner: str) -> list[Agent]:
        """Agents of an owner that are in the town."""
        rows = await self._pool.fetch(
            "SELECT id, name, kind, tagline, owner, home_district FROM public.agents "
            "WHERE owner = $1 AND revoked_tick IS NULL ORDER BY id",
            owner,
        )
        return [Agent(**dict(row)) for row in rows]

    async def owner(self, agent: str) -> str | None:
        """Account that registered an agent; None if nobody's did."""
        found = await self._pool.fetchval("SELECT owner FROM public.agents WHERE id = $1", agent)
        return None if found is None else str(found)

    async def firsts(self, agent: str) -> dict[str, int | None]:
        """Ticks at which an agent came, acted and talked for the first time; None for what it has not done."""
        row = await self._pool.fetchrow(
            "SELECT (SELECT min(tick) FROM public.events WHERE agent = $1 AND kind = 'came') AS arrived, "
            "(SELECT min(tick) FROM public.actions WHERE agent = $1) AS first_thought, "
            "(SELECT min(tick) FROM public.events WHERE agent = $1 AND kind = 'said') AS first_talk",
            agent,
        )
        return {"arrived": None, "first_thought": None, "first_talk": None} if row is None else dict(row)

    async def purses(self, agents: Sequence[str]) -> dict[str, int]:
        """Cents that each of some agents has, by the payments in the journal."""
        names = {f"purse:{agent}": agent for agent in agents}
        rows = await self._pool.fetch(
            "SELECT purse, sum(cents)::bigint AS cents FROM (SELECT payee AS purse, cents FROM public.money WHERE payee = ANY($1) "
            "UNION ALL SELECT payer, -cents FROM public.money WHERE payer = ANY($1)) AS moved GROUP BY purse ORDER BY purse",
            list(names),
        )
        return {names[row["purse"]]: row["cents"] for row in rows}

    async def claims(self, agents: Sequence[str]) -> list[Event]:
        """Claims of some agents that are in the town, the newest first."""
        rows = await self._pool.fetch(
            f"{_SELECT} WHERE kind = 'claimed' AND agent = ANY($1) ORDER BY tick DESC, n DESC", list(agents)
        )
        return [event_of(row) for row in rows]

    async def tags(self, agent: str) -> list[tuple[str, datetime | None]]:
        """Tags of an agent's keys in use, with when they end."""
        rows = await self._pool.fetch(
            "SELECT tag, expires FROM town.credentials WHERE agent = $1 AND kind = 'agent' AND revoked IS NULL ORDER BY tag", agent
        )
        return [(row["tag"], row["expires"]) for row in rows]

    async def tag_of_key(self, agent: str, key: str) -> str | None:
        """Tag of the credential that `key` opens, empty for the agent's first; None if it is no valid key of `agent`."""
        given = digest(key)
        rows = await self._pool.fetch(
            "SELECT tag, key_hash, expires FROM town.credentials "
            "WHERE agent = $1 AND kind = 'agent' AND revoked IS NULL ORDER BY tag",
            agent,
        )
        now = datetime.now(UTC)
        fitting = [row["tag"] for row in rows if same(row["key_hash"], given) and (row["expires"] is None or row["expires"] > now)]
        return str(fitting[0]) if fitting else None


def event_of(row: asyncpg.Record) -> Event:
    """An event out of a row of `public.events`."""
    fields = {key: value for key, value in row.items() if key != "n"}
    return Event(**{**fields, "about": row["about"] or [], "witnesses": row["witnesses"] or [], "data": row["data"] or {}})


async def until_begun(url: str) -> None:
    """Wait for the views: in a new town the orchestrator, which starts beside us, makes them all in one transaction.

    Raises:
        OSError, asyncpg.PostgresError: the database can't be reached.
        TimeoutError: nobody has begun a town in it within half a minute.
    """
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(BEGIN_SECONDS):
            while not await connection.fetchval("SELECT to_regclass('public.agents') IS NOT NULL"):  # noqa: ASYNC110  another process makes them
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as error:
        raise TimeoutError(
            f"there is no journal in the database after {BEGIN_SECONDS:.0f} s; does the orchestrator run?"
        ) from error
    finally:
        await connection.close()


async def _read_json(connection: asyncpg.Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads, schema="pg_catalog"
        )
