"""`python -m mqttown_runtime.doorkeeper`: keeps agents' doors, and writes down whom the town hears. It has no Docker socket."""

import asyncio
import sys
from typing import Final

import asyncpg
import asyncpg.exceptions
import structlog
from pydantic import ValidationError

from mqttown.link import Address, Incoming, Link
from mqttown.log import log_to
from mqttown.process import FAILED, UNMENDABLE, say_ready, until_told
from mqttown_contract import topics
from mqttown_contract.errors import TopicError
from mqttown_contract.messages import Presence, WorldStatus
from mqttown_runtime.sandbox.door import Doorkeeper
from mqttown_runtime.sandbox.settings import DoorkeeperSettings
from mqttown_runtime.supervision.register import Register

__all__ = ["main"]

log = structlog.get_logger(__name__)

_PULSE_SECONDS: Final = 2.0
_SPECTATOR: Final = "Spectator~64"
"""Where spectators need a name; one client id each."""


class _Pulse:
    """Who is in the town, by their public presence."""

    def __init__(self, town: str, link: Link, register: Register) -> None:
        self._town, self._link, self._register = town, link, register
        self._online: dict[str, bool] = {}
        self._town_is_up = False

    async def listen(self) -> None:
        await self._link.subscribe(topics.agent(self._town, "+", "+", "presence"), topics.world(self._town, "status"))
        async for message in self._link:
            try:
                self._take(message)
            except (TopicError, ValidationError) as error:
                log.warning("not as the contract says", topic=message.topic, error=str(error).partition("\n")[0])

    def _take(self, message: Incoming) -> None:
        topic = topics.parse(message.topic)
        if topic.scope == "world":
            self._town_is_up = WorldStatus.model_validate_json(message.payload).status == "online"
        elif topic.subject is not None:
            state = Presence.model_validate_json(message.payload).state if message.payload else "offline"
            self._online[topic.subject] = state != "offline"

    async def write(self) -> None:
        while True:
            await asyncio.sleep(_PULSE_SECONDS)
            if self._link.connected and self._town_is_up:  # else presence says nothing
                try:
                    await self._register.heard(self._online)
                except (asyncpg.exceptions.PostgresError, asyncpg.exceptions.InterfaceError, OSError) as error:
                    log.warning("can't write down who is heard", error=str(error))


async def _keep(settings: DoorkeeperSettings) -> None:
    pool = await asyncpg.create_pool(settings.database, min_size=1, max_size=1)
    broker = Address(settings.mqtt_host, settings.mqtt_port, pin=settings.mqtt_pin)
    key = settings.spectator_key.get_secret_value() if settings.spectator_key is not None else None
    link = Link(broker, _SPECTATOR if key else None, key, client_id=f"doorkeeper-{settings.town}")
    try:
        register = Register(pool)
        await register.make()
        async with link, asyncio.TaskGroup() as group:
            pulse = _Pulse(settings.town, link, register)
            group.create_task(Doorkeeper(settings.jail, broker).run(), name="doors")
            group.create_task(pulse.listen(), name="pulse.listen")
            group.create_task(pulse.write(), name="pulse.write")
            say_ready({"jail": str(settings.jail)})
    finally:
        await pool.close()


def main() -> int:
    """Run until SIGTERM; return the exit code."""
    log_to(sys.stderr)
    try:
        asyncio.run(until_told(_keep(DoorkeeperSettings()), "doorkeeper"))
    except ValidationError as error:
        log.error("the doorkeeper can't run as it is set up", error=str(error))  # noqa: TRY400  the words are for a person
        return UNMENDABLE
    except OSError as error:
        log.error("the doorkeeper can't reach what it needs", error=str(error))  # noqa: TRY400
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
