"""A whole town, started as a person would start it: `mqttown up` in a process of its own."""

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest

from mqttown_contract import topics

MQTTOWN = str(Path(sys.executable).parent / "mqttown")
FREE_PORTS = ("--http-port", "0", "--mqtt-port", "0", "--ws-port", "0")
READY_SECONDS = 90
ANSWER_SECONDS = 20


class RunningTown:
    """One `mqttown up`."""

    def __init__(self, data: Path, *args: str, environment: dict[str, str] | None = None) -> None:
        self.data = data
        self.lines: list[str] = []
        self._words: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [MQTTOWN, "up", "--data", str(data), *FREE_PORTS, *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.ready: dict[str, str] = {}

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as out:
            for line in out:
                self.lines.append(line.rstrip())
                self._words.put(line.rstrip())
        self._words.put(None)

    def wait_ready(self) -> "RunningTown":
        self.ready = json.loads(self.wait_line(r"ready \{").removeprefix("ready "))
        return self

    def wait_line(self, pattern: str) -> str:
        """The next line that begins so."""
        while True:
            line = self._words.get(timeout=READY_SECONDS)
            assert line is not None, "the town ended: " + "\n".join(self.lines)
            if re.match(pattern, line):
                return line

    @property
    def running(self) -> dict[str, Any]:
        return dict(json.loads((self.data / "running.json").read_text(encoding="utf-8")))

    @property
    def mqtt_port(self) -> int:
        return int(self.ready["mqtt"].rpartition(":")[2])

    def cli(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([MQTTOWN, *args, "--data", str(self.data)], capture_output=True, text=True, timeout=60, check=False)
        assert not check or done.returncode == 0, done.stderr + done.stdout
        return done

    def new_agent(self, name: str, *args: str) -> dict[str, Any]:
        return dict(json.loads(self.cli("agent", "new", name, "--json", *args).stdout))

    def api(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.ready['api']}{path}", timeout=20) as answer:  # our own loopback
            return json.load(answer)

    def stop(self, how: signal.Signals = signal.SIGINT, seconds: float = 20) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(seconds)


class Stranger:
    """An agent at the wire by paho, without our SDK. What it hears waits in `heard` until somebody asks for it."""

    def __init__(self, credentials: dict[str, Any]) -> None:
        self.known = credentials
        self.heard: list[tuple[str, Any]] = []
        self.disconnected = threading.Event()
        self._news = threading.Condition()
        self._subscribed = threading.Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=credentials["client_id"], protocol=paho.MQTTv311)
        self._client.username_pw_set(credentials["username"], credentials["password"])
        if credentials.get("ca"):
            self._client.tls_set(credentials["ca"])
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect(credentials["host"], credentials["port"])
        self._client.loop_start()
        assert self._subscribed.wait(ANSWER_SECONDS), "no subscription"

    def send(self, channel: str, message: Any) -> None:
        """Publish on `out/{channel}`; bytes go as they are."""
        payload = message if isinstance(message, bytes) else json.dumps(message)
        topic = topics.agent_out(self.known["town"], self.known["district"], self.known["username"].partition("~")[0], channel)
        self._client.publish(topic, payload, qos=1)

    def expect(self, channel: str, fits: Callable[[Any], bool] = lambda _: True, seconds: float = ANSWER_SECONDS) -> Any:
        """Like `find`, but it must come."""
        found = self.find(channel, fits, seconds)
        assert found is not None, f"no fitting {channel}; heard {self.heard[-5:]}"
        return found

    def find(self, channel: str, fits: Callable[[Any], bool] = lambda _: True, seconds: float = ANSWER_SECONDS) -> Any:
        """The first message on `in/{channel}` that fits, or None; it and those before it on that channel are taken out."""

        def place() -> int | None:
            return next((n for n, (name, told) in enumerate(self.heard) if name == channel and fits(told)), None)

        with self._news:
            self._news.wait_for(lambda: place() is not None, seconds)
            last = place()
            if last is None:
                return None
            found = self.heard[last][1]
            self.heard = [one for n, one in enumerate(self.heard) if n > last or one[0] != channel]
            return found

    def hello(self, **fields: Any) -> Any:
        """Say hello; returns the observation that answers it."""
        self.send("hello", fields)
        return self.expect("observation", lambda told: "hello" in told["because"])

    def act(self, action_id: str, action: str, parameters: Any = None, **fields: Any) -> Any:
        """Send an action; returns its verdict."""
        self.send("action", {"id": action_id, "action": action, "parameters": parameters or {}, **fields})
        return self.verdict(action_id)

    def verdict(self, action_id: str | None) -> Any:
        """The verdict on an action."""
        return self.expect("verdict", lambda told: told["action_id"] == action_id)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            client.subscribe(self.known["topics"]["in"])

    def _on_disconnect(self, *_: Any) -> None:
        self.disconnected.set()

    def _on_subscribe(self, *_: Any) -> None:
        self._subscribed.set()

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        with self._news:
            self.heard.append((message.topic.rpartition("/")[2], json.loads(message.payload)))
            self._news.notify_all()


@pytest.fixture
def connect() -> Iterator[Callable[[dict[str, Any]], Stranger]]:
    """Connect a stranger by the credentials that `mqttown agent new` gave; all are disconnected at the end."""
    connected: list[Stranger] = []

    def open_(credentials: dict[str, Any]) -> Stranger:
        connected.append(Stranger(credentials))
        return connected[-1]

    yield open_
    for stranger in connected:
        stranger.close()


@pytest.fixture
def start_town(tmp_path: Path) -> Iterator[Callable[..., RunningTown]]:
    """Start towns on fresh (or given) data directories; all are stopped at the end."""
    started: list[RunningTown] = []

    def start(*args: str, data: Path | None = None, environment: dict[str, str] | None = None, ready: bool = True) -> RunningTown:
        town = RunningTown(data or tmp_path / f"town{len(started)}", *args, environment=environment)
        started.append(town)
        return town.wait_ready() if ready else town

    yield start
    for town in started:
        town.stop()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTown]:
    """One town for all tests of a module, with everything shown (`--open`)."""
    running = RunningTown(tmp_path_factory.mktemp("town") / "data", "--open", "--speed", "120")
    try:
        yield running.wait_ready()
    finally:
        running.stop()


@pytest.fixture(scope="session")
def mosquitto_clients(missing: Callable[[str], None]) -> None:
    """`mosquitto_sub` and `mosquitto_pub`."""
    if shutil.which("mosquitto_sub") is None:
        missing("mosquitto_sub is not installed (Debian's package mosquitto-clients)")
