"""What runs in an agent's container: which image, which command, which files; images are made beside everything else."""

import asyncio
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from mqttown.archive import ArchiveError
from mqttown_agents.population import known_in_town
from mqttown_runtime.sandbox.engine import Engine, EngineError
from mqttown_runtime.sandbox.image import AGENT_IMAGE, BASE_IMAGE, ImageError, agent_files, build
from mqttown_runtime.sandbox.workshop import CodeError, build_code, code_image
from mqttown_runtime.supervision.register import Hosted, Register

__all__ = ["NotReady", "Program", "Programs", "Refused"]

log = structlog.get_logger(__name__)

CONFIG: Final = "config.json"
RESIDENT: Final = "resident.json"
_RESIDENT_COMMAND: Final = ("python3", "-m", "mqttown_runtime.resident")


class NotReady(Exception):
    """It is being made; the message says what, for the owner."""


class Refused(Exception):
    """It will not be made; the message says why, for the owner."""


@dataclass(frozen=True, slots=True)
class Program:
    """What a container is made for.

    Attributes:
        image: of the engine.
        command: instead of the image's own; None for that.
        files: JSON documents of the configuration folder.
    """

    image: str
    command: tuple[str, ...] | None
    files: Mapping[str, Any] = field(default_factory=dict)


class Programs:
    """Makes programs for wishes.

    Args:
        register: with the owners' archives.
        town: the compiled town, of which built-in minds are told a little.
        told: what every built-in mind is told: `seed`, `talk`, `lockstep`.
        packages: whether owners' code may have packages from the index.
        url: of the engine, for the script that makes the base image.
        models: what a mind with a model is told, as `told_of_models` says.
    """

    def __init__(
        self,
        register: Register,
        town: Mapping[str, Any],
        told: Mapping[str, Any],
        *,
        packages: bool,
        url: str | None,
        models: Mapping[str, Any] | None = None,
    ) -> None:
        self._register = register
        self._town = town
        self._told = told
        self._models = models or {}
        self._packages = packages
        self._url = url
        self._making: dict[str, asyncio.Task[None]] = {}
        self._made: set[str] = set()

    async def of(self, wish: Hosted, engine: Engine) -> Program:
        """What a wish is run as.

        Raises:
            NotReady: ask again later.
            Refused: the owner's code is not taken.
            EngineError: an image can't be made.
        """
        self._make(AGENT_IMAGE, self._agents_image, engine)
        spec = wish.spec
        if spec.command is not None:
            return Program(AGENT_IMAGE, spec.command, {CONFIG: spec.config})
        if spec.persona is not None:
            known = known_in_town(self._town, spec.persona.get("home"))
            model = {**self._models, "tier": spec.model.get("tier", "small")}
            resident = {**self._told, "mind": spec.mind, "model": model, "person": spec.persona, "known": known}
            return Program(AGENT_IMAGE, _RESIDENT_COMMAND, {RESIDENT: resident})
        return await self._of_code(spec.code or "", spec.config, engine)

    def close(self) -> None:
        """Give up what is being made."""
        for task in self._making.values():
            task.cancel()

    async def _of_code(self, archive: str, config: Mapping[str, Any], engine: Engine) -> Program:
        known = await self._register.archive(archive)
        if known is None:
            raise Refused("its code is not here: send it again")
        if known.state == "refused":
            raise Refused(f"its code is not taken: {known.reason}")

        async def make(engine: Engine) -> None:
            if known.state == "ready" and await asyncio.to_thread(engine.has_image, code_image(archive)):
                return
            content = await self._register.archive_content(archive)
            try:
                await asyncio.to_thread(build_code, engine.client, archive, known.name, content, packages=self._packages)
            except (ArchiveError, CodeError) as error:
                await self._register.judge_archive(archive, str(error))
            else:
                await self._register.judge_archive(archive, None)

        self._make(code_image(archive), make, engine)
        return Program(code_image(archive), None, {CONFIG: config})

    def _make(self, image: str, make: Any, engine: Engine) -> None:
        """Begin to make an image, unless it is made; tell when it is not there yet."""
        if image in self._made:
            return
        task = self._making.get(image)
        if task is None:
            self._making[image] = asyncio.create_task(make(engine), name=f"make[{image}]")
        elif task.done():
            del self._making[image]
            try:
                task.result()
            except ImageError as error:
                raise EngineError(str(error)) from error
            self._made.add(image)
            return
        raise NotReady("the image that it runs in is being made")

    async def _agents_image(self, engine: Engine) -> None:
        await asyncio.to_thread(self._base_and_agents_image, engine)

    def _base_and_agents_image(self, engine: Engine) -> None:
        if not engine.has_image(BASE_IMAGE) and engine.has_image(AGENT_IMAGE):
            return  # brought by the operator
        if not engine.has_image(BASE_IMAGE):
            log.info("making the base image; it takes a minute or two, once")
            environment = {**os.environ, **({"DOCKER_HOST": self._url} if self._url else {})}
            done = subprocess.run([str(agent_files() / "base-image")], env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise ImageError(f"the base image can't be made: {done.stderr.strip()[-600:]}")
        build(engine.client)
