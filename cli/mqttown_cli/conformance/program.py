"""The agent's program: started as a stranger would start it, with its credentials in the environment and in a file."""

import asyncio
import contextlib
import json
import os
import shlex
import signal
from collections import deque
from pathlib import Path
from typing import Any, Final

__all__ = ["Program"]

_LINES: Final = 40
"""Last lines of what it said that are kept."""
_ENVIRONMENT: Final = {
    "MQTTOWN_AGENT": "username",
    "MQTTOWN_KEY": "password",
    "MQTTOWN_TOWN": "town",
    "MQTTOWN_DISTRICT": "district",
    "MQTTOWN_MQTT_HOST": "host",
    "MQTTOWN_MQTT_PORT": "port",
}


class Program:
    """One child process and what it says.

    Args:
        command: as in a shell, but without one: `node my_agent.js`.
        folder: for its credentials file, `agents/{name}.json`.
        credentials: as `mqttown agent new` writes them.

    Attributes:
        said: its last lines.
    """

    def __init__(self, command: str, folder: Path, credentials: dict[str, Any]) -> None:
        self._command = shlex.split(command)
        self.said: deque[str] = deque(maxlen=_LINES)
        file = folder / "agents" / f"{credentials['username']}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(credentials, indent=1), encoding="utf-8")
        file.chmod(0o600)
        told = {variable: str(credentials[field]) for variable, field in _ENVIRONMENT.items()}
        self._environment = {**os.environ, **told, "MQTTOWN_CREDENTIALS": str(file), "MQTTOWN_DATA": str(folder)}
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it.

        Raises:
            OSError: there is no such program.
        """
        pipe, together = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdout=pipe, stderr=together, stdin=asyncio.subprocess.DEVNULL, env=self._environment,
            start_new_session=True,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read(self._process), name="program.output")

    @property
    def code(self) -> int | None:
        """Its exit code; None while it lives."""
        return None if self._process is None else self._process.returncode

    async def ends(self, seconds: float) -> bool:
        """Ask it to end (SIGTERM), and say whether it did so in time."""
        self._signal(signal.SIGTERM)
        if self._process is None:
            return True
        try:
            async with asyncio.timeout(seconds):
                await self._process.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """End it and whatever it has started."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            await self._process.wait()
        if self._reading is not None:
            await self._reading

    def _signal(self, which: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):  # it has ended, and all that it had started too
                os.killpg(self._process.pid, which)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self.said.append(line.decode(errors="replace").rstrip())
