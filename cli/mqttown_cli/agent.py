"""`mqttown agent`: register an external agent, give it keys, list agents, revoke them."""

import hashlib
import secrets
from typing import Annotated, Any

import asyncpg
import typer
from pydantic import ValidationError

from mqttown_cli.ask import ask
from mqttown_cli.console import DataOption, JsonOption, console, fail, run, show_json
from mqttown_cli.folder import DEFAULT_DATA, DataFolder
from mqttown_contract import topics
from mqttown_contract.permissions import Permissions
from mqttown_contract.types import ID_PATTERN, is_id

__all__ = ["app"]

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
    key = secrets.token_urlsafe(32)
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
            key_hash=_hash(key),
        )
    )
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
    json_: JsonOption = False,
) -> None:
    """Make a second key, for a second connection or to change keys without a gap."""
    _check_id(name)
    _check_id(tag)
    folder = DataFolder(data)
    secret = secrets.token_urlsafe(32)
    result = run(ask(folder, "key", agent=name, tag=tag, key_hash=_hash(secret)))
    credentials = _credentials(folder, f"{name}~{tag}", secret, result["home_district"])
    file = folder.write_agent(f"{name}~{tag}", credentials)
    if json_:
        show_json(credentials)
    else:
        console.print(f"key {tag} of {name} is in {file}; connect with user name and client id {name}~{tag}")


@app.command("list")
def list_(data: DataOption = DEFAULT_DATA, json_: JsonOption = False) -> None:
    """List the agents of the town."""
    rows = run(_agents(DataFolder(data)))
    if json_:
        show_json({"items": rows})
        return
    for row in rows:
        console.print(f"{row['id']:<24} {row['kind']:<9} {row['home_district']:<20} {row['name']}", markup=False)


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


def _check_id(name: str) -> None:
    if not is_id(name):
        fail(f"{name!r} is no id: 1 to 48 lower-case letters, digits, - and _, starting with a letter or digit ({ID_PATTERN})")


def _permissions(text: str) -> dict[str, Any]:
    try:
        return Permissions.model_validate_json(text).model_dump(exclude_none=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        fail(f"--permissions {'.'.join(map(str, first['loc'])) or text!r}: {first['msg']}")


def _hash(secret: str) -> str:
    # A key is 256 random bits, so one round of SHA-256 is enough: there is nothing to guess.
    return f"sha256:{hashlib.sha256(secret.encode()).hexdigest()}"


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
    return f"""Python, with our SDK (it finds the credentials by the name):

    from mqttown import Agent
    agent = Agent("{name}")

JavaScript, with MQTT.js:

    const client = mqtt.connect("{known["ws_url"]}", {{
      username: "{name}", clientId: "{name}", protocolVersion: 4,
      password: "{key}",
    }});

Nothing but mosquitto, in two terminals (client id = user name; MQTT 3.1.1):

    mosquitto_sub -h {host} -p {port} -u '{name}' -i '{name}' -P '{key}' -v -t '{known["topics"]["in"]}'
    mosquitto_pub -h {host} -p {port} -u '{name}~pub' -i '{name}~pub' -P '{key}' -t '{known["topics"]["hello"]}' -m '{{}}'
"""
