"""`python -m mqttown_runtime.gateway`: the model gateway of a town."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg
import structlog
from pydantic import ValidationError

from mqttown.link import Address, Link
from mqttown.log import log_to
from mqttown.process import FAILED, UNMENDABLE, say_ready, until_told
from mqttown_contract import topics
from mqttown_runtime.gateway.budget import Budgets
from mqttown_runtime.gateway.cassette import Cassette, CassetteError
from mqttown_runtime.gateway.errands import Errands, announce
from mqttown_runtime.gateway.gateway import Gateway
from mqttown_runtime.gateway.keys import KeyLost, Keys
from mqttown_runtime.gateway.ledger import CHANNEL, Ledger
from mqttown_runtime.gateway.registry import RegistryError, read_registry
from mqttown_runtime.gateway.service import NAME, GatewayService, filters
from mqttown_runtime.gateway.settings import GatewaySettings
from mqttown_runtime.seal import Seal

__all__ = ["main"]

log = structlog.get_logger(__name__)

LOSSES: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)  # type: ignore[attr-defined]  # exported by name list
_LOOK_SECONDS: Final = 5.0
"""So often budgets are read although nobody said that they changed, which also shows whether the database is there."""


async def _follow(pool: asyncpg.Pool, ledger: Ledger, gateway: Gateway) -> None:
    """Take over budgets and owners whenever they change."""
    changed = asyncio.Event()

    def ring(*_told: Any) -> None:
        changed.set()

    async with pool.acquire() as connection:
        await connection.add_listener(CHANNEL, ring)
        try:
            while True:
                changed.clear()
                await gateway.apply(*await ledger.read())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await changed.wait()
        finally:
            if not connection.is_closed():
                await connection.remove_listener(CHANNEL, ring)


@contextlib.asynccontextmanager
async def _gateway(
    settings: GatewaySettings, pool: asyncpg.Pool, service: GatewayService
) -> AsyncIterator[tuple[Gateway, Ledger, Errands | None]]:
    registry = read_registry(settings.models)
    budgets, ledger = Budgets(), Ledger(pool)
    await ledger.open(budgets)
    keys = Keys(pool, [secret.get_secret_value() for secret in settings.key_secrets]) if settings.key_secrets else None
    if keys is not None and len(settings.key_secrets) > 1:
        await _rotate(keys)

    async def key_of(owner: str, provider: str) -> str | None:
        return await keys.plain(owner, provider) if keys is not None else None

    with contextlib.ExitStack() as stack:
        cassette = None
        if settings.cassette is not None:
            cassette = stack.enter_context(Cassette(settings.cassette, settings.cassette_mode))
        gateway = Gateway(registry, ledger, budgets, key_of, service.tell, cassette=cassette, cache=settings.answer_cache)
        await gateway.apply(*await ledger.read())
        await announce(pool, registry)
        errands = None
        if keys is not None:
            errands = Errands(pool, keys, Seal(settings.key_secrets[0].get_secret_value(), NAME), gateway, set(registry.providers))
            await errands.open()
        try:
            yield gateway, ledger, errands
        finally:
            await gateway.close()


async def _rotate(keys: Keys) -> None:
    """Encrypt owners' keys with the first secret, so that the others can go."""
    try:
        log.info("owners' keys are encrypted with the present secret", keys=await keys.rotate())
    except KeyLost as error:
        log.error("owners' keys stay as they are; keep the former secrets", error=str(error))  # noqa: TRY400  the words are for a person


async def _serve(settings: GatewaySettings) -> None:
    key = settings.service_key.get_secret_value() if settings.service_key is not None else None
    address = Address(settings.mqtt_host, settings.mqtt_port, pin=settings.mqtt_pin)
    link = Link(address, NAME, key)
    await link.subscribe(*filters(settings.town))
    service = GatewayService(settings.town, link)
    async with (
        asyncpg.create_pool(settings.database.get_secret_value(), min_size=1, max_size=4, timeout=10) as pool,
        link,
        _gateway(settings, pool, service) as (gateway, ledger, errands),
        asyncio.TaskGroup() as group,
    ):
        ready = {"models": str(settings.models.name)}
        group.create_task(_follow(pool, ledger, gateway), name="gateway.follow")
        if errands is not None:
            group.create_task(errands.run(), name="gateway.errands")
        await link.publish(topics.service_out(settings.town, NAME, "ready"), ready, retain=True)
        say_ready(ready)
        await service.run(gateway)


def main() -> int:
    """Run until SIGTERM; return the exit code: 3 where a restart is of no use."""
    log_to(sys.stderr)
    try:
        import openai  # noqa: F401, PLC0415  an extra: said at the start, not at the first thought

        asyncio.run(until_told(_serve(GatewaySettings()), "gateway"))
    except ModuleNotFoundError as error:
        log.error("models need the extra `models`: pip install 'mqttown-town[models]'", error=str(error))  # noqa: TRY400
        return UNMENDABLE
    except (ValidationError, RegistryError, CassetteError, ValueError) as error:
        log.error("the gateway can't run as it is set up", error=str(error))  # noqa: TRY400  the words are for a person
        return UNMENDABLE
    except LOSSES as error:
        log.error("the gateway can't reach what it needs", error=str(error))  # noqa: TRY400
        return FAILED
    except ExceptionGroup as group:
        lost, rest = group.split(LOSSES)
        if rest is not None or lost is None:
            raise
        log.error("the gateway has lost what it needs", errors=[str(error) for error in lost.exceptions])  # noqa: TRY400
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
