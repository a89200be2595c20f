"""The workshop: builds an owner's code into a layer on the agents' image. Nothing of the owner's is run here."""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import docker
import docker.errors

from mqttown_runtime.sandbox.image import AGENT_IMAGE, ImageError, python_of
from mqttown_runtime.sandbox.unpack import unpack

__all__ = ["CodeError", "build_code", "code_image", "drop_code"]

_PIP_SECONDS: Final = 300
_PACKAGES_BYTES: Final = 256 * 1024 * 1024
_DOCKERFILE: Final = """FROM {image}
ADD code.tar /agent/code/
{packages}ENV PYTHONPATH=/opt/mqttown/site:/agent/code:/agent/code/src:/agent/packages
CMD {command}
"""


class CodeError(ValueError):
    """The code is not taken; the message says why, for its owner."""


def code_image(archive: str) -> str:
    """The image that an archive is built into, by the archive's id."""
    return f"mqttown/code:{archive}"


def build_code(client: docker.DockerClient, archive: str, name: str, content: bytes, *, packages: bool) -> None:
    """Build an archive into an image; only files are copied, and no program of the owner's is run.

    Args:
        client: of the engine.
        archive: its id.
        name: of the file that the owner sent.
        content: of that file.
        packages: whether what it needs may be fetched from the package index.

    Raises:
        ArchiveError: it is not taken.
        CodeError: it needs packages, and may have none, or they can't be had.
        ImageError: the engine will not build it.
    """
    run, needs, files = unpack(name, content)
    if needs and not packages:
        raise CodeError(
            f"it needs {', '.join(needs)}, and this town fetches no packages: bring pure Python along, or ask its operator"
        )
    fetched = _fetch(client, needs) if needs else None
    command = '["python3", ' + ", ".join(f'"{part}"' for part in _command(run)) + "]"
    dockerfile = _DOCKERFILE.format(
        image=AGENT_IMAGE, packages="ADD packages.tar /agent/packages/\n" if fetched is not None else "", command=command
    )
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        for path, written in (("Dockerfile", dockerfile.encode()), ("code.tar", files), ("packages.tar", fetched)):
            if written is not None:
                entry = tarfile.TarInfo(path)
                entry.size = len(written)
                tar.addfile(entry, io.BytesIO(written))
    context.seek(0)
    try:
        client.images.build(
            fileobj=context, custom_context=True, tag=code_image(archive), network_mode="none", rm=True, forcerm=True, pull=False
        )
    except (docker.errors.BuildError, docker.errors.APIError) as error:
        raise ImageError(f"the code can't be built into an image: {error}") from error


def drop_code(client: docker.DockerClient, archive: str) -> None:
    """Remove the image of an archive; nothing happens if it is not there, or still in use."""
    try:
        client.images.remove(code_image(archive))
    except docker.errors.ImageNotFound:
        return
    except docker.errors.APIError as error:
        if error.status_code != 409:
            raise


def _command(run: Sequence[str]) -> tuple[str, ...]:
    return (f"/agent/code/{run[0]}",) if len(run) == 1 else tuple(run)


def _fetch(client: docker.DockerClient, needs: Sequence[str]) -> bytes:
    """Fetch wheels, of which nothing is run when they are unpacked, from wherever this machine's pip is set up to look."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", "--no-compile"]
        wheels = ["--only-binary=:all:", "--python-version", python_of(client), "--target", folder]
        environment = {**os.environ, "PIP_NO_CACHE_DIR": "1"}
        try:
            done = subprocess.run(
                [*pip, *wheels, "--", *needs], capture_output=True, text=True, timeout=_PIP_SECONDS, env=environment, check=False
            )
        except subprocess.TimeoutExpired:
            raise CodeError(f"what it needs can't be fetched within {_PIP_SECONDS} s") from None
        if done.returncode:
            lines = [line for line in done.stderr.strip().splitlines() if line.startswith("ERROR")]
            raise CodeError(f"what it needs can't be had as wheels: {' '.join(lines)[-600:] or 'pip does not say why'}")
        return _packed(Path(folder))


def _packed(folder: Path) -> bytes:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    size = sum(path.stat().st_size for path in files)
    if size > _PACKAGES_BYTES:
        raise CodeError(f"what it needs takes {size >> 20} MiB; {_PACKAGES_BYTES >> 20} are allowed")
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for path in files:
            entry = tarfile.TarInfo(str(path.relative_to(folder)))
            entry.size, entry.mode = path.stat().st_size, 0o644
            with path.open("rb") as file:
                tar.addfile(entry, file)
    return written.getvalue()
