"""A Mosquitto as our child: its configuration, its start, its reload, its end."""

import asyncio
import contextlib
import os
import pwd
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from mqttown_broker.child import die_with_parent, stop
from mqttown_broker.limits import Limits
from mqttown_broker.nats import BrokerError, PortTakenError
from mqttown_broker.ports import free_ports
from mqttown_broker.tls import Tls
from mqttown_contract.types import MAX_PAYLOAD_BYTES

__all__ = ["MosquittoServer"]

log = structlog.get_logger(__name__)

START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 2.0
MAX_PACKET_BYTES: Final = MAX_PAYLOAD_BYTES + 1024
_PLACES: Final = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/sbin"
"""Where packages put it; often not in the PATH of a user."""
_VERSION: Final = re.compile(r"mosquitto version (\d+)\.(\d+)\.(\d+)")
_OLDEST: Final = (2, 0, 0)

_CONFIG: Final = """\
# Written by mqttown at every start; changes here are lost.
user {user}
pid_file {folder}/mosquitto.pid
persistence false
sys_interval 0
log_dest stderr
log_timestamp false
log_type error
log_type warning
log_type notice
log_type information
connection_messages true

allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/access
message_size_limit {message}
max_packet_size {packet}
set_tcp_nodelay true
max_inflight_messages 20
max_queued_messages {queued}
max_queued_bytes {queued_bytes}
"""
_LISTENER: Final = """
listener {port} {host}
protocol {protocol}
use_username_as_clientid true
max_connections {connections}
"""
_TLS: Final = """\
certfile {certificate}
keyfile {key}
"""


class MosquittoServer:
    """One `mosquitto` child.

    Args:
        data: folder for its files.
        host: address for MQTT and for MQTT over WebSocket.
        mqtt_port: 0 takes a free one.
        ws_port: 0 takes a free one.
        tls: certificate for both doors; None leaves them open to read on the way.
        limits: how many connections it holds, and how much it keeps for one that does not read.

    Attributes:
        on_word: called with each line of its log.

    """

    def __init__(
        self,
        data: Path,
        host: str = "127.0.0.1",
        mqtt_port: int = 0,
        ws_port: int = 0,
        *,
        tls: Tls | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.host = host
        free_mqtt, free_ws = free_ports(host, 2)
        self.mqtt_port = mqtt_port or free_mqtt
        self.ws_port = ws_port or free_ws
        self._tls = tls
        self._limits = limits or Limits()
        self.on_word: Callable[[str], None] | None = None
        self._folder = data / "broker" / "mosquitto"
        self._process: asyncio.subprocess.Process | None = None
        self._log: asyncio.Task[None] | None = None
        self._reloaded = asyncio.Event()
        self._written: dict[str, str] = {}

    @property
    def pid(self) -> int:
        """Process id of the child."""
        assert self._process is not None, "started"
        return self._process.pid

    async def start(self, passwords: str, access: str) -> None:
        """Start it with these users and wait until it listens.

        Raises:
            BrokerError: no binary or an old one, a taken port, or it ended or kept silent.
        """
        program = await _program()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write("passwords", passwords)
        self._write("access", access)
        self._write("mosquitto.conf", self._config())
        process = await asyncio.create_subprocess_exec(
            program, "-c", str(self._folder / "mosquitto.conf"),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            preexec_fn=die_with_parent(), start_new_session=True,
        )  # fmt: skip
        self._process = process
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._read_until_running(process)
        except TimeoutError as error:
            await self.stop()
            raise BrokerError(f"mosquitto was not ready within {START_SECONDS:.0f} s") from error
        self._log = asyncio.create_task(self._pass_on_log(process), name="mosquitto log")

    async def reload(self, passwords: str, access: str) -> None:
        """Give it other users. Who is none of them any more, or has another password, is cut off. Returns once it has them."""
        self._write("passwords", passwords)
        self._write("access", access)
        self._reloaded.clear()
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGHUP)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(START_SECONDS):
                    await self._reloaded.wait()

    async def wait(self) -> int:
        """Wait until it ends, and return its exit code."""
        assert self._process is not None, "started"
        return await self._process.wait()

    async def stop(self) -> None:
        """Stop it: politely, then at once."""
        process, self._process = self._process, None
        await stop(process, STOP_SECONDS)
        if self._log is not None:
            await self._log
            self._log = None

    async def _read_until_running(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        last = ""
        while line := (await process.stderr.readline()).decode("utf-8", "replace").rstrip():
            if "Address already in use" in line:
                await process.wait()
                ports = f"{self.host}:{self.mqtt_port} or {self.host}:{self.ws_port}"
                raise PortTakenError(f"{ports} is taken; choose another port with --mqtt-port and --ws-port")
            if line.endswith(" running"):
                return
            last = line
        raise BrokerError(f"mosquitto ended with code {await process.wait()} at its start: {last or 'no word'}")

    async def _pass_on_log(self, process: asyncio.subprocess.Process) -> None:
        """The pipe must be read or it would block."""
        assert process.stderr is not None
        while raw := await process.stderr.readline():
            line = raw.decode("utf-8", "replace").rstrip()
            if line.startswith("Reloading config"):
                self._reloaded.set()
            elif self.on_word is not None:
                self.on_word(line)
        self._reloaded.set()

    def _config(self) -> str:
        text = _CONFIG.format(
            user=pwd.getpwuid(os.geteuid()).pw_name,
            folder=self._folder,
            message=MAX_PAYLOAD_BYTES,
            packet=MAX_PACKET_BYTES,
            queued=self._limits.queued_messages,
            queued_bytes=self._limits.queued_bytes,
        )
        for port, protocol in ((self.mqtt_port, "mqtt"), (self.ws_port, "websockets")):
            text += _LISTENER.format(port=port, host=self.host, protocol=protocol, connections=self._limits.connections)
            if self._tls is not None:
                text += _TLS.format(certificate=self._tls.certificate, key=self._tls.key)
        return text

    def _write(self, name: str, text: str) -> None:
        if self._written.get(name) == text:
            return
        self._written[name] = text
        fresh = self._folder / f"{name}.new"
        fresh.touch(mode=0o600)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self._folder / name)


async def _program() -> str:
    """Path of a Mosquitto that is new enough: the one that `MQTTOWN_MOSQUITTO` names, else one from a package."""
    named = os.environ.get("MQTTOWN_MOSQUITTO")
    found = named or shutil.which("mosquitto") or shutil.which("mosquitto", path=_PLACES)
    if found is None:
        raise BrokerError(
            "no mosquitto found: install it (on Debian: apt-get install mosquitto), or name one with MQTTOWN_MOSQUITTO; "
            "--broker nats needs nothing installed"
        )
    if not os.access(found, os.X_OK):
        raise BrokerError(f"MQTTOWN_MOSQUITTO names {found!r}, which is no program that can be run")
    asking = await asyncio.create_subprocess_exec(found, "-h", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    told, _ = await asking.communicate()
    version = _VERSION.search(told.decode("utf-8", "replace"))
    if version is None:
        raise BrokerError(f"{found} does not say that it is a mosquitto")
    if tuple(int(part) for part in version.groups()) < _OLDEST:
        raise BrokerError(f"{found} is Mosquitto {'.'.join(version.groups())}; 2.0 or newer is needed")
    return str(found)
