"""What a backup is: one tar file with a manifest, a dump of the database, and the small files of the data directory."""

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Self

from pydantic import TypeAdapter, ValidationError

from mqttown_cli.folder import DataFolder

__all__ = ["DUMP", "FORMAT", "Archive", "ArchiveError", "Manifest", "small_files"]

FORMAT: Final = 1
DUMP: Final = "database.dump"
_MANIFEST: Final = "manifest.json"
_MANIFEST_BYTES: Final = 2**20
_NAME: Final = re.compile(r"(?:[A-Za-z0-9~][A-Za-z0-9._~-]*/)*[A-Za-z0-9~][A-Za-z0-9._~-]*")
"""Of a file in an archive: below the data directory, and never outside."""
_MADE_ANEW: Final = frozenset({"logs", "postgres", "broker", "chroma"})
"""Folders that are not kept: the dump has what counts, and the rest is made again."""
_PASSING: Final = frozenset({"lock", "running.json"})


class ArchiveError(RuntimeError):
    """The backup can't be made or used; the message says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds, and how a restored town proves itself.

    Attributes:
        format: of the archive.
        made: wall time, UTC, ISO 8601.
        town, seed, content_hash: what the town is made from.
        tick, state_hash: its newest state at the moment of the backup.
        mqttown, postgres: versions that made it; the latter as a number, like 180003.
        files: SHA-256 by name.
    """

    format: int
    made: str
    town: str
    seed: int
    content_hash: str
    tick: int
    state_hash: str
    mqttown: str
    postgres: int
    files: dict[str, str] = field(default_factory=dict)


def small_files(folder: DataFolder) -> Iterator[tuple[str, Path]]:
    """Name and place of every file of a data directory that a backup keeps: the compiled town, keys, tokens, credentials.

    Raises:
        ArchiveError: a name is none that a backup may hold.
    """
    for file in sorted(folder.path.rglob("*")):
        name = file.relative_to(folder.path)
        if file.is_file() and not file.is_symlink() and name.parts[0] not in _MADE_ANEW and str(name) not in _PASSING:
            if _NAME.fullmatch(str(name)) is None:
                raise ArchiveError(f"{name} is no name for a file of a data directory; move it away")
            yield str(name), file


class Archive:
    """An archive that is read. Nothing in it is believed before its hash is looked at.

    Attributes:
        manifest: of the archive.
    """

    def __init__(self, file: tarfile.TarFile, manifest: Manifest) -> None:
        self._file = file
        self.manifest = manifest

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an archive.

        Raises:
            ArchiveError: it is none, or of another format.
        """
        try:
            file = tarfile.open(path)  # noqa: SIM115  the archive is read until the process ends
            held = file.extractfile(_MANIFEST)
            plain = json.loads(held.read(_MANIFEST_BYTES) if held else b"null")
        except (OSError, EOFError, tarfile.TarError, KeyError, ValueError, RecursionError) as error:
            raise ArchiveError(f"{path} is no backup of a town: {error}") from error
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            raise ArchiveError(f"{path} has a format that this mqttown does not read; it reads format {FORMAT}")
        try:
            return cls(file, TypeAdapter(Manifest).validate_python(plain))
        except ValidationError as error:
            first = error.errors()[0]
            raise ArchiveError(f"{path} is no backup of a town: {first['loc'][0]} in its manifest: {first['msg']}") from error

    def unpack(self, into: Path) -> None:
        """Write all files below a folder, readable by their owner alone.

        Raises:
            ArchiveError: a file is missing, has another hash, or would lie outside.
        """
        for name, wanted in self.manifest.files.items():
            if _NAME.fullmatch(name) is None:
                raise ArchiveError(f"the backup has a file {name!r}, which is no name for one")
            try:
                held = self._file.extractfile(name)
            except KeyError as error:
                raise ArchiveError(f"the backup lacks {name}") from error
            if held is None:
                raise ArchiveError(f"{name} in the backup is no file")
            place = into / name
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            mixer = hashlib.sha256()
            with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                while piece := held.read(2**20):
                    mixer.update(piece)
                    out.write(piece)
            if mixer.hexdigest() != wanted:
                raise ArchiveError(f"{name} in the backup is damaged: its hash is not that of the manifest")

    @staticmethod
    def write(path: Path, manifest: Manifest, files: Mapping[str, Path]) -> None:
        """Write an archive, readable by its owner alone; whole or not at all.

        Args:
            path: of the archive.
            manifest: without its hashes, which are made here.
            files: place by name.
        """
        hashes = {name: _hash(file) for name, file in files.items()}
        plain = json.dumps({**asdict(manifest), "files": hashes}, indent=1).encode()
        fresh = path.with_name(f"{path.name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            with tarfile.open(fileobj=out, mode="w") as tar:
                entry = tarfile.TarInfo(_MANIFEST)
                entry.size, entry.mode = len(plain), 0o600
                tar.addfile(entry, io.BytesIO(plain))
                for name, file in files.items():
                    with file.open("rb") as held:
                        entry = tarfile.TarInfo(name)
                        entry.size, entry.mode = file.stat().st_size, 0o600
                        tar.addfile(entry, held)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(path)


def _hash(file: Path) -> str:
    with file.open("rb") as held:
        return hashlib.file_digest(held, "sha256").hexdigest()
