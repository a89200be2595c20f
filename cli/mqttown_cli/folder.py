"""The data directory of a town: where its files lie, its lock, its secrets, and how to find it running."""

import fcntl
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from mqttown.private import write_private

__all__ = ["DEFAULT_DATA", "DataFolder", "FolderError", "Running"]

DEFAULT_DATA: Final = Path(".mqttown")
TOKENS: Final = ("operator", "researcher", "spectator", "keys")
Running = dict[str, Any]
"""What `mqttown up` wrote of itself: town, page, api, mqtt, ws, host, ports, database, pid."""


class FolderError(RuntimeError):
    """The data directory can't be used as asked; the message says why and what to do."""


class DataFolder:
    """Paths and small files of one town's data directory.

    Attributes:
        path: the directory itself.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None

    @property
    def town_file(self) -> Path:
        """The compiled town."""
        return self.path / "town.json"

    @property
    def rules_file(self) -> Path:
        """The town's rules of speech and conduct."""
        return self.path / "rules.json"

    @property
    def logs(self) -> Path:
        """One log file a process."""
        return self.path / "logs"

    @property
    def postgres(self) -> Path:
        """The embedded PostgreSQL."""
        return self.path / "postgres"

    def agent_file(self, username: str) -> Path:
        """Credentials of one agent, as `mqttown agent new` left them."""
        return self.path / "agents" / f"{username}.json"

    def make(self) -> Self:
        """Create the directory if need be.

        Raises:
            FolderError: it can't be made.
        """
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderError(f"the data directory {self.path} can't be made: {error.strerror}; --data names another") from error
        return self

    def lock(self) -> None:
        """Hold the directory for this process; the kernel lets go when the process ends, however it ends.

        Raises:
            FolderError: another `mqttown up` holds it.
        """
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise FolderError(
                f"a town already runs on {self.path}; stop it with Ctrl-C where it runs, or give this one another --data"
            ) from None
        self._lock = handle

    def unlock(self) -> None:
        """Let go of the directory."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def held(self) -> bool:
        """Whether some process holds the lock."""
        try:
            handle = os.open(self.path / "lock", os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def made_from(self, asked: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        """What this town is made from: as asked or by default when it is new, as it was when it goes on.

        Raises:
            FolderError: it was made from something else than what is asked for now.
        """
        if not self.is_founded():
            return {name: default if asked.get(name) is None else asked[name] for name, default in defaults.items()}
        known = dict(self.about()["made_from"])
        for name, value in asked.items():
            if value is not None and value != known[name]:
                raise FolderError(
                    f"the town on {self.path} was made with --{name} {known[name]}, not {value}: leave --{name} out to go on "
                    "with it, or start another one with another --data"
                )
        return known

    def write_about(self, about: dict[str, Any]) -> None:
        """Keep what the compiled town is: id, name, how much there is of it, and what it is made from."""
        _write(self.path / "about.json", about)

    def is_founded(self) -> bool:
        """Whether the town is compiled; that it is told of is the last that is written."""
        return (self.path / "about.json").exists()

    def about(self) -> dict[str, Any]:
        """What the compiled town is."""
        return dict(json.loads((self.path / "about.json").read_text(encoding="utf-8")))

    def write_running(self, running: Running) -> None:
        """Leave word for other commands of how to reach the running town."""
        _write(self.path / "running.json", running)

    def running(self) -> Running:
        """How to reach the running town.

        Raises:
            FolderError: none runs on this directory.
        """
        file = self.path / "running.json"
        if not self.held() or not file.exists():
            raise FolderError(f"no town runs on {self.path}; start it with `mqttown up`, or name its directory with --data")
        return dict(json.loads(file.read_text(encoding="utf-8")))

    def forget_running(self) -> None:
        """Take that word back."""
        (self.path / "running.json").unlink(missing_ok=True)

    def secrets(self, services: Sequence[str]) -> dict[str, Any]:
        """Keys of our own services and tokens of people; made once, readable by the owner alone.

        Returns:
            `{"services": {name: key}, "tokens": {"operator": …, "researcher": …}}`.
        """
        file = self.path / "secrets.json"
        known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"services": {}, "tokens": {}}
        wanted = {("services", name) for name in services} | {("tokens", name) for name in TOKENS}
        fresh = sorted(pair for pair in wanted if pair[1] not in known[pair[0]])
        for group, name in fresh:
            known[group][name] = secrets.token_urlsafe(32)
        if fresh:
            _write(file, known)
        return dict(known)

    def write_agent(self, username: str, credentials: dict[str, Any]) -> Path:
        """Keep an agent's credentials where the SDK looks for them."""
        file = self.agent_file(username)
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(file, credentials)
        return file


def _write(file: Path, value: Any) -> None:
    write_private(file, json.dumps(value, indent=1))
