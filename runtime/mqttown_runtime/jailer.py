"""`python -m mqttown_runtime.jailer`: the process that holds Docker's socket. It has no connection to the broker."""

import asyncio
import contextlib
import json
import os
import secrets
import sys
from functools import partial
from pathlib import Path
from typing import Final

import asyncpg
import asyncpg.exceptions
import structlog
from pydantic import ValidationError

from mqttown.log import log_to
from mqttown.process import FAILED, UNMENDABLE, say_ready, until_told
from mqttown_runtime.casting import told_of_models
from mqttown_runtime.sandbox.engine import Engine, EngineError, NoRuntime
from mqttown_runtime.sandbox.settings import JailerSettings
from mqttown_runtime.seal import Seal
from mqttown_runtime.supervision.programs import Programs
from mqttown_runtime.supervision.register import Register
from mqttown_runtime.supervision.warden import Warden

__all__ = ["main"]

log = structlog.get_logger(__name__)

_BEAT_SECONDS: Final = 5.0
_ONE_JAILER: Final = 0x6D71_6A6C
"""Advisory lock of the database: one jailer a town at a time."""
_SEAL_FILE: Final = "seal.key"
"""File in the jail's folder, for root alone: what credentials on their way here are sealed for. No agent's id has a dot."""


async def _keep(settings: JailerSettings) -> None:
    await asyncio.to_thread(_engine(settings).close)  # one that is not there at the start is told at once
    settings.jail.mkdir(mode=0o711, parents=True, exist_ok=True)
    lock = await asyncpg.connect(settings.database)
    pool = await asyncpg.create_pool(settings.database, min_size=1, max_size=2)
    try:
        await lock.execute("SELECT pg_advisory_lock($1)", _ONE_JAILER)  # one before us may just be ending
        register = Register(pool)
        await register.make()
        town = json.loads(settings.town_file.read_text(encoding="utf-8"))
        told = {"seed": settings.seed, "talk": settings.talk, "lockstep": settings.lockstep}
        models = told_of_models(town, settings.prompts)
        programs = Programs(register, town, told, packages=settings.packages, url=settings.docker, models=models)
        seal = Seal(_secret(settings.jail / _SEAL_FILE), "jailer")
        warden = Warden(register, partial(_engine, settings), settings.jail, programs, seal)
        await register.beat(settings.container_runtime, seal.public, packages=settings.packages)
        say_ready({"runtime": settings.container_runtime})
        try:
            await _look_for_ever(warden, register, settings, seal)
        finally:
            programs.close()
            with contextlib.suppress(EngineError):
                await warden.rest()
            warden.close()
    finally:
        await lock.close()
        await pool.close()


def _engine(settings: JailerSettings) -> Engine:
    return Engine(settings.town, runtime=settings.container_runtime, url=settings.docker)


def _secret(file: Path) -> str:
    """A secret of our own, made at the first start."""
    if not file.exists():
        fresh = file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w", encoding="ascii") as out:
            out.write(secrets.token_urlsafe(32))
        fresh.replace(file)
    return file.read_text(encoding="ascii")


async def _look_for_ever(warden: Warden, register: Register, settings: JailerSettings, seal: Seal) -> None:
    loop = asyncio.get_running_loop()
    logs_at = loop.time()
    beat_at = logs_at + _BEAT_SECONDS
    while True:
        try:
            await warden.look()
            if loop.time() >= beat_at:
                beat_at = loop.time() + _BEAT_SECONDS
                await register.beat(settings.container_runtime, seal.public, packages=settings.packages)
            if loop.time() >= logs_at:
                logs_at = loop.time() + settings.log_seconds
                await warden.collect_logs()
        except EngineError as error:
            log.warning("the engine is away; agents are looked after when it is back", error=str(error))
        except (asyncpg.exceptions.PostgresError, asyncpg.exceptions.InterfaceError, OSError) as error:
            log.warning("the database is away", error=str(error))
        await asyncio.sleep(settings.look_seconds)


def main() -> int:
    """Run until SIGTERM, and stop the agents' containers; return the exit code. After any other end they live on."""
    log_to(sys.stderr)
    if os.geteuid() != 0:
        log.error("the jailer needs root: each agent has a disk of its own, which is mounted")
        return UNMENDABLE
    try:
        asyncio.run(until_told(_keep(JailerSettings()), "jailer"))
    except ValidationError as error:
        log.error("the jailer can't run as it is set up", error=str(error))  # noqa: TRY400  the words are for a person
        return UNMENDABLE
    except NoRuntime as error:
        log.error("the jailer can't run as it is set up", error=str(error))  # noqa: TRY400
        return UNMENDABLE
    except (EngineError, OSError) as error:
        log.error("the jailer can't reach what it needs", error=str(error))  # noqa: TRY400
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
