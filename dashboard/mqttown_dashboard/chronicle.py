"""The journal told again: what was when, who talked with whom, who had how much, and how words spread."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from mqttown_contract.events import EVENT_KINDS
from mqttown_dashboard.history import ACTIVITY, PLACING, History, event_of
from mqttown_dashboard.mirror import Mirror
from mqttown_dashboard.models import Agent, Bond, BuildingBrief, Chapter, Event, Hour, HourOfDistrict, Moods
from mqttown_dashboard.needs import TELLING, Needs
from mqttown_dashboard.town import Town

__all__ = ["CHAPTER_TICKS", "Chronicle"]

CHAPTER_TICKS: Final = 360
"""Six hours of the town."""
_BEFORE: Final = 120
"""So many things told before a chapter come with it, so that the feed is not empty."""
_SILENT: Final = ("restocked", "opened", "closed", "departed", "paid", "need", "finished_meal", "came", "stopped")
_TOLD: Final = sorted(set(EVENT_KINDS) - set(_SILENT))
_SAID_AT_MOST: Final = 200_000
_EVENT: Final = "SELECT tick, n, id, kind, district, building, agent, action_id, cause, about, witnesses, data FROM public.events "
_HALF_HOUR: Final = 30
_HOUR: Final = 60
_DAY: Final = 1440


class Chronicle:
    """Answers about the past.

    Args:
        history: the journal.
        town: the map, and who lived there from the beginning.
    """

    def __init__(self, history: History, town: Town) -> None:
        self._history = history
        self._town = town

    async def run(self) -> str:
        """Name of the run: the first eight digits of its id."""
        rows = await self._history.fetch("SELECT id FROM town.run")
        return str(rows[0]["id"])[:8]

    async def last_tick(self) -> int:
        """The newest tick that something happened in."""
        rows = await self._history.fetch("SELECT max(tick) AS last FROM public.events")
        return int(rows[0]["last"] or 0)

    async def hours(self) -> list[Hour]:
        """Each hour of the history in which something happened."""
        rows = await self._history.fetch(
            "SELECT tick / 60 AS hour, count(*) FILTER (WHERE kind = 'said') AS talks, "
            "count(*) FILTER (WHERE kind <> 'said' AND agent IS NOT NULL) AS deeds FROM public.events GROUP BY 1 ORDER BY 1"
        )
        return [Hour(tick=row["hour"] * _HOUR, talks=row["talks"], deeds=row["deeds"]) for row in rows]

    async def chapter(self, number: int, last_tick: int) -> Chapter:
        """A stretch of `CHAPTER_TICKS` ticks.

        Args:
            number: 0 is the first.
            last_tick: the newest that is known.
        """
        return await self.stretch(number * CHAPTER_TICKS, (number + 1) * CHAPTER_TICKS, last_tick)

    async def stretch(self, first: int, end: int, last_tick: int) -> Chapter:
        """Everything after tick `first` up to tick `end`, and how it was at `first`."""
        rows = await self._history.fetch(_EVENT + "WHERE tick > $1 AND tick <= $2 ORDER BY tick, n", first, end)
        before = await self._history.fetch(
            _EVENT + "WHERE tick <= $1 AND kind = ANY($2::text[]) ORDER BY tick DESC, n DESC LIMIT $3", first, _TOLD, _BEFORE
        )
        events = [event_of(row) for row in rows]
        residents, buildings = await self.residents(first), await self._buildings(first)
        needs = await self._needs(first, residents, buildings)
        told = [*(event_of(row) for row in before), *needs.pressing()]
        return Chapter(
            from_tick=first,
            to_tick=end,
            complete=last_tick > end,
            weather=await self._weather(first),
            residents=residents,
            buildings=buildings,
            stock=await self._stock(first),
            before=sorted(told, key=_place),
            events=events,
            moods=await asyncio.to_thread(self._moods, needs, first, min(end, last_tick), events),
        )

    async def _needs(self, tick: int, residents: list[Agent], buildings: list[BuildingBrief]) -> Needs:
        """What everybody needed at a tick, reckoned from the day before it; then a night's sleep and three meals have told it."""
        begin = max(0, tick - _DAY)
        rows = await self._history.fetch(
            _EVENT + "WHERE tick > $1 AND tick <= $2 AND kind = ANY($3::text[]) ORDER BY tick, n", begin, tick, list(TELLING)
        )
        known = await self._history.fetch("SELECT id FROM public.agents WHERE registered_tick <= $1", begin)
        old = {row["id"] for row in known}
        slept = await self._history.latest(sorted(old), ["fell_asleep", "woke"], begin)
        abed = self._town.beds - {event.agent for event in slept if event.agent is not None} if begin == 0 else frozenset[str]()
        abed |= {event.agent for event in slept if event.agent is not None and event.kind == "fell_asleep"}
        needs = Needs(self._town.meals, {house.id: house.owner for house in buildings if house.owner is not None})
        for agent in residents:
            if agent.id in old:
                needs.begin(agent.id, begin, agent.home, agent.district, asleep=agent.id in abed)

        def follow() -> None:
            for row in rows:
                needs.happen(event_of(row))

        # A day of five hundred people is some tens of thousands of events: too many for a loop that serves streams.
        await asyncio.to_thread(follow)
        return needs

    def _moods(self, needs: Needs, first: int, last: int, events: list[Event]) -> list[Moods]:
        """How the districts felt from a tick to another, while these events happened."""
        found, left = [], iter(events)
        event = next(left, None)
        for tick in range(first, max(first, last) + 1, _HALF_HOUR):
            while event is not None and event.tick <= tick:
                needs.happen(event)
                event = next(left, None)
            found.append(Moods(tick=tick, districts=needs.moods(self._town.districts, tick)))
        return found

    async def _stock(self, tick: int) -> dict[str, dict[str, int]]:
        """Pieces on sale at a tick: those of the last delivery, or of the beginning, less what was bought since."""
        stock = {building: {one.item: one.stock for one in shelf} for building, shelf in self._town.shelves.items()}
        rows = await self._history.fetch(
            "WITH filled AS (SELECT DISTINCT ON (building) building, tick, n, data->'stock' AS stock FROM public.events "
            "WHERE kind = 'restocked' AND tick <= $1 ORDER BY building, tick DESC, n DESC), "
            "sold AS (SELECT event.building, event.data->>'item' AS item, sum((event.data->>'quantity')::int) AS pieces "
            "FROM public.events AS event LEFT JOIN filled USING (building) WHERE event.kind = 'bought' AND event.tick <= $1 "
            "AND (filled.tick IS NULL OR (event.tick, event.n) > (filled.tick, filled.n)) GROUP BY 1, 2) "
            "SELECT building, stock, NULL AS item, 0 AS pieces FROM filled UNION ALL SELECT building, NULL, item, pieces FROM sold",
            tick,
        )
        for row in rows:
            shelf = stock.setdefault(row["building"], {})
            if row["stock"] is not None:
                shelf |= row["stock"]
            else:
                shelf[row["item"]] = max(0, shelf.get(row["item"], 0) - row["pieces"])
        return stock

    async def residents(self, tick: int) -> list[Agent]:
        """Everybody as they were after a tick."""
        rows = await self._history.fetch(
            "SELECT id, name, kind, tagline, owner, home_district FROM public.agents "
            "WHERE registered_tick <= $1 AND (revoked_tick IS NULL OR revoked_tick > $1) ORDER BY id",
            tick,
        )
        agents = [self._at_home(Agent(**dict(row))) for row in rows]
        names = [agent.id for agent in agents]
        mirror = Mirror(self._town)
        last = await self._history.latest(names, PLACING, tick) + await self._history.latest(
            names, [*ACTIVITY, "finished_meal"], tick
        )
        mirror.recall(agents, last, await self._history.latest(names, ["said"], tick))
        away = {event.agent for event in await self._history.latest(names, ["left", "came"], tick) if event.kind == "left"}
        for name in names:
            mirror.agents[name].presence = "offline" if name in away else "online"
        return [mirror.agents[name] for name in names]

    def _at_home(self, agent: Agent) -> Agent:
        """Who was there from the beginning began at home."""
        house = self._town.buildings.get(self._town.people.get(agent.id, {}).get("home") or "")
        if house is None:
            return agent
        x, y = house.door
        return agent.model_copy(update={"building": house.id, "district": house.district, "x": x, "y": y})

    async def _weather(self, tick: int) -> str:
        rows = await self._history.fetch(
            "SELECT data->>'weather' AS weather FROM public.events WHERE kind = 'weather' AND tick <= $1 "
            "ORDER BY tick DESC LIMIT 1",
            tick,
        )
        return str(rows[0]["weather"]) if rows else self._town.weather

    async def _buildings(self, tick: int) -> list[BuildingBrief]:
        doors = await self._history.fetch(
            "SELECT DISTINCT ON (building) building, kind FROM public.events "
            "WHERE kind IN ('opened', 'closed') AND tick <= $1 AND building IS NOT NULL ORDER BY building, tick DESC, n DESC",
            tick,
        )
        claims = await self._history.fetch(
            "SELECT agent, data->>'building' AS building FROM public.events WHERE kind = 'claimed' AND tick <= $1 ORDER BY tick, n",
            tick,
        )
        owners = self._town.owners | {row["building"]: row["agent"] for row in claims}
        opened = {row["building"]: row["kind"] == "opened" for row in doors}
        return [
            BuildingBrief(id=name, open=opened.get(name), owner=owners.get(name)) for name in sorted(opened.keys() | owners.keys())
        ]

    async def words(self, text: str, limit: int) -> list[Event]:
        """Who said something with these letters, newest first; among the last 200,000 sayings."""
        pattern = "%" + text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
        rows = await self._history.fetch(
            "SELECT * FROM ("  # noqa: S608  own words; values are bound
            + _EVENT
            + "WHERE kind = 'said' ORDER BY tick DESC, n DESC LIMIT $3) AS said WHERE data->>'text' ILIKE $1 LIMIT $2",
            pattern,
            limit,
            _SAID_AT_MOST,
        )
        return [event_of(row) for row in rows]

    async def bonds(self, agent: str | None, until: int) -> list[Bond]:
        """Pairs that have talked by a tick, those who talked most first."""
        rows = await self._history.fetch(
            "SELECT least(agent, listener) AS a, greatest(agent, listener) AS b, count(*) AS talks, max(tick) AS last_tick "
            "FROM (SELECT tick, agent, unnest(witnesses) AS listener FROM public.events "
            "WHERE kind = 'said' AND tick <= $2 AND ($1::text IS NULL OR agent = $1 OR witnesses @> ARRAY[$1])) AS heard "
            "WHERE listener <> agent AND ($1::text IS NULL OR $1 IN (agent, listener)) "
            "GROUP BY 1, 2 ORDER BY talks DESC, a, b LIMIT 5000",
            agent,
            until,
        )
        return [Bond(**dict(row)) for row in rows]

    async def wealth(self, until: int) -> dict[str, int]:
        """What everybody's purse held at a tick, cents, by agent id."""
        rows = await self._history.fetch(
            "SELECT account, sum(cents)::bigint AS cents FROM (SELECT payee AS account, cents FROM public.money WHERE tick <= $1 "
            "UNION ALL SELECT payer, -cents FROM public.money WHERE tick <= $1) AS moved WHERE account LIKE 'purse:%' GROUP BY 1",
            until,
        )
        moved = {row["account"].removeprefix("purse:"): row["cents"] for row in rows}
        names = sorted(moved.keys() | self._town.purses.keys())
        return {name: self._town.purses.get(name, 0) + moved.get(name, 0) for name in names}

    async def tellings(self, event: str, until: int) -> list[Event]:
        """Words and all that passed them on by a tick, in order; empty if nobody said them."""
        tick, number = (int(part) for part in event.split("-")[1:])
        rows = await self._history.fetch(
            _EVENT + "WHERE kind = 'said' AND tick BETWEEN $1 AND $2 AND (cardinality(about) > 0 OR (tick = $1 AND n = $3)) "
            "ORDER BY tick, n LIMIT $4",
            tick,
            until,
            number,
            _SAID_AT_MOST,
        )
        return _descending_from(event, (event_of(row) for row in rows))

    async def trend(self, district: str, until: int) -> list[HourOfDistrict]:
        """The last 24 hours of a district before a tick, oldest first."""
        ends = [end for end in range(until - _DAY + _HOUR, until + 1, _HOUR) if end > 0]
        counted = await self._history.fetch(
            "SELECT ($2 - tick) / 60 AS ago, count(*) FILTER (WHERE kind = 'said') AS talks, "
            "count(*) FILTER (WHERE kind = 'need') AS needs FROM public.events "
            "WHERE district = $1 AND tick > $2 - 1440 AND tick <= $2 GROUP BY 1",
            district,
            until,
        )
        there = await self._history.fetch(
            "SELECT ends.tick, count(*) AS people FROM unnest($2::bigint[]) AS ends(tick) CROSS JOIN public.agents AS who, "
            "LATERAL (SELECT district FROM public.events WHERE agent = who.id AND tick <= ends.tick AND kind = ANY($3::text[]) "
            "ORDER BY tick DESC, n DESC LIMIT 1) AS last WHERE last.district = $1 GROUP BY 1",
            district,
            ends,
            [*PLACING, *ACTIVITY, "said", "came"],
        )
        hours = {row["ago"]: row for row in counted}
        people = {row["tick"]: row["people"] for row in there}
        return [
            HourOfDistrict(
                tick=end, people=people.get(end, 0), talks=_of(hours, until, end, "talks"), needs=_of(hours, until, end, "needs")
            )
            for end in ends
        ]


def _place(event: Event) -> tuple[int, int]:
    """Where an event stands in the journal."""
    tick, number = event.id.split("-")[1:]
    return int(tick), int(number)


def _of(hours: dict[int, Any], until: int, end: int, name: str) -> int:
    row = hours.get((until - end) // _HOUR)
    return 0 if row is None else int(row[name])


def _descending_from(root: str, events: Iterable[Event]) -> list[Event]:
    """Of events in order `root` and those that are about it, or about one of these."""
    known: set[str] = set()
    found = []
    for event in events:
        if event.id == root or not known.isdisjoint(event.about):
            known.add(event.id)
            found.append(event)
    return found
