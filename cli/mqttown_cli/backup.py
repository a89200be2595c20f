"""`mqttown backup`: one moment of a town, running or stopped, as one file."""

import asyncio
import os
import subprocess
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from mqttown_cli.archive import DUMP, FORMAT, Archive, ArchiveError, Manifest, small_files
from mqttown_cli.console import DataOption, console, fail, run
from mqttown_cli.database import database_of
from mqttown_cli.folder import DEFAULT_DATA, DataFolder, FolderError
from mqttown_cli.postgres import PostgresError, binary

__all__ = ["backup"]


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it holds secrets, and only you can read it.")],
    data: DataOption = DEFAULT_DATA,
    database: Annotated[str | None, typer.Option(help="PostgreSQL URL, if the town was started with one.")] = None,
) -> None:
    """Keep one moment of the town in a file, while it runs; `mqttown restore` makes a town of it again."""
    from mqttown_orchestrator.journal import JournalError  # noqa: PLC0415  the world loads when it is replayed

    folder = DataFolder(data)
    try:
        _see_a_town(folder)
        with database_of(folder, database) as url:
            manifest = run(_backup(folder, url, file.absolute()))
    except (FolderError, ArchiveError, PostgresError, JournalError, OSError) as error:
        fail(error)
    size = file.stat().st_size / 2**20
    console.print(f"{manifest.town} at tick {manifest.tick}, state {manifest.state_hash}, {size:.1f} MiB: {file}")
    console.print("It holds the keys and tokens of the town: keep it as you keep those.")


def _see_a_town(folder: DataFolder) -> None:
    if not folder.is_founded():
        raise FolderError(f"there is no town in {folder.path}; name its directory with --data")


async def _backup(folder: DataFolder, url: str, file: Path) -> Manifest:
    from mqttown_orchestrator.journal import Journal  # noqa: PLC0415
    from mqttown_orchestrator.replay import last_state  # noqa: PLC0415

    connection = await asyncpg.connect(url)
    try:
        postgres = int(await connection.fetchval("SHOW server_version_num"))
    finally:
        await connection.close()
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".mqttown-backup-") as place:
        dump = Path(place) / DUMP
        async with Journal.open(url) as journal, journal.as_it_stands():
            # The dump reads the very moment that the hash is of, whatever the town writes meanwhile.
            await asyncio.to_thread(_dump, url, await journal.exported(), dump)
            tick, state_hash = await last_state(journal)
            made_from = await journal.run()
        assert made_from is not None
        manifest = Manifest(
            format=FORMAT, made=datetime.now(UTC).isoformat(timespec="seconds"), town=made_from.town_id, seed=made_from.seed,
            content_hash=made_from.content_hash, tick=tick, state_hash=state_hash, mqttown=version("mqttown-town"),
            postgres=postgres,
        )  # fmt: skip
        Archive.write(file, manifest, {DUMP: dump, **dict(small_files(folder))})
    return manifest


def _dump(url: str, snapshot: str, dump: Path) -> None:
    command = [str(binary("pg_dump")), "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
    handle = os.open(dump, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        done = subprocess.run([*command, f"--dbname={url}"], stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise ArchiveError(f"the database could not be read: {done.stderr.strip()}")
