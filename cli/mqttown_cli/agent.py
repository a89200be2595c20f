"""`mqttown agent`: register an external agent, give it keys, list agents, revoke them."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
from pydantic import ValidationError

from mqttown_broker.credentials import hash_key, make_key, mosquitto_hash
from mqttown_cli.ask import ask
from mqttown_cli.console import DataOption, JsonOption, console, fail, run, show_json
from mqttown_cli.folder import DEFAULT_DATA, DataFolder
from mqttown_contract import topics
from mqttown_contract.permissions import Permissions
from mqttown_contract.types import ID_PATTERN, is_id

__all__ = ["app"]


class Scope(StrEnum):
    """What a key is good for."""

    FULL = "full"
    LISTEN = "listen"
    SPEAK = "speak"


app = typer.Typer(no_args_is_help=True, help="External agents: credentials and keys.")

Name = Annotated[str, typer.Argument(help="Id of the agent: lower-case letters, digits, - and _.")]


@app.command()
def new(
    name: Name,
    data: DataOption = DEFAULT_DATA,
    district: Annotated[str | None, typer.Option(help="Home district; the town chooses one without it.")] = None,
    public_name: Annotated[str | None, typer.Option("--name", help="Public name; made from the id without it.")] = None,
    tagline: Annotated[str | None, typer.Option(help="One line for the public card.")] = None,
    plan: Annotated[str, typer.Option(help="Rate plan: external, plus, or load for load runs.")] = "external",
    permissions: Annotated[str | None, typer.Option(help="What it may do, as JSON; docs/moderation.md tells the form.")] = None,
    json_: JsonOption = False,
) -> None:
    """Register an agent, and print its credentials and three ways to connect."""
    _check_id(name)
    folder = DataFolder(data)
    key = make_key()
    shown = public_name or name.replace("-", " ").replace("_", " ").title()
    result = run(
        ask(
            folder,
            "register",
            agent=name,
            name=shown,
            district=district,
            kind="external",
            tagline=tagline,
            plan=plan,
            permissions=None if permissions is None else _permissions(permissions),
            **hashes(key),
        )
    )
    if folder.running().get("broker") == "mosquitto":  # which knows each user name beforehand, so also the one that speaks
        run(ask(folder, "key", agent=name, tag="pub", **hashes(key)))
    credentials = _credentials(folder, name, key, result["home_district"])
    file = folder.write_agent(name, credentials)
    if json_:
        show_json(credentials)
        return
    console.print(f"[bold]{shown}[/bold] is registered in {result['home_district']}; its credentials are in {file}\n")
    console.print(_ways(credentials), markup=False)


@app.command()
def key(
    name: Name,
    tag: Annotated[str, typer.Option(help="Tag of the key: the agent then connects as NAME~TAG.")],
    data: DataOption = DEFAULT_DATA,
    scope: Annotated[Scope, typer.Option(help="full; listen to subscribe alone; speak to publish alone.")] = Scope.FULL,
    expires: Annotated[str | None, typer.Option(help="How long it is good: 90s, 15m, 12h or 30d; for ever without it.")] = None,
    json_: JsonOption = False,
) -> None:
    """Make a further key, for a second connection or for a program that shall not have all."""
    _check_id(name)
    _check_id(tag)
    folder = DataFolder(data)
    file, credentials = _new_key(folder, name, tag, scope=scope.value, expires=_end(expires))
    if json_:
        show_json(credentials)
    else:
        console.print(f"key {tag} of {name} is in {file}; connect with user name and client id {name}~{tag}")


@app.command()
def rotate(
    name: Name,
    data: DataOption = DEFAULT_DATA,
    tag: Annotated[str, typer.Option(help="Tag of the key to change; the agent's first key without it.")] = "",
    expires: Annotated[str | None, typer.Option(help="How long the new one is good: 90s, 15m, 12h or 30d.")] = None,
    json_: JsonOption = False,
) -> None:
    """Change a key: the old one ends at once, with its live connections. For no gap at all, live on a key with a tag meanwhile."""
    _check_id(name)
    folder = DataFolder(data)
    scopes = {row["tag"]: row["scope"] for row in run(_keys(folder)) if row["agent"] == name}
    if tag not in scopes:
        fail(f"{name} has no key {tag!r}; `mqttown agent list` names all")
    file, credentials = _new_key(folder, name, tag, scope=scopes[tag], expires=_end(expires))
    if json_:
        show_json(credentials)
    else:
        console.print(
            f"the new key is in {file}; programs that read it there come in again by themselves when they are started anew"
        )


@app.command("list")
def list_(data: DataOption = DEFAULT_DATA, json_: JsonOption = False) -> None:
    """List the agents of the town, and the keys of those that have any."""
    folder = DataFolder(data)
    rows = run(_agents(folder))
    keys: dict[str, list[dict[str, Any]]] = {}
    for key_ in run(_keys(folder)):
        keys.setdefault(key_["agent"], []).append(key_)
    if json_:
        show_json({"items": [{**row, "keys": [_told(one) for one in keys.get(row["id"], [])]} for row in rows]})
        return
    for row in rows:
        console.print(f"{row['id']:<24} {row['kind']:<9} {row['home_district']:<20} {row['name']}", markup=False)
        for one in keys.get(row["id"], []):
            until = f"until {one['expires']:%Y-%m-%d %H:%M} UTC" if one["expires"] else "for ever"
            last = f"last used {one['last']:%Y-%m-%d %H:%M} UTC" if one["last"] else "not used yet"
            console.print(f"  key {one['tag'] or '(first)':<18} {one['scope']:<9} {until}, {last}", markup=False)


@app.command()
def revoke(
    name: Name,
    data: DataOption = DEFAULT_DATA,
    tag: Annotated[str | None, typer.Option(help="Only the key with this tag.")] = None,
    json_: JsonOption = False,
) -> None:
    """Take an agent out of the town, or one of its keys out of use; a live connection is ended."""
    _check_id(name)
    folder = DataFolder(data)
    result = run(ask(folder, "revoke", agent=name, tag=tag))
    for file in (
        [folder.agent_file(f"{name}~{tag}")]
        if tag
        else sorted(folder.path.glob(f"agents/{name}.json")) + sorted(folder.path.glob(f"agents/{name}~*.json"))
    ):
        file.unlink(missing_ok=True)
    if json_:
        show_json(result)
    else:
        console.print(f"{name} is revoked" if tag is None else f"key {tag} of {name} is revoked")


async def _agents(folder: DataFolder) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(folder.running()["database"])
    try:
        rows = await connection.fetch("SELECT id, name, kind, home_district FROM agents WHERE revoked_tick IS NULL ORDER BY id")
    finally:
        await connection.close()
    return [dict(row) for row in rows]


async def _keys(folder: DataFolder) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(folder.running()["database"])
    try:
        rows = await connection.fetch(
            "SELECT agent, tag, scope, expires, last FROM town.credentials LEFT JOIN town.credential_uses USING (agent, tag) "
            "WHERE kind = 'agent' AND revoked IS NULL ORDER BY agent, tag"
        )
    finally:
        await connection.close()
    return [dict(row) for row in rows]


def _told(key_: dict[str, Any]) -> dict[str, Any]:
    times = {name: key_[name].isoformat() if key_[name] else None for name in ("expires", "last")}
    return {"tag": key_["tag"], "scope": key_["scope"], **times}


def _new_key(folder: DataFolder, name: str, tag: str, *, scope: str, expires: datetime | None) -> tuple[Path, dict[str, Any]]:
    """Have the town take a new key; return its file and what is in it."""
    secret = make_key()
    end = expires.isoformat() if expires else None
    result = run(ask(folder, "key", agent=name, tag=tag, scope=scope, expires=end, **hashes(secret)))
    username = f"{name}~{tag}" if tag else name
    credentials = _credentials(folder, username, secret, result["home_district"])
    return folder.write_agent(username, credentials), credentials


def _end(expires: str | None) -> datetime | None:
    if expires is None:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", expires)
    if found is None:
        fail(f"--expires {expires}: a number and s, m, h or d, like 30d")
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[found[2]]
    return datetime.now(UTC) + timedelta(**{unit: int(found[1])})


def _check_id(name: str) -> None:
    if not is_id(name):
        fail(f"{name!r} is no id: 1 to 48 lower-case letters, digits, - and _, starting with a letter or digit ({ID_PATTERN})")


def _permissions(text: str) -> dict[str, Any]:
    try:
        return Permissions.model_validate_json(text).model_dump(exclude_none=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        fail(f"--permissions {'.'.join(map(str, first['loc'])) or text!r}: {first['msg']}")


def hashes(secret: str) -> dict[str, str]:
    """What the town keeps of a key, as parameters of `register` and `key`."""
    return {"key_hash": hash_key(secret), "mosquitto_hash": mosquitto_hash(secret)}


def _credentials(folder: DataFolder, username: str, secret: str, district: str) -> dict[str, Any]:
    running = folder.running()
    agent = username.partition("~")[0]
    town = running["town"]
    return {
        "host": running["host"],
        "port": running["mqtt_port"],
        "ws_url": running["ws"],
        "username": username,
        "password": secret,
        **({"ca": running["ca"]} if "ca" in running else {}),
        "client_id": username,
        "town": town,
        "district": district,
        "topics": {
            "in": topics.agent_in(town, district, agent, "+"),
            "hello": topics.agent_out(town, district, agent, "hello"),
            "action": topics.agent_out(town, district, agent, "action"),
            "status": topics.agent_out(town, district, agent, "status"),
            "memory": topics.agent_out(town, district, agent, "memory"),
        },
    }


def _ways(known: dict[str, Any]) -> str:
    name, key, host, port = known["username"], known["password"], known["host"], known["port"]
    ca = known.get("ca")
    secure = "" if ca is None else " --tls-use-os-certs" if ca == "system" else f" --cafile {ca}"
    return f"""Python, with our SDK (it finds the credentials by the name):

    from mqttown import Agent
    agent = Agent("{name}")

JavaScript, with MQTT.js:

    const client = mqtt.connect("{known["ws_url"]}", {{
      username: "{name}", clientId: "{name}", protocolVersion: 4,
      password: "{key}",
    }});

Nothing but mosquitto, in two terminals (client id = user name; MQTT 3.1.1):

    mosquitto_sub -h {host} -p {port}{secure} -u '{name}' -i '{name}' -P '{key}' -v -t '{known["topics"]["in"]}'
    mosquitto_pub -h {host} -p {port}{secure} -u '{name}~pub' -i '{name}~pub' -P '{key}' -t '{known["topics"]["hello"]}' -m '{{}}'
"""
