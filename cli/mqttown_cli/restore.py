"""`mqttown restore`: makes a town out of a backup, and proves by hash that it is the same."""

import asyncio
import re
import shutil
import subprocess
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final

import asyncpg
import typer

from mqttown_cli.archive import DUMP, Archive, ArchiveError, Manifest
from mqttown_cli.console import DataOption, console, fail, run
from mqttown_cli.folder import DEFAULT_DATA, DataFolder
from mqttown_cli.postgres import EmbeddedPostgres, PostgresError, binary

__all__ = ["restore"]

_MAJOR: Final = 10_000


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `mqttown backup` has written.")],
    data: DataOption = DEFAULT_DATA,
    database: Annotated[str | None, typer.Option(help="URL of an empty PostgreSQL database; an embedded one without it.")] = None,
) -> None:
    """Make a town out of a backup, in an empty directory; ends with code 1 unless its state is that of the backup."""
    from mqttown_orchestrator.journal import JournalError  # noqa: PLC0415  the world loads when it is replayed

    folder = DataFolder(data)
    try:
        archive = Archive.open(file)
        _see_versions(archive.manifest)
        _see_that_it_is_empty(folder.path)
        fresh = DataFolder(folder.path.with_name(f"{folder.path.name}.restoring"))
        shutil.rmtree(fresh.path, ignore_errors=True)
        fresh.path.mkdir(parents=True, mode=0o755)
        archive.unpack(fresh.path)
        server = nullcontext() if database is not None else EmbeddedPostgres(fresh.postgres)
        with server as embedded:
            url = database or embedded.url  # type: ignore[union-attr]  # one of the two is there
            run(_fill(url, fresh.path / DUMP, archive.manifest))
        (fresh.path / DUMP).unlink()
        if folder.path.exists():
            folder.path.rmdir()
        fresh.path.rename(folder.path)  # whole and proved, or not at all
    except (ArchiveError, PostgresError, JournalError, OSError) as error:
        fail(error)
    manifest = archive.manifest
    console.print(f"{manifest.town} at tick {manifest.tick}: replayed, and its state is {manifest.state_hash}, as in the backup")


def _see_that_it_is_empty(path: Path) -> None:
    if path.exists() and any(path.iterdir()):
        raise ArchiveError(f"{path} is not empty; a backup is restored into an empty directory: name one with --data")


def _see_versions(manifest: Manifest) -> None:
    if _numbers(manifest.mqttown) > _numbers(version("mqttown-town")):
        raise ArchiveError(f"the backup was made by mqttown {manifest.mqttown}; this is {version('mqttown-town')}, which is older")
    said = subprocess.run([str(binary("pg_restore")), "--version"], capture_output=True, text=True, check=True).stdout
    ours = int(re.findall(r"\d+", said)[0])
    if manifest.postgres // _MAJOR > ours:
        raise ArchiveError(f"the backup is of PostgreSQL {manifest.postgres // _MAJOR}; the one here is {ours}, which is older")


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)[:3]]


async def _fill(url: str, dump: Path, manifest: Manifest) -> None:
    """Fill an empty database, and replay."""
    from mqttown_orchestrator.journal import Journal  # noqa: PLC0415
    from mqttown_orchestrator.replay import last_state  # noqa: PLC0415

    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("SELECT to_regclass('town.run') IS NOT NULL"):
            raise ArchiveError("there is a town in that database already; a backup is restored into an empty one")
    finally:
        await connection.close()
    command = [str(binary("pg_restore")), "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    done = await asyncio.to_thread(
        subprocess.run, [*command, f"--dbname={url}", str(dump)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ArchiveError(f"the database could not be filled: {done.stderr.strip()}")
    async with Journal.open(url) as journal:
        found = await last_state(journal)
    if found != (manifest.tick, manifest.state_hash):
        raise ArchiveError(
            f"the restored town is at tick {found[0]} with state {found[1]}, not at {manifest.tick} with {manifest.state_hash}"
        )
