"""Starts, watches and stops the processes of a town. Knows nothing of what they do."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from mqttown_broker.child import die_with_parent

__all__ = ["Part", "Server", "StartError", "Supervisor"]

READY_SECONDS: Final = 60.0
STEADY_SECONDS: Final = 5.0
"""A process that lived so long may be started again at once when it dies."""
FIRST_PAUSE_SECONDS: Final = 0.2
LAST_PAUSE_SECONDS: Final = 5.0
"""Before a restart after a short life; each is twice the one before, up to this. What a process needs may be away for hours."""
KILL_SECONDS: Final = 2.0
SERVER_CHECK_SECONDS: Final = 0.2
LEAN: Final = {"PYTHONSAFEPATH": "1", "MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""No code out of the working directory; and glibc gives back what it has freed, some 10 MiB over all processes."""
FULL_BYTES: Final = 1024 * 1024
"""With less room than that, whatever ends most likely ends for want of it, and can't log why."""
FINAL_CODES: Final = (0, 3)
"""0: done as asked. 3: a reason that a restart can't mend (the log says which)."""


class Server(Protocol):
    """A server that is no Python process of ours."""

    process: subprocess.Popen[bytes] | None

    def start(self) -> None:
        """Start, and wait until it answers."""


class StartError(RuntimeError):
    """A process did not come up, or says that no restart will mend it; the message holds its last words."""


@dataclass
class Part:
    """One process of the town.

    Attributes:
        name: for people and for the log's name.
        module: run as `python -m module`.
        settings: its environment beside ours, secrets included.
        final: whether its end is the end of the town.
        rank: parts of a higher rank are stopped first.
        stop_seconds: after so long without an end it is killed.
    """

    name: str
    module: str
    settings: Mapping[str, str]
    final: bool = False
    rank: int = 0
    stop_seconds: float = KILL_SECONDS
    process: asyncio.subprocess.Process | None = None
    ready: dict[str, Any] = field(default_factory=dict)
    restarts: int = 0


class Supervisor:
    """Keeps parts alive until it is told to stop.

    Args:
        logs: folder for one log a part.
        tell: called with a sentence for the person at the terminal.
    """

    def __init__(self, logs: Path, tell: Callable[[str], None]) -> None:
        self._logs = logs
        self._tell = tell
        self._parts: list[Part] = []
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._stopping = False
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def start(self, *parts: Part) -> None:
        """Start parts side by side and wait until each has said that it is ready, or the town has ended: its run may be that short.

        Raises:
            StartError: one ended, or said nothing for a minute.
        """
        self._parts.extend(parts)
        launching = asyncio.create_task(self._launch_all(parts), name="start")
        try:
            waited: set[asyncio.Future[Any]] = {launching, self.ended}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if launching.done():
                launching.result()
        finally:
            launching.cancel()
            await asyncio.wait({launching})

    async def _launch_all(self, parts: Sequence[Part]) -> None:
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(self._launch_and_watch(part), name=f"start[{part.name}]")

    async def _launch_and_watch(self, part: Part) -> None:
        await self._launch(part)
        self._watchers[part.name] = asyncio.create_task(self._watch(part), name=f"watch[{part.name}]")

    async def stop(self) -> None:
        """Stop all parts, the highest rank first; who does not listen is killed."""
        self._stopping = True
        for watcher in self._watchers.values():  # first, so that nothing is started again
            watcher.cancel()
        await asyncio.gather(*self._watchers.values(), return_exceptions=True)
        for rank in sorted({part.rank for part in self._parts}, reverse=True):
            await asyncio.gather(*(self._end(part) for part in self._parts if part.rank == rank))

    def keep(self, name: str, server: Server) -> None:
        """Start a server again, in place, whenever it dies. It is stopped by whoever started it."""
        self._watchers[name] = asyncio.create_task(self._revive(name, server), name=f"watch[{name}]")

    async def _revive(self, name: str, server: Server) -> None:
        failures = 0
        while True:
            await asyncio.sleep(SERVER_CHECK_SECONDS)
            if server.process is None or server.process.poll() is None:
                continue
            self._tell(f"{name} ended with {_how(server.process.returncode)}; starting it again{_in(failures)}")
            await asyncio.sleep(_pause(failures))
            try:
                server.start()  # from this thread: the death signal is tied to the thread that starts a child
            except (OSError, RuntimeError) as error:
                failures += 1
                self._tell(f"{name} did not start: {_last_lines(str(error), 1)}")
            else:
                failures = 0

    def pids(self) -> dict[str, int]:
        """Process ids by part."""
        return {part.name: part.process.pid for part in self._parts if part.process is not None}

    async def _launch(self, part: Part) -> None:
        log = self._logs / f"{part.name}.log"
        with log.open("ab") as errors:
            mark = errors.tell()
            part.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                part.module,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **LEAN, **part.settings},
                preexec_fn=die_with_parent(signal.SIGKILL),
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(READY_SECONDS):
                part.ready = await self._first_word(part.process)
        except (TimeoutError, EOFError) as error:
            await self._end(part)
            said = log.read_bytes()[mark:].decode(errors="replace").strip()
            why = _last_lines(said) or error or "it said nothing"
            raise StartError(f"{part.name} did not come up: {why}{_full(self._logs)}") from error

    async def _first_word(self, process: asyncio.subprocess.Process) -> dict[str, Any]:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            if line.startswith(b"ready"):
                return dict(json.loads(line[5:] or b"{}"))
        raise EOFError(f"it ended with code {await process.wait()}")

    async def _watch(self, part: Part) -> None:
        loop = asyncio.get_running_loop()
        short_lives = 0
        while True:
            assert part.process is not None
            began = loop.time()
            code = await self._drain(part.process)
            if self._stopping or self.ended.done():
                return
            if part.final and code in FINAL_CODES:
                self.ended.set_result(code)
                return
            if code in FINAL_CODES[1:]:
                words = _last_lines((self._logs / f"{part.name}.log").read_text(encoding="utf-8", errors="replace"))
                self.ended.set_exception(StartError(f"{part.name} will not stay up (code {code}): {words}"))
                return
            if code != -signal.SIGKILL:  # that is somebody else's doing, and a restart mends it
                short_lives = 0 if loop.time() - began > STEADY_SECONDS else short_lives + 1
            part.restarts += 1
            self._tell(f"{part.name} ended with {_how(code)}{_full(self._logs)}; starting it again{_in(short_lives)}")
            await asyncio.sleep(_pause(short_lives))
            try:
                await self._launch(part)
            except StartError as error:  # counted as a short life by the next turn
                self._tell(_last_lines(str(error), 1))

    async def _drain(self, process: asyncio.subprocess.Process) -> int:
        assert process.stdout is not None
        while await process.stdout.readline():
            pass
        return await process.wait()

    async def _end(self, part: Part) -> None:
        process = part.process
        if process is None or process.returncode is not None:
            return
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(how)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(part.stop_seconds):
                    await process.wait()
                    return
            self._tell(f"{part.name} did not stop within {part.stop_seconds:.0f} s; killing it")


def _last_lines(text: str, lines: int = 6) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])


def _pause(failures: int) -> float:
    """Seconds before the next try."""
    return min(FIRST_PAUSE_SECONDS * 2 ** (failures - 1), LAST_PAUSE_SECONDS) if failures else 0.0


def _in(failures: int) -> str:
    return f" in {_pause(failures):.1f} s" if failures else ""


def _full(place: Path) -> str:
    return f" (the disk of {place} is full)" if shutil.disk_usage(place).free < FULL_BYTES else ""


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
