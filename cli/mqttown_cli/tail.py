"""`mqttown tail NAME`: what an agent saw, sent, and was answered, as it happens."""

from typing import Annotated, Any

import asyncpg
import typer
from rich.text import Text

from mqttown.link import Incoming
from mqttown_cli.ask import link_of
from mqttown_cli.console import DataOption, JsonOption, console, fail, run, show_json
from mqttown_cli.folder import DEFAULT_DATA, DataFolder
from mqttown_contract import topics
from mqttown_contract.errors import CODES
from mqttown_contract.types import is_id

__all__ = ["tail"]


def tail(
    name: Annotated[str, typer.Argument(help="Id of the agent.")],
    data: DataOption = DEFAULT_DATA,
    count: Annotated[int | None, typer.Option("--count", "-n", min=1, help="End after so many messages.")] = None,
    json_: JsonOption = False,
) -> None:
    """Show what an agent sees, sends and is answered. Ctrl-C ends it."""
    if not is_id(name):
        fail(f"{name!r} is no id of an agent")
    try:
        run(_follow(DataFolder(data), name, count, as_json=json_))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


async def _follow(folder: DataFolder, name: str, count: int | None, *, as_json: bool) -> None:
    running = folder.running()
    town = running["town"]
    await _check_known(running["database"], name)
    link = link_of(folder)
    await link.subscribe(
        topics.agent_in(town, "+", name, "+"),
        topics.agent_out(town, "+", name, "+"),
        topics.agent(town, "+", name, "presence"),
    )
    shown = 0
    async with link:
        async for incoming in link:
            _show(incoming, as_json=as_json)
            shown += 1
            if shown == count:
                return


async def _check_known(database: str, name: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        known = await connection.fetchval("SELECT true FROM agents WHERE id = $1 AND revoked_tick IS NULL", name)
    finally:
        await connection.close()
    if not known:
        fail(f"there is no agent {name!r}; `mqttown agent list` names all")


def _show(incoming: Incoming, *, as_json: bool) -> None:
    topic = topics.parse(incoming.topic)
    try:
        message = incoming.json()
    except ValueError:
        message = incoming.payload.decode(errors="replace")
    if as_json:
        show_json({"topic": incoming.topic, "direction": topic.direction, "channel": topic.channel, "message": message})
        return
    arrow = {"in": "[cyan]saw [/cyan]", "out": "[green]sent[/green]", None: "[magenta]is  [/magenta]"}[topic.direction]
    console.print(f"{arrow} {topic.channel:<12}", end="")
    console.print(_words(topic.channel, message))


def _words(channel: str, message: Any) -> Text:
    """What a message says; a refusal stands out, with its code and what to do about it."""
    sentence = Text(_sentence(channel, message).replace("\n", "\\n"))  # one line a message: nobody can write a second one
    code = message.get("code") if isinstance(message, dict) and channel in {"verdict", "notice", "memory"} else None
    if code is None:
        return sentence
    sentence.stylize("red")
    sentence.highlight_words([str(code)], "bold reverse red")
    if code in CODES:
        sentence.append(f"\n     {'':<12}→ {CODES[code].remedy}", "yellow")
    return sentence


def _sentence(channel: str, message: Any) -> str:
    if not isinstance(message, dict):
        return repr(message)
    match channel:
        case "observation":
            seen = message["observation"]
            own, heard = seen["self"], [f"{one['from']}: {one['text']!r}" for one in seen["messages"]]
            where = seen["location"]["building"] or f"({seen['location']['x']:.0f} m, {seen['location']['y']:.0f} m)"
            company = ", ".join(other["id"] for other in seen["visible_agents"]) or "nobody"
            return " · ".join(
                [
                    f"tick {message['tick']}",
                    own["doing"],
                    f"at {where}",
                    f"with {company}",
                    *heard,
                    f"because {message.get('because')}",
                ]
            )
        case "verdict" if message["status"] == "accepted":
            return f"tick {message['tick']} · {message['action_id']} accepted"
        case "verdict":
            hint = f"; allowed: {message['allowed']}" if message.get("allowed") is not None else ""
            where = f" ({message['path']})" if message.get("path") else ""
            return f"tick {message['tick']} · {message['action_id']} rejected: {message['code']}{where}: {message['detail']}{hint}"
        case "action":
            return f"{message.get('id')} · {message.get('action')} {message.get('parameters')}"
        case _:
            return str(message)
