"""A real Docker Engine, the agents' image, and agents in containers. Without an engine these tests skip and say what is missing."""

import asyncio
import fcntl
import itertools
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from mqttown_runtime.sandbox.cell import Cell
from mqttown_runtime.sandbox.engine import Engine, EngineError
from mqttown_runtime.sandbox.image import AGENT_IMAGE, agent_files, build
from mqttown_runtime.sandbox.limits import Limits

KEPT = Path("/var/lib/mqttown-test-engine")
"""Images stay here, so that the base image is made once on a machine."""
SOCKET = Path("/run/mqttown-test-engine/docker.sock")
START_SECONDS = 60.0
MQTTOWN = str(Path(sys.executable).parent / "mqttown")
_numbers = itertools.count(int(time.time()) % 100_000 * 10 + 300_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is marked `sandbox`, and has a longer time limit: the first test may make an image."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.sandbox)
            item.add_marker(pytest.mark.timeout(420))


def _answers(url: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:  # Docker's client leaves its socket open where nobody listens
        if probe.connect_ex(url.removeprefix("unix://")):
            return False
    try:
        Engine("probe", url=url).close()
    except EngineError:
        return False
    return True


def _start_engine(kept: Path = KEPT, run: Path = SOCKET.parent) -> None:
    """Start `dockerd` with a socket and a folder of its own; without a network, so that the host's firewall stays as it is."""
    kept.mkdir(parents=True, exist_ok=True)
    run.mkdir(parents=True, exist_ok=True)
    command = [
        "dockerd",
        "--host",
        f"unix://{run}/docker.sock",
        "--data-root",
        str(kept / "data"),
        "--exec-root",
        str(run / "exec"),
    ]
    command += ["--pidfile", str(run / "pid"), "--bridge=none", "--iptables=false", "--ip6tables=false"]
    # The shell ends at once: whichever test process is the last one out stops the engine, not the one that started it.
    subprocess.run(["sh", "-c", f"setsid {shlex.join(command)} >>{kept}/log 2>&1 </dev/null &"], check=True)
    end = time.monotonic() + START_SECONDS
    while not _answers(f"unix://{run}/docker.sock"):
        if time.monotonic() > end:
            raise EngineError(f"dockerd does not come up: {(kept / 'log').read_text(errors='replace')[-1500:]}")
        time.sleep(0.1)


def _stop_engine(run: Path = SOCKET.parent, number: int = signal.SIGTERM) -> None:
    pid = int((run / "pid").read_text())
    os.kill(pid, number)
    end = time.monotonic() + 20.0
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.05)


class OwnEngine:
    """An engine of one test's own, which may be stopped, killed and started again."""

    def __init__(self, folder: Path, run: Path) -> None:
        self._folder, self._run = folder, run
        self.url = f"unix://{run}/docker.sock"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        _start_engine(self._folder, self._run)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it, and wait until it is gone."""
        _stop_engine(self._run, number)

    def load(self, image: str, url: str) -> None:
        """Take an image over from another engine."""
        docker = "docker --host"
        subprocess.run(["sh", "-c", f"{docker} {url} save {image} | {docker} {self.url} load"], check=True, capture_output=True)


@pytest.fixture
def own_engine(image: str, engine_url: str) -> Iterator[OwnEngine]:
    """An engine with the agents' images."""
    run = Path(tempfile.mkdtemp(prefix="mqttown-engine-", dir="/run"))  # a socket's path has 107 bytes at most
    folder = Path(tempfile.mkdtemp(prefix="own-", dir=KEPT))
    engine = OwnEngine(folder, run)
    engine.start()
    engine.load(image, engine_url)
    yield engine
    if _answers(engine.url):
        engine.stop()
    for place in (run, folder):
        _unmount_below(place)  # what a killed engine leaves
        shutil.rmtree(place)


def _unmount_below(folder: Path) -> None:
    mounted = [Path(line.split()[1]) for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in sorted((place for place in mounted if place.is_relative_to(folder)), reverse=True):
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture(scope="session")
def engine_url(missing: Callable[[str], None]) -> Iterator[str]:
    """Where the engine answers: one of our own, shared by all test processes; the last one out stops it."""
    if os.geteuid() != 0:
        missing("the sandbox's tests need root: agents' disks are mounted")
    for program in ("dockerd", "docker", "mmdebstrap", "mkfs.ext4"):
        if shutil.which(program) is None:
            missing(f"no {program} here (Debian: apt-get install docker.io mmdebstrap e2fsprogs)")
    SOCKET.parent.mkdir(parents=True, exist_ok=True)
    mine = SOCKET.parent / f"user-{os.getpid()}"
    url = f"unix://{SOCKET}"
    with (SOCKET.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mine.touch()
        if not _answers(url):
            try:
                _start_engine()
            except EngineError as error:
                mine.unlink()
                missing(f"no engine can be started here: {error}")
    yield url
    with (SOCKET.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mine.unlink()
        others = [user for user in SOCKET.parent.glob("user-*") if Path(f"/proc/{user.name[5:]}").exists()]
        if not others:
            _stop_engine()


@pytest.fixture(scope="session")
def image(engine_url: str, missing: Callable[[str], None]) -> str:
    """The agents' image, on a base that is made once."""
    with (SOCKET.parent / "image-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            [str(agent_files() / "base-image")],
            env={**os.environ, "DOCKER_HOST": engine_url},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            missing(f"the base image can't be made here: {done.stderr[-800:]}")
        engine = Engine("images", url=engine_url)
        build(engine.client)
        engine.close()
    return AGENT_IMAGE


@dataclass
class Jailed:
    """An agent in a container."""

    engine: Engine
    cell: Cell

    @property
    def agent(self) -> str:
        return self.cell.agent

    @property
    def container(self) -> Any:
        return self.engine.client.containers.get(self.engine.name(self.agent))

    def does(self, program: str) -> tuple[int, str]:
        """Run a Python program as this agent, within its confinement; return its exit code and what it wrote."""
        code, written = self.container.exec_run(["python3", "-c", program], user=f"{self.cell.number}:{self.cell.number}")
        return code, written.decode(errors="replace")

    def says(self, word: str, seconds: float = 30.0) -> None:
        """Wait until it has written a word."""
        end = time.monotonic() + seconds
        while word not in self.engine.logs(self.agent).decode():
            assert time.monotonic() < end, f"{self.agent} never said {word}"
            time.sleep(0.05)

    def ended(self, seconds: float = 60.0) -> dict[str, Any]:
        """Wait until it ends by itself; return the engine's word on it."""
        container = self.container
        container.wait(timeout=seconds)
        container.reload()
        return dict(container.attrs["State"])

    def told(self) -> Any:
        """The last line of its log, as JSON."""
        return json.loads(self.engine.logs(self.agent).decode().strip().splitlines()[-1])


class Jail:
    """Makes agents' containers, and takes them all away in the end."""

    def __init__(self, engine: Engine, image: str, root: Path) -> None:
        self.engine, self.image, self.root = engine, image, root
        self.limits = Limits(disk_mib=64)
        self._cells: list[Cell] = []

    def cell(self, agent: str) -> Cell:
        cell = Cell(self.root, agent, next(_numbers))
        self._cells.append(cell)
        return cell

    def put(
        self, agent: str, program: str | Sequence[str] = "import time; time.sleep(3600)", limits: Limits | None = None
    ) -> Jailed:
        """Make and start an agent that runs a program."""
        cell, limits = self.cell(agent), limits or self.limits
        cell.make(limits.disk_mib, {"agent.json": {"username": agent, "password": f"key-of-{agent}"}})
        command = ["python3", "-c", program] if isinstance(program, str) else list(program)
        self.engine.create(cell, limits, image=self.image, generation=1, command=command)
        self.engine.start(agent)
        return Jailed(self.engine, cell)

    def clear(self) -> None:
        for cell in self._cells:
            self.engine.remove(cell.agent)
            cell.remove()


@pytest.fixture(scope="module")
def jail(engine_url: str, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jail]:
    """A jail for one file of tests."""
    root = tmp_path_factory.mktemp("jail")
    engine = Engine(f"town-{os.getpid()}", url=engine_url)
    jail = Jail(engine, image, root)
    yield jail
    jail.clear()
    engine.close()


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """Wait until something holds, and return it; fail with words if it does not within `seconds`."""

    async def wait(what: Callable[[], Any], words: str, seconds: float = 30.0) -> Any:
        end = time.monotonic() + seconds
        while not (found := what()):
            if time.monotonic() > end:
                pytest.fail(f"{words} did not come within {seconds:g} s")
            await asyncio.sleep(0.05)
        return found

    return wait


class RunningTown:
    """One `mqttown up` with the engine of the tests, on a database of the test's if it names one."""

    def __init__(self, data: Path, database: str | None, engine: str, *args: str) -> None:
        self.data, self.database = data, database
        self.lines: list[str] = []
        self.ready: dict[str, str] = {}
        stored = ["--database", database] if database else []
        self._args = ["--data", str(data), *stored, "--http-port", "0", "--mqtt-port", "0", "--ws-port", "0", *args]
        self._environment = {**os.environ, "MQTTOWN_DOCKER": engine, "MQTTOWN_LOOK_SECONDS": "0.2", "MQTTOWN_LOG_SECONDS": "0.5"}

    def begin(self) -> None:
        """Start, and wait until it is ready."""
        self.process = subprocess.Popen(
            [MQTTOWN, "up", *self._args],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.startswith("ready "):
                self.ready = json.loads(line.removeprefix("ready "))
                break
        assert self.ready, self.lines
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as out:
            self.lines += [line.rstrip() for line in out]

    def cli(self, *args: str) -> str:
        """What a command of ours prints."""
        done = subprocess.run([MQTTOWN, *args, "--data", str(self.data)], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def pid(self, part: str) -> int:
        """Of one of its processes."""
        return int(json.loads((self.data / "running.json").read_text())["pids"][part])

    def log(self, part: str) -> str:
        """What one of its processes has written."""
        return (self.data / "logs" / f"{part}.log").read_text(errors="replace")

    def stop(self) -> None:
        """Stop it as Ctrl-C does; `begin` lets it go on."""
        if hasattr(self, "process") and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)

    def end(self) -> None:
        """Stop it, and take the agents' disks away."""
        self.stop()
        for disk in self.data.glob("jail/*/disk"):
            while os.path.ismount(disk):
                subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture(scope="session")
def running_town() -> type[RunningTown]:
    """To start towns with the sandbox."""
    return RunningTown


@pytest.fixture
def start_town(engine_url: str, image: str, postgres_url: str, tmp_path: Path) -> Iterator[Callable[..., RunningTown]]:
    """Towns with the sandbox; each has a database of its own. They are not begun yet."""
    made: list[RunningTown] = []

    async def fresh(name: str) -> str:
        connection = await asyncpg.connect(postgres_url)
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))

    def make(*args: str) -> RunningTown:
        database = asyncio.run(fresh(f"{urlsplit(postgres_url).path[1:]}_{len(made)}"))
        made.append(RunningTown(tmp_path / f"town{len(made)}", database, engine_url, *args))
        return made[-1]

    yield make
    for town in made:
        town.end()
    engine = Engine("helsinki", url=engine_url)
    for container in engine.list():
        engine.remove(container.agent)
    engine.close()
