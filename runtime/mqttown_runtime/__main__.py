"""`python -m mqttown_runtime`: the host of the town's own residents."""

import asyncio
import contextlib
import json
import secrets
import signal
import sys

import structlog
from pydantic import ValidationError

from mqttown.link import Address, Link
from mqttown_agents.population import routine_minds
from mqttown_contract import topics
from mqttown_runtime.host import Host
from mqttown_runtime.recollection import Recollection
from mqttown_runtime.settings import Settings

__all__ = ["main"]

log = structlog.get_logger(__name__)


async def _host(settings: Settings) -> None:
    compiled = json.loads(settings.town_file.read_text(encoding="utf-8"))
    town: str = compiled["town"]["id"]
    minds = routine_minds(compiled, settings.seed, talk=settings.talk)
    all_here = asyncio.Event()
    key = settings.service_key.get_secret_value() if settings.service_key is not None else None
    link = Link(
        Address(settings.mqtt_host, settings.mqtt_port, pin=str(settings.mqtt_pin) if settings.mqtt_pin else None),
        settings.host_name,
        key,
        on_connect=lambda _link: host.connected(),
    )
    patience = settings.lockstep_recall_seconds if settings.lockstep else settings.recall_seconds
    host = Host(
        town,
        link,
        minds,
        secrets.token_hex(4),
        Recollection(link, patience),
        all_here.set,
        lockstep=settings.lockstep,
        hold_waits=settings.hold_waits,
    )
    async with link, asyncio.TaskGroup() as group:
        announcement = group.create_task(
            _announce(link, topics.service_out(town, settings.host_name, "ready"), all_here, len(minds))
        )
        try:
            await host.run()
        finally:
            announcement.cancel()
            if link.connected:
                with contextlib.suppress(TimeoutError):
                    await host.goodbye()


async def _announce(link: Link, topic: str, all_here: asyncio.Event, agents: int) -> None:
    await all_here.wait()
    ready = {"agents": agents}
    await link.publish(topic, ready, retain=True)
    sys.stdout.write(f"ready {json.dumps(ready)}\n")
    sys.stdout.flush()


async def _host_until_told(settings: Settings) -> None:
    hosting = asyncio.create_task(_host(settings), name="host")
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, hosting.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await hosting


def main() -> int:
    """Run until SIGTERM; return the exit code."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        asyncio.run(_host_until_told(Settings()))
    except ValidationError as error:
        log.error("the host can't run as it is set up", error=str(error))  # noqa: TRY400  the words are for a person
        return 3
    except OSError as error:  # `LinkError` is one.
        log.error("the host can't reach what it needs", error=str(error))  # noqa: TRY400
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
