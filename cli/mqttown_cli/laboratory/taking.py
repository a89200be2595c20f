"""Taking a fork: out of the journal of a served town, or out of a run folder."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from mqttown_cli.laboratory.casting import cast_of, models_file, tape_of
from mqttown_cli.laboratory.folder import RunFolder
from mqttown_cli.laboratory.fork import Fork, ForkError, Thoughts
from mqttown_cli.laboratory.town import compiled
from mqttown_orchestrator.journal import Journal
from mqttown_orchestrator.world.digest import digest
from mqttown_orchestrator.world.genesis import genesis
from mqttown_orchestrator.world.inputs import from_json
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.step import step

__all__ = ["fork_of_run", "fork_of_town"]


async def fork_of_town(database: str, at: int | None) -> Fork:
    """A served town as its journal has it; it may be running, and is only read.

    Args:
        database: URL of the journal's database.
        at: tick; the newest without it.

    Raises:
        ForkError: there is no town in it, or it has not come so far.
    """
    async with Journal.open(database) as journal, journal.as_it_stands():
        run = await journal.run()
        if run is None:
            raise ForkError("no town has been begun in this database")
        last = await journal.last_tick()
        until = _until(at, last)
        inputs = [bytes(row["inputs"]) async for row in journal.ticks(0) if row["tick"] <= until]
        return _taken(dict(run.town), int(run.seed), inputs, f"town {run.town['town']['id']}")


def fork_of_run(folder: Path, run_id: int, at: int | None) -> Fork:
    """A run of the model `town`, out of its table `ticks`.

    Raises:
        ForkError: it has not come so far, or minds with a model were told what nobody recorded.
        RunFolderError: there is no such run.
    """
    runs = RunFolder(folder)
    receipt = runs.receipts().get(run_id)
    if receipt is None:
        raise ForkError(f"{folder} has no finished run {run_id}")
    if receipt["parameters"].get("start"):
        raise ForkError("a run that began with a fork can't be forked again: fork the first one")
    ticks = runs.table("ticks", run_id).sort("tick")
    until = _until(at, len(ticks))
    parameters = receipt["parameters"]
    town = compiled(parameters.get("town", "helsinki"), parameters.get("residents", 25), receipt["seed"])
    inputs = [line.encode() for line in ticks["inputs"].head(until).to_list()]
    taken = _taken(town, receipt["seed"], inputs, f"run {run_id} of {runs.experiment().name}")
    return replace(taken, thoughts=_thoughts(town, receipt["seed"], parameters)) if parameters.get("model_minds") else taken


def _thoughts(town: Mapping[str, Any], seed: int, parameters: Mapping[str, Any]) -> Thoughts:
    """What residents with a model were told in a run: its cassette, without which nobody knows what they had in mind."""
    cast = cast_of(parameters["model_minds"], [person["id"] for person in town["people"]])
    tier, talk = parameters.get("tier", "small"), parameters.get("talk", True)
    if parameters.get("cassette") is None:
        raise ForkError(f"{', '.join(cast)} thought with a model, and nobody recorded what it told them: run it with a `cassette`")
    answers = tape_of(parameters["cassette"], seed, town, parameters.get("residents", 25), cast, tier, talk=talk)
    if not answers.exists():
        raise ForkError(f"what {', '.join(cast)} were told is needed, and {answers} is not there")
    return Thoughts(cast, tier, parameters.get("budget", 0), answers, models_file(parameters.get("models")))


def _until(at: int | None, last: int) -> int:
    if at is not None and at > last:
        raise ForkError(f"it has come to tick {last}, and not to {at}")
    return last if at is None else at


def _taken(town: dict[str, object], seed: int, inputs: list[bytes], origin: str) -> Fork:
    """Replay the inputs, to have the hash of what they lead to."""
    plan, luck = Plan.from_json(town), Luck(seed)
    state = genesis(plan, seed)
    for line in inputs:
        step(state, plan, [from_json(plain) for plain in orjson.loads(line)], luck)
    return Fork(town, seed, inputs, digest(state), origin)
