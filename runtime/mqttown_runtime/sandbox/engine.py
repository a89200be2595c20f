"""The Docker Engine as we use it: make, start, stop, look at and remove one confined container an agent. Knows no MQTT."""

import contextlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import docker
import docker.errors
import docker.models.containers
import docker.types

from mqttown_runtime.sandbox.cell import Cell
from mqttown_runtime.sandbox.container import Container, Runtime
from mqttown_runtime.sandbox.image import agent_files
from mqttown_runtime.sandbox.limits import Limits

__all__ = ["Engine", "EngineAway", "EngineError", "NoRuntime", "seccomp_profile"]

LABEL: Final = "town.mqttown"
"""Prefix of our labels; containers are found by them, never by guessing at names."""
API: Final = "1.41"
"""The version of the engine's interface that we speak: that of Docker 20.10 and everything newer."""
STOP_SECONDS: Final = 5
_INSTALL: Final[dict[Runtime, str]] = {"runc": "runc", "runsc": "gVisor (runsc)", "kata": "Kata Containers"}
_MIB: Final = 1024 * 1024
_LOG_TAIL_BYTES: Final = 8192
_MISSING: Final = "0001-01-01T00:00:00Z"
"""How the engine writes a time that has not come."""


class EngineError(RuntimeError):
    """The engine will not do what it was asked; the message says why."""


class EngineAway(EngineError):
    """The engine can't be reached."""


class NoRuntime(EngineError):
    """The engine has no such runtime for containers; a restart of ours doesn't mend that."""


def seccomp_profile() -> str:
    """Our profile, as the engine takes it."""
    return json.dumps(json.loads((agent_files() / "seccomp.json").read_text(encoding="utf-8")))


class Engine:
    """Containers of one town.

    Args:
        town: id; containers of other towns on the same engine are none of ours.
        runtime: that runs containers: `runc`; `runsc` (gVisor) or `kata` where the operator has installed them.
        url: of the engine; the client's own default without it.

    Raises:
        EngineAway: no engine there.
        NoRuntime: it does not have the runtime.
    """

    def __init__(self, town: str, *, runtime: Runtime = "runc", url: str | None = None) -> None:
        self.town = town
        self._runtime = runtime
        self.client = (
            docker.DockerClient(base_url=url, version=API, timeout=60) if url else docker.from_env(version=API, timeout=60)
        )
        try:
            self.client.ping()
        except (docker.errors.DockerException, OSError) as error:
            self.client.close()
            raise EngineAway(f"no Docker Engine answers: {error}") from error
        known = sorted(self._runtimes())
        if runtime not in known:
            self.client.close()
            raise NoRuntime(
                f"MQTTOWN_CONTAINER_RUNTIME is {runtime}, which this Docker Engine does not know; it has: {', '.join(known)}. "
                f"Install {_INSTALL[runtime]} and name it in the engine's daemon.json (`runtimes`), or set one that is there"
            )

    def _runtimes(self) -> set[str]:
        with _told("ask which runtimes there are"):
            return set(self.client.info().get("Runtimes") or {})

    def create(
        self,
        cell: Cell,
        limits: Limits,
        *,
        image: str,
        generation: int,
        command: Sequence[str] | None = None,
        environment: dict[str, str] | None = None,
    ) -> str:
        """Make a container, not started yet. Its name is the agent's, so that there is never a second one.

        Args:
            cell: whose folders, which are there.
            limits: of it.
            image: to run.
            generation: of the desired state that it is made for.
            command: instead of the image's.
            environment: beside what every agent is told.

        Returns:
            The engine's id of it.

        Raises:
            EngineError: there is one already, or no such image.
        """
        with _told(f"make {cell.agent}'s container"):
            made = self.client.containers.create(
                image,
                list(command) if command is not None else None,
                name=self.name(cell.agent),
                hostname=cell.agent[:63],
                labels={f"{LABEL}.town": self.town, f"{LABEL}.agent": cell.agent, f"{LABEL}.generation": str(generation)},
                environment={"MQTTOWN_CREDENTIALS": "/agent/config/agent.json", **(environment or {})},
                user=f"{cell.number}:{cell.number}",
                working_dir="/agent/memory",
                stop_signal="SIGTERM",
                runtime=self._runtime,
                **_confinement(cell, limits),
            )
            return str(made.id)

    def start(self, agent: str) -> None:
        """Start it, or go on if it is paused."""
        with _told(f"start {agent}"):
            found = self._get(agent)
            if found.status == "paused":
                found.unpause()
            else:
                found.start()

    def stop(self, agent: str, seconds: int = STOP_SECONDS) -> None:
        """Ask it to end, and kill it after `seconds`; a paused one is let go first, or it could not hear."""
        with _told(f"stop {agent}"):
            found = self._get(agent)
            if found.status == "paused":
                found.unpause()
            found.stop(timeout=seconds)

    def pause(self, agent: str) -> None:
        """Freeze all of its processes."""
        with _told(f"pause {agent}"):
            self._get(agent).pause()

    def remove(self, agent: str) -> None:
        """Kill and remove it with all of its processes; nothing happens if it is not there."""
        with _told(f"remove {agent}"), contextlib.suppress(docker.errors.NotFound):
            self._get(agent).remove(force=True, v=True)

    def logs(self, agent: str, most: int = _LOG_TAIL_BYTES) -> bytes:
        """The end of what it wrote to standard output and error, as bytes: nothing here reads them."""
        with _told(f"read {agent}'s log"):
            text: bytes = self._get(agent).logs(tail=200)
            return text[-most:]

    def list(self) -> list[Container]:
        """All containers of this town, running or not, by agent."""
        with _told("list containers"):
            found = self.client.api.containers(all=True, filters={"label": [f"{LABEL}.town={self.town}"]})
            return sorted(self._looked_at(one["Id"] for one in found), key=lambda container: container.agent)

    def has_image(self, image: str) -> bool:
        """Whether an image is there."""
        with _told(f"look for the image {image}"):
            try:
                self.client.images.get(image)
            except docker.errors.ImageNotFound:
                return False
            return True

    def name(self, agent: str) -> str:
        """The container's name: one an agent, so that a second can't be made."""
        return f"mqttown.{self.town}.{agent}"

    def close(self) -> None:
        """Let go of the engine."""
        self.client.close()

    def _get(self, agent: str) -> docker.models.containers.Container:
        return self.client.containers.get(self.name(agent))

    def _looked_at(self, ids: Iterable[str]) -> Iterable[Container]:
        for id_ in ids:
            try:
                seen: dict[str, Any] = self.client.api.inspect_container(id_)
            except docker.errors.NotFound:
                continue  # gone since it was listed
            labels, state = seen["Config"]["Labels"], seen["State"]
            yield Container(
                agent=labels[f"{LABEL}.agent"],
                id=id_,
                generation=int(labels[f"{LABEL}.generation"]),
                state=state["Status"],
                exit_code=state["ExitCode"],
                killed_for_memory=state["OOMKilled"],
                started="" if state["StartedAt"] == _MISSING else state["StartedAt"],
                finished="" if state["FinishedAt"] == _MISSING else state["FinishedAt"],
            )


def _confinement(cell: Cell, limits: Limits) -> dict[str, Any]:
    """Everything that keeps an agent in; each line has a test in `tests/sandbox/`."""
    read_only = {"bind": "/agent/config", "mode": "ro"}
    memory = limits.memory_mib * _MIB
    return {
        "network_mode": "none",  # loopback alone: no address, no name, no gateway, no neighbour; the door is a file
        "read_only": True,
        "volumes": {
            str(cell.config): read_only,
            str(cell.memory): {"bind": "/agent/memory", "mode": "rw"},
            str(cell.logs): {"bind": "/agent/logs", "mode": "rw"},
        },
        "tmpfs": {"/tmp": f"rw,noexec,nosuid,nodev,size={limits.scratch_mib}m,nr_inodes=1024,mode=1777"},  # noqa: S108  the agent's
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true", f"seccomp={seccomp_profile()}"],
        "pids_limit": limits.processes,
        "mem_limit": memory,
        "memswap_limit": memory,
        "nano_cpus": int(limits.cpus * 1e9),
        "cpu_shares": 256,  # a quarter of what the town itself gets when all are busy
        "ipc_mode": "none",
        "cgroupns": "private",
        "oom_score_adj": 500,  # if the whole machine is short, an agent goes before the town
        "ulimits": [
            docker.types.Ulimit(name="nofile", soft=limits.open_files, hard=limits.open_files),
            docker.types.Ulimit(name="core", soft=0, hard=0),
        ],
        "log_config": docker.types.LogConfig(type="json-file", config={"max-size": "1m", "max-file": "2"}),
        "restart_policy": {"Name": "no"},  # the warden decides, and says why
        "healthcheck": {"test": ["NONE"]},  # an agent is well if the town hears it
        "use_config_proxy": False,  # nothing of the operator's environment
    }


@contextlib.contextmanager
def _told(what: str) -> Any:
    """Tell an error of the engine as ours, in words."""
    try:
        yield
    except docker.errors.APIError as error:
        raise EngineError(f"can't {what}: {error.explanation or error}") from error
    except (docker.errors.DockerException, OSError) as error:
        raise EngineAway(f"can't {what}: {error}") from error
