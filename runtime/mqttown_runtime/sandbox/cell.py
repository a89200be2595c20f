"""An agent's folders on the host: its configuration, and a disk of its own with a size that it can't outgrow."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mqttown_contract.types import is_id

__all__ = ["CREDENTIALS", "DOOR", "Cell", "CellError"]

DOOR: Final = "broker.sock"
"""Name of the socket in the configuration folder: the one way out."""
CREDENTIALS: Final = "agent.json"
_MIB: Final = 1024 * 1024


class CellError(RuntimeError):
    """The folders can't be made; the message says why, for the operator."""


class Cell:
    """The folders of one agent under the jail's root.

    `config` is shown to the agent read-only: its credentials, its configuration, and the door. `memory` and `logs` lie on a file
    system of their own, made in one sparse file and mounted without set-user-id, devices or programs: what is full there is full
    for this agent alone.

    Args:
        root: of the jail; nobody but root may look into it.
        agent: id.
        number: user and group of the agent's processes; no other agent's, and nobody's on the host.
    """

    def __init__(self, root: Path, agent: str, number: int) -> None:
        if not is_id(agent):
            raise CellError(f"{agent!r} is no agent's id")
        self.agent = agent
        self.number = number
        self.folder = root / agent
        self.config = self.folder / "config"
        self.memory = self.folder / "disk" / "memory"
        self.logs = self.folder / "disk" / "logs"
        self._disk = self.folder / "disk"
        self._image = self.folder / "disk.img"

    def make(self, disk_mib: int, files: Mapping[str, Any]) -> None:
        """Make what is not there yet; what the agent has on its disk stays.

        Args:
            disk_mib: size of a disk that is not there yet.
            files: JSON documents of the configuration folder, by file name.

        Raises:
            CellError: the disk can't be made or mounted.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._disk.mkdir(mode=0o700, exist_ok=True)
        self.config.mkdir(mode=0o750, exist_ok=True)
        os.chown(self.config, 0, self.number)
        for name, document in sorted(files.items()):
            self._write(name, document)
        if not os.path.ismount(self._disk):
            self._mount(disk_mib)
        for own in (self.memory, self.logs):
            own.mkdir(mode=0o700, exist_ok=True)
            os.chown(own, self.number, self.number)

    def close(self) -> None:
        """Unmount its disk; all that is on it stays.

        Raises:
            CellError: the disk is still in use.
        """
        while os.path.ismount(self._disk):
            _do("umount", str(self._disk))

    def remove(self) -> None:
        """Take everything away: configuration, memory, logs.

        Raises:
            CellError: the disk is still in use.
        """
        self.close()
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _write(self, name: str, document: Any) -> None:
        """Put a file where the agent can read it and nobody write, in one step."""
        fresh = self.config / f".{name}.new"
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440), "w", encoding="utf-8") as file:
            json.dump(document, file)
        os.chown(fresh, 0, self.number)
        fresh.replace(self.config / name)

    def _mount(self, disk_mib: int) -> None:
        if not self._image.exists():
            fresh = self._image.with_suffix(".new")
            with fresh.open("wb") as file:
                file.truncate(disk_mib * _MIB)
            _do("mkfs.ext4", "-q", "-m", "0", "-E", "root_owner=0:0", str(fresh))
            fresh.replace(self._image)
        _do("mount", "-o", "loop,nosuid,nodev,noexec", str(self._image), str(self._disk))


def _do(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CellError(f"an agent's disk needs {command[0]} (Debian: e2fsprogs, mount)") from None
    if done.returncode:
        raise CellError(f"{' '.join(command)}: {done.stderr.strip()[:400]}; an agent's disk needs root and loop devices")
