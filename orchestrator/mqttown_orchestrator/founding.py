"""How a town begins, and how it goes on from its journal."""

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from mqttown_orchestrator.citizens import Citizens
from mqttown_orchestrator.journal import Journal, JournalError, Run, Snapshot
from mqttown_orchestrator.narration import remember_row
from mqttown_orchestrator.replay import replay
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.world.digest import dump, load
from mqttown_orchestrator.world.genesis import genesis
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.plan import Plan

__all__ = ["found_or_resume", "read_town"]

_REMEMBERED_TICKS: Final = 1_440
_REMEMBERED_EVENTS: Final = 50_000
"""At a start, so much of the past comes back for `since_tick`."""
_HOST: Final = "host-1"


def read_town(path: Path) -> dict[str, Any]:
    """Read a compiled town.

    Raises:
        JournalError: there is none.
    """
    try:
        town: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise JournalError(f"{path} is no compiled town: {error}") from error
    return town


async def found_or_resume(journal: Journal, compiled: dict[str, Any], seed: int) -> Town:
    """Begin a new town in an empty journal, or go on with the one that is there. From then on we are its writer.

    Raises:
        JournalError: the journal holds another town, or can't be replayed.
    """
    run = await journal.run()
    if run is None:
        await _found(journal, compiled, seed)
        run = await journal.run()
    if run is None:
        raise JournalError("the genesis is not in the journal")
    _same(run, compiled, seed)
    generation = await journal.take_over()
    plan, luck = Plan.from_json(run.town), Luck(run.seed)
    snapshot = await journal.snapshot(journal.tick)
    if snapshot is None:
        raise JournalError("the journal holds no snapshot; start afresh with another --data directory")
    state = load(snapshot.dumped)
    async for done in replay(journal, plan, state, luck):
        if done.fault is not None:
            raise JournalError(f"tick {done.tick} of the journal can't be replayed: {done.fault}; `mqttown verify` tells more")
    if state.tick != journal.tick:
        raise JournalError(f"the journal ends at tick {state.tick}, but its writer was at {journal.tick}")
    citizens = Citizens(run.town_id, await journal.agents())
    for row in await journal.recent_events(journal.tick - _REMEMBERED_TICKS, _REMEMBERED_EVENTS):
        remember_row(citizens, row)
    for citizen in citizens:
        citizen.witnessed.told = journal.tick
    return Town(run.town_id, run.town, plan, luck, state, citizens, generation, journal.tick)


async def _found(journal: Journal, compiled: dict[str, Any], seed: int) -> None:
    plan = Plan.from_json(compiled)
    first = Snapshot.of(0, dump(genesis(plan, seed)))
    versions = {"python": platform.python_version(), "mqttown-town": version("mqttown-town")}
    await journal.begin(compiled, seed, versions, first, [_resident(plan, person) for person in compiled["people"]])


def _resident(plan: Plan, person: dict[str, Any]) -> tuple[Any, ...]:
    district = plan.buildings[person["home"]].district
    return person["id"], person["name"], "hosted", district, None, person["tagline"], "hosted", _HOST, 0, None, None, None, {}


def _same(run: Run, compiled: dict[str, Any], seed: int) -> None:
    """See that the journal is of this town."""
    asked = (compiled["town"]["id"], seed, compiled["content_hash"])
    known = (run.town_id, run.seed, run.content_hash)
    if asked != known:
        names = ("town", "seed", "content hash")
        differing = "; ".join(
            f"{name} {was!r}, not {now!r}" for name, was, now in zip(names, known, asked, strict=True) if was != now
        )
        raise JournalError(
            f"this journal was begun with {differing}; go on with that, or start afresh with another --data directory"
        )
