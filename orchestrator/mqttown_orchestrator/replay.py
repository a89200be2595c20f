"""Replays journaled inputs through the world, and compares what comes out: `mqttown verify`, and every start."""

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from mqttown_orchestrator.journal import Journal, JournalError
from mqttown_orchestrator.record import hash_bytes, hash_happened, write_events
from mqttown_orchestrator.world.digest import digest, load
from mqttown_orchestrator.world.genesis import genesis
from mqttown_orchestrator.world.inputs import from_json
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import State
from mqttown_orchestrator.world.step import step
from mqttown_orchestrator.world.turn import Happened

__all__ = ["Replayed", "Verification", "last_state", "newest_state", "replay", "verify"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """One tick, made again. `fault` says what differs from the journal; None for nothing."""

    tick: int
    happened: Happened | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class Verification:
    """What `mqttown verify` tells.

    Attributes:
        ok: whether the journal is what its inputs lead to.
        ticks: how many were replayed.
        hash: of the last state.
        first_bad_tick: where it differs first, or None.
        detail: what differs there.
    """

    ok: bool
    ticks: int
    hash: str
    first_bad_tick: int | None = None
    detail: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As a plain mapping."""
        return asdict(self)


async def replay(journal: Journal, plan: Plan, state: State, luck: Luck) -> AsyncIterator[Replayed]:
    """Feed the inputs after the state's tick through the world; ends at the first fault."""
    async for row in journal.ticks(state.tick):
        done = _again(row, plan, state, luck)
        yield done
        if done.fault is not None:
            return


async def last_state(journal: Journal) -> tuple[int, str]:
    """Tick and hash of the newest state; as `newest_state`."""
    state = await newest_state(journal)
    return state.tick, digest(state)


async def newest_state(journal: Journal) -> State:
    """The newest state, replayed from the newest snapshot.

    Raises:
        JournalError: there is no town, or it can't be replayed to its end.
    """
    run, last = await journal.run(), await journal.last_tick()
    snapshot = await journal.snapshot(last)
    if run is None or snapshot is None:
        raise JournalError("no town has been begun in this database")
    plan, state = Plan.from_json(run.town), load(snapshot.dumped)
    async for done in replay(journal, plan, state, Luck(run.seed)):
        if done.fault is not None:
            raise JournalError(f"tick {done.tick} of the journal can't be replayed: {done.fault}")
    if state.tick != last:
        raise JournalError(f"the journal ends at tick {state.tick}, but its writer was at {last}")
    return state


async def verify(database: str, *, from_snapshot: bool = False) -> Verification:
    """Replay a journal and compare each tick's inputs, events and verdicts, and each snapshot.

    Args:
        database: URL of the journal's database; it is only read.
        from_snapshot: begin at the newest snapshot instead of at the seed.

    Raises:
        JournalError: there is no town in it.
    """
    # One snapshot of the database: the town may be running, and its journal growing.
    async with Journal.open(database) as journal, journal.as_it_stands():
        run = await journal.run()
        if run is None:
            raise JournalError("no town has been begun in this database")
        plan, luck = Plan.from_json(run.town), Luck(run.seed)
        last = await journal.last_tick()
        state, start = genesis(plan, run.seed), 0
        if from_snapshot and (newest := await journal.snapshot(last)) is not None:
            state, start = load(newest.dumped), newest.tick
        hashes = await journal.snapshot_hashes()
        if (fault := await _snapshot_fault(journal, state, hashes)) is not None:
            return Verification(ok=False, ticks=0, hash=digest(state), first_bad_tick=state.tick, detail=fault)
        async for done in replay(journal, plan, state, luck):
            fault = done.fault or await _rows_fault(journal, done.happened) or await _snapshot_fault(journal, state, hashes)
            if fault is not None:
                return Verification(ok=False, ticks=done.tick - start, hash=digest(state), first_bad_tick=done.tick, detail=fault)
        if state.tick != last:
            detail = f"the journal ends at tick {state.tick}, but its writer was at {last}"
            return Verification(
                ok=False, ticks=state.tick - start, hash=digest(state), first_bad_tick=state.tick + 1, detail=detail
            )
        return Verification(ok=True, ticks=state.tick - start, hash=digest(state))


def _again(row: Any, plan: Plan, state: State, luck: Luck) -> Replayed:
    tick, inputs = row["tick"], row["inputs"]
    if tick != state.tick + 1:
        return Replayed(state.tick + 1, None, f"tick {state.tick + 1} is missing")
    if hash_bytes(inputs) != row["inputs_hash"]:
        return Replayed(tick, None, "its inputs are not those that were journaled")
    try:
        entries = [from_json(plain) for plain in orjson.loads(inputs)]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        return Replayed(tick, None, f"its inputs can't be read: {error}")
    happened = step(state, plan, entries, luck)
    if hash_happened(happened, write_events(happened.events)) != row["events_hash"]:
        return Replayed(tick, happened, "its inputs lead to other events or verdicts")
    return Replayed(tick, happened, None)


async def _snapshot_fault(journal: Journal, state: State, hashes: dict[int, str]) -> str | None:
    known = hashes.get(state.tick)
    if known is None:
        return None
    snapshot = await journal.snapshot(state.tick)
    if known != digest(state):
        return "its snapshot has another hash than the state that the inputs lead to"
    if snapshot is None or snapshot.hash != digest(load(snapshot.dumped)):
        return "its snapshot is not what its hash says"
    return None


async def _rows_fault(journal: Journal, happened: Happened | None) -> str | None:
    """Compare the rows that researchers read with what the inputs lead to."""
    if happened is None:
        return None
    events = [orjson.loads(payload) for payload in write_events(happened.events)]
    if await journal.events_of(happened.tick) != events:
        return "its rows of events are not those that its inputs lead to"
    verdicts = [(decision.agent, decision.id, decision.status, list(decision.events)) for decision in happened.verdicts]
    if await journal.verdicts_of(happened.tick) != verdicts:
        return "its rows of actions are not those that its inputs lead to"
    return None
