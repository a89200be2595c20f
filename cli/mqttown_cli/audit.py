"""`mqttown audit`: the log of what was decided about agents, and the proof that it is whole."""

import json
from typing import Annotated, Any

import typer

from mqttown_cli.console import DataOption, JsonOption, console, fail, run, show_json
from mqttown_cli.database import open_database
from mqttown_cli.folder import DEFAULT_DATA, DataFolder, FolderError

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The audit log: what was decided about whom, chained by hashes.")

DatabaseOption = Annotated[str | None, typer.Option(help="PostgreSQL URL, if the town was started with one.")]


@app.command()
def verify(
    data: DataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
    head: Annotated[
        str | None, typer.Option(metavar="N:HASH", help="A row's hash as the town's log told it; it must be there.")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Recompute the chain, and name the first row that is not as it was written; ends with code 1 if there is one."""
    from mqttown_orchestrator.audit import verify as check  # noqa: PLC0415  loads when it is used

    known = _head(head)
    rows, heads = run(_chain(DataFolder(data), database))
    found = check(rows, {**heads, **known})
    if json_:
        show_json(found.to_json())
    elif found.ok:
        console.print(f"{found.rows} rows, each as it was written; the head is {found.rows}:{found.head}", markup=False)
    else:
        console.print(f"row {found.first_bad}: {found.detail}", style="red", markup=False)
    if not found.ok:
        raise typer.Exit(1)


@app.command("list")
def list_(
    data: DataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
    agent: Annotated[str | None, typer.Option(help="Only what is about this agent.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind, like moderation, flag, quarantine, permit.")] = None,
    last: Annotated[int, typer.Option(min=1, help="So many newest rows.")] = 50,
    json_: JsonOption = False,
) -> None:
    """List the newest decisions, oldest first."""
    rows = run(_newest(DataFolder(data), database, agent, kind, last))
    if json_:
        show_json({"items": rows})
        return
    for row in rows:
        what = json.dumps(row["what"], ensure_ascii=False)
        console.print(f"{row['n']:>6}  {row['wall']}  {row['kind']:<12} {row['agent'] or '':<24} {what}", markup=False)


def _head(text: str | None) -> dict[int, str]:
    if text is None:
        return {}
    number, _, digest = text.partition(":")
    if not number.isdigit() or len(digest) != 64:
        fail(f"{text!r} is no head: a row number, a colon and 64 hexadecimal digits, like 12:9f86…")
    return {int(number): digest}


async def _chain(folder: DataFolder, url: str | None) -> tuple[list[dict[str, Any]], dict[int, str]]:
    try:
        async with open_database(folder, url) as connection:
            rows = await connection.fetch(
                "SELECT n, wall, tick, kind, agent, owner, what, prev_hash, hash FROM town.audit ORDER BY n"
            )
            heads = await connection.fetch("SELECT n, hash FROM town.audit_heads WHERE n > 0")
    except FolderError as error:
        fail(error)
    return [{**row, "what": json.loads(row["what"])} for row in rows], {row["n"]: row["hash"] for row in heads}


async def _newest(folder: DataFolder, url: str | None, agent: str | None, kind: str | None, last: int) -> list[dict[str, Any]]:
    try:
        async with open_database(folder, url) as connection:
            rows = await connection.fetch(
                "SELECT n, wall, tick, kind, agent, owner, what FROM town.audit "
                "WHERE ($1::text IS NULL OR agent = $1) AND ($2::text IS NULL OR kind = $2) ORDER BY n DESC LIMIT $3",
                agent, kind, last,
            )  # fmt: skip
    except FolderError as error:
        fail(error)
    return [{**row, "wall": row["wall"].isoformat(timespec="seconds"), "what": json.loads(row["what"])} for row in reversed(rows)]
