"""`mqttown trace ACTION_ID`: the whole story of one action, out of the journal and the memories."""

import json
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import typer
from rich.markup import escape
from rich.tree import Tree

from mqttown_cli.console import DataOption, JsonOption, console, fail, run, show_json
from mqttown_cli.database import open_database
from mqttown_cli.folder import DEFAULT_DATA, DataFolder

__all__ = ["trace"]

_TOLD_ON: Final = 500
"""At most so many tellings of a story are followed."""
_EVENT: Final = "tick, id, kind, district, building, agent, cause, about, witnesses, data"


def trace(
    action_id: Annotated[str, typer.Argument(help="Id of the action, as the agent chose it.")],
    agent: Annotated[str | None, typer.Option(help="Whose action, where several have used that id.")] = None,
    data: DataOption = DEFAULT_DATA,
    database: Annotated[str | None, typer.Option(help="PostgreSQL URL, if the town was started with one.")] = None,
    json_: JsonOption = False,
) -> None:
    """Tell what an action answered, what became of it, who saw it, who remembers it, and who has passed it on."""
    story = run(_tell(data, database, action_id, agent))
    if json_:
        show_json(story)
    else:
        console.print(_tree(story))


async def _tell(data: Path, database: str | None, action_id: str, agent: str | None) -> dict[str, Any]:
    async with open_database(DataFolder(data), database) as connection:
        rows = await connection.fetch(
            "SELECT tick, agent, action_id, action, parameters, observation_id, reasoning, status, code, detail, path, events, "
            "traceparent FROM town.actions WHERE action_id = $1 AND ($2::text IS NULL OR agent = $2) ORDER BY tick, n",
            action_id,
            agent,
        )
        if not rows:
            fail(
                f"the journal has no decided action {action_id!r}{f' of {agent}' if agent else ''}; refusals that are not "
                "remembered (malformed, rate_limited, quarantined) are not journaled"
            )
        agents = sorted({row["agent"] for row in rows})
        if len(agents) > 1:
            fail(f"{action_id!r} was used by {', '.join(agents)}; --agent chooses one")
        action = dict(rows[-1])
        tick = await connection.fetchrow("SELECT tick, generation, wall, step_ms FROM town.ticks WHERE tick = $1", action["tick"])
        events = await _events(connection, action)
        return {
            "trace_id": _trace_id(action, tick["generation"]),
            "observation": action["observation_id"],
            "action": {**action, "parameters": json.loads(action["parameters"])},
            "tick": {**dict(tick), "wall": tick["wall"].isoformat(), "step_ms": round(tick["step_ms"], 3)},
            "events": events,
            "memories": await _memories(connection, [event["id"] for event in events]),
            "passed_on": await _passed_on(connection, [event["id"] for event in events]),
        }


def _trace_id(action: dict[str, Any], generation: int) -> str | None:
    """The trace of the action; where it has none, that of the observation that it answers, which follows from its name."""
    parts = (action["traceparent"] or "").split("-")
    if len(parts) == 4:
        return parts[1]
    if action["observation_id"] is None:
        return None
    return blake2b(f"{generation} {action['observation_id']}".encode(), digest_size=24).hexdigest()[:32]


async def _events(connection: asyncpg.Connection, action: dict[str, Any]) -> list[dict[str, Any]]:
    """Events that the action caused: at once, and later as the end of what it began."""
    rows = await connection.fetch(
        f"SELECT {_EVENT} FROM town.events WHERE agent = $1 AND tick >= $2 AND (action_id = $3 OR id = ANY($4) OR cause = ANY($4)) "  # noqa: S608  names of ours
        "ORDER BY tick, n",
        action["agent"], action["tick"], action["action_id"], action["events"],
    )  # fmt: skip
    return [_event(row) for row in rows]


async def _memories(connection: asyncpg.Connection, events: list[str]) -> list[dict[str, Any]]:
    """Who remembers any of the events, and in which words."""
    if not await connection.fetchval("SELECT to_regclass('memory.memories') IS NOT NULL"):
        return []
    rows = await connection.fetch(
        "SELECT agent, id, kind, text, importance, born, evidence FROM memory.memories WHERE evidence && $1::text[] ORDER BY n",
        events,
    )
    return [{**dict(row), "importance": row["importance"] / 1000} for row in rows]


async def _passed_on(connection: asyncpg.Connection, events: list[str]) -> list[dict[str, Any]]:
    """Who has told of it, and who of that telling, and so on."""
    found: list[dict[str, Any]] = []
    known, fresh = set(events), list(events)
    while fresh and len(found) < _TOLD_ON:
        rows = await connection.fetch(
            f"SELECT {_EVENT} FROM town.events WHERE kind = 'said' AND about && $1::text[] ORDER BY tick, n LIMIT $2",  # noqa: S608
            fresh,
            _TOLD_ON,
        )
        told = [_event(row) for row in rows if row["id"] not in known]
        fresh = [event["id"] for event in told]
        known.update(fresh)
        found += told
    return found[:_TOLD_ON]


def _event(row: asyncpg.Record) -> dict[str, Any]:
    return {**dict(row), "data": json.loads(row["data"])}


def _tree(story: dict[str, Any]) -> Tree:
    action, tick = story["action"], story["tick"]
    root = Tree(f"[bold]{action['agent']}[/bold] · {escape(action['action_id'])} · trace {story['trace_id'] or 'none'}")
    root.add(f"answers {escape(story['observation'] or 'no observation')}")
    asked = root.add(f"[green]{escape(action['action'])}[/green] {_json(action['parameters'])}")
    if action["reasoning"]:
        asked.add(f"because: {escape(action['reasoning'])}")
    where = f" ({escape(action['path'])})" if action["path"] else ""
    refused = f"[red]rejected: {action['code']}[/red]{where}: {escape(action['detail'] or '')}"
    verdict = "[green]accepted[/green]" if action["status"] == "accepted" else refused
    root.add(f"{verdict} at tick {tick['tick']} (generation {tick['generation']}, step {tick['step_ms']} ms, {tick['wall']})")
    for event in story["events"]:
        branch = root.add(f"event [cyan]{event['id']}[/cyan] {event['kind']} {_json(event['data'])}")
        branch.add(f"witnessed by {', '.join(event['witnesses']) or 'nobody'}")
        for memory in story["memories"]:
            if event["id"] in memory["evidence"]:
                branch.add(f"[magenta]{memory['agent']} remembers[/magenta] ({memory['kind']}): {escape(memory['text'])}")
    for told in story["passed_on"]:
        heard = ", ".join(one for one in told["witnesses"] if one != told["agent"]) or "nobody"
        said = escape(told["data"].get("text", ""))
        root.add(f"passed on by [yellow]{told['agent']}[/yellow] at tick {told['tick']} ({told['id']}), heard by {heard}: {said}")
    return root


def _json(value: Any) -> str:
    return escape(json.dumps(value, ensure_ascii=False))
