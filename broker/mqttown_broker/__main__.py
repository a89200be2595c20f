"""`python -m mqttown_broker`: the gate process."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import structlog
from pydantic import ValidationError

from mqttown_broker.cache import CredentialCache
from mqttown_broker.credentials import create_table, ensure_service_keys
from mqttown_broker.gate import Gate
from mqttown_broker.nats import BrokerError, NatsServer
from mqttown_broker.settings import GateSettings

__all__ = ["main"]

log = structlog.get_logger(__name__)

FAILED: Final = 1
UNMENDABLE: Final = 3
"""A reason that a restart does not mend."""


async def _prepare(settings: GateSettings) -> None:
    """Make the table and let our own services in."""
    connection = await asyncpg.connect(settings.database.get_secret_value(), timeout=10)
    try:
        await create_table(connection)
        await ensure_service_keys(connection, {name: key.get_secret_value() for name, key in settings.service_keys.items()})
    finally:
        await connection.close()


@asynccontextmanager
async def _nats(settings: GateSettings) -> AsyncIterator[tuple[Mapping[str, object], asyncio.Task[int]]]:
    server = NatsServer(settings.data, settings.host, settings.mqtt_port, settings.ws_port)
    gates: list[Gate] = []

    async def changed(name: str | None) -> None:
        for gate in gates:
            await gate.review(name)

    async with CredentialCache(settings.database.get_secret_value(), changed) as cache:
        await server.start()
        try:
            gate = Gate(server, settings.town, cache)
            await gate.start()
            gates.append(gate)
            ended = asyncio.create_task(server.wait(), name="nats-server")
            yield {"mqtt_port": server.mqtt_port, "ws_port": server.ws_port}, ended
            ended.cancel()
            await gate.stop()
        finally:
            await server.stop()


async def _serve(settings: GateSettings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await _prepare(settings)
    async with _nats(settings) as (ready, ended):
        sys.stdout.write(f"ready {json.dumps(ready)}\n")
        sys.stdout.flush()
        asked = asyncio.create_task(stop.wait())
        await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asked
        if stop.is_set():
            return 0
        log.error("nats-server ended; every connection is gone", code=ended.result())
        return FAILED


def main() -> int:
    """Run until SIGTERM; return the exit code."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        return asyncio.run(_serve(GateSettings()))
    except ValidationError as error:
        log.error("settings", error=str(error))  # noqa: TRY400  the words are for a person
        return UNMENDABLE
    except (BrokerError, OSError, asyncpg.exceptions.PostgresError) as error:
        log.error("the gate can't open", error=str(error))  # noqa: TRY400
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
