"""`python -m mqttown_broker`: the gate process."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import structlog
from pydantic import ValidationError

from mqttown.log import log_to
from mqttown.process import FAILED, UNMENDABLE, say_ready
from mqttown.tls import trusting
from mqttown_broker.cache import CredentialCache
from mqttown_broker.cluster import Cluster
from mqttown_broker.credentials import create_table, ensure_service_keys, make_key
from mqttown_broker.gate import Gate
from mqttown_broker.keeper import Keeper
from mqttown_broker.mosquitto import MosquittoServer
from mqttown_broker.nats import BrokerError, NatsServer
from mqttown_broker.remote import RemoteBroker, mosquitto_acl, require_proof, rules
from mqttown_broker.settings import GateSettings
from mqttown_broker.tls import TlsError
from mqttown_broker.uses import kept_uses

__all__ = ["main"]

Ready = Mapping[str, object]
"""What is told when the broker is open."""
Ended = asyncio.Task[str] | None
"""Done when something ends that should not; its result is the sentence that says so."""

log = structlog.get_logger(__name__)


async def _prepare(settings: GateSettings) -> None:
    """Make the table and let our own services in."""
    connection = await asyncpg.connect(settings.database.get_secret_value(), timeout=10)
    try:
        await create_table(connection)
        await ensure_service_keys(connection, {name: key.get_secret_value() for name, key in settings.service_keys.items()})
    finally:
        await connection.close()


@asynccontextmanager
async def _nats(settings: GateSettings) -> AsyncIterator[tuple[Ready, Ended]]:
    limits = settings.limits()
    mqtt_ports, ws_ports = [settings.mqtt_port, *settings.more_mqtt_ports], [settings.ws_port, *settings.more_ws_ports]
    cluster = Cluster(settings.data, settings.host, mqtt_ports, ws_ports, tls=settings.tls(), limits=limits)
    gates: list[Gate] = []

    async def changed(name: str | None) -> None:
        for gate in gates:
            await gate.review(name)

    async with CredentialCache(settings.database.get_secret_value(), changed) as cache:
        await cluster.start()
        try:
            gate = Gate(cluster.servers, settings.town, cache, limits)
            await gate.start()
            gates.append(gate)
            await gate.review(None)  # what was announced while the gate was not yet in the list
            await cluster.until_open(gate)
            ended = asyncio.create_task(cluster.keep(gate), name="end of the broker")
            async with kept_uses(settings.database.get_secret_value(), gate.used):
                yield _doors(cluster.servers), ended
            ended.cancel()
            await asyncio.wait({ended})
            await gate.stop()
        finally:
            await cluster.stop()


def _doors(servers: Sequence[NatsServer]) -> Ready:
    first, *more = servers
    doors: dict[str, object] = {"mqtt_port": first.mqtt_port, "ws_port": first.ws_port}
    if more:
        doors |= {"mqtt_ports": [one.mqtt_port for one in servers], "ws_ports": [one.ws_port for one in servers]}
    return doors


@asynccontextmanager
async def _mosquitto(settings: GateSettings) -> AsyncIterator[tuple[Ready, Ended]]:
    tls, limits = settings.tls(), settings.limits()
    server = MosquittoServer(settings.data, settings.host, settings.mqtt_port, settings.ws_port, tls=tls, limits=limits)
    keepers: list[Keeper] = []

    async def changed(name: str | None) -> None:
        for keeper in keepers:
            await keeper.review(name)

    async with CredentialCache(settings.database.get_secret_value(), changed) as cache:
        spectator_key = settings.spectator_key.get_secret_value() if settings.spectator_key else make_key()
        trust = trusting(tls.certificate) if tls else None
        keeper = Keeper(server, settings.town, cache, spectator_key, limits, trust)
        await keeper.start()
        try:
            keepers.append(keeper)
            await keeper.review(None)  # what was announced while the keeper was not yet in the list
            ended = asyncio.create_task(_end_of_mosquitto(server), name="end of the broker")
            async with kept_uses(settings.database.get_secret_value(), keeper.used):
                yield {"mqtt_port": server.mqtt_port, "ws_port": server.ws_port}, ended
            ended.cancel()
        finally:
            await keeper.stop()


async def _end_of_mosquitto(server: MosquittoServer) -> str:
    return f"mosquitto ended with code {await server.wait()}"


@asynccontextmanager
async def _amqtt(settings: GateSettings) -> AsyncIterator[tuple[Ready, Ended]]:
    if settings.public:
        raise BrokerError("amqtt does not hold the grants against strangers: not with --public")
    try:
        from mqttown_broker.in_process import InProcessBroker  # noqa: PLC0415  an extra that few install
    except ModuleNotFoundError as error:
        raise BrokerError("--broker amqtt needs its extra: run pip install 'mqttown-town[amqtt]'") from error

    async def changed(_name: str | None) -> None:
        """Every message is checked against the newest credentials, so nothing is left to do."""

    async with CredentialCache(settings.database.get_secret_value(), changed) as cache:
        broker = InProcessBroker(settings.town, cache, settings.host, settings.mqtt_port, settings.ws_port)
        await broker.start()
        try:
            yield {"mqtt_port": broker.mqtt_port, "ws_port": broker.ws_port}, None
        finally:
            await broker.stop()


@asynccontextmanager
async def _remote(settings: GateSettings) -> AsyncIterator[tuple[Ready, Ended]]:
    broker = RemoteBroker.from_url(settings.broker)
    if settings.public or not broker.on_this_machine:
        require_proof(settings.data / "broker-proof.json", broker, settings.town)
    await broker.check()
    settings.data.mkdir(parents=True, exist_ok=True)
    to_enter = settings.data / "broker-rules.txt"
    to_enter.write_text(mosquitto_acl(rules(settings.town).items()), encoding="utf-8")
    log.info("the operator of this broker has to enter the rules in this file", file=str(to_enter))
    yield {"mqtt_host": broker.host, "mqtt_port": broker.port, "rules": str(to_enter)}, None


def _broker(settings: GateSettings) -> AbstractAsyncContextManager[tuple[Ready, Ended]]:
    match settings.broker:
        case "nats":
            return _nats(settings)
        case "mosquitto":
            return _mosquitto(settings)
        case "amqtt":
            return _amqtt(settings)
        case _:
            return _remote(settings)


async def _serve(settings: GateSettings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await _prepare(settings)
    async with _broker(settings) as (ready, ended):
        say_ready(ready)
        asked = asyncio.create_task(stop.wait(), name="stop")
        await asyncio.wait({asked, ended} if ended else {asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if ended is None or not ended.done():
            return 0
        log.error(ended.result())
        return FAILED


def main() -> int:
    """Run until SIGTERM; return the exit code."""
    log_to(sys.stderr)
    try:
        return asyncio.run(_serve(GateSettings()))
    except ValidationError as error:
        log.error("settings", error=str(error))  # noqa: TRY400  the words are for a person
        return UNMENDABLE
    except (BrokerError, TlsError, OSError, asyncpg.exceptions.PostgresError) as error:
        log.error("the gate can't open", error=str(error))  # noqa: TRY400
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
