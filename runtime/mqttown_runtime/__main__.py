"""`python -m mqttown_runtime`: the host of the town's own residents."""

import asyncio
import contextlib
import json
import secrets
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

import asyncpg
import asyncpg.exceptions
import structlog
from pydantic import ValidationError

from mqttown.link import Address, Link
from mqttown.log import log_to
from mqttown.process import FAILED, UNMENDABLE, say_ready, until_told
from mqttown_agents.mind import Mind, Thinker
from mqttown_agents.population import known_in_town, routine_minds
from mqttown_contract import topics
from mqttown_runtime.casting import CastingError, cast, told_of_models
from mqttown_runtime.deliberation import Deliberations
from mqttown_runtime.host import Host
from mqttown_runtime.recollection import Recollection
from mqttown_runtime.scheduler import Pool
from mqttown_runtime.settings import Settings
from mqttown_runtime.supervision.inline import InlineKeeper
from mqttown_runtime.supervision.register import Register
from mqttown_runtime.supervision.spec import Spec

__all__ = ["main"]

log = structlog.get_logger(__name__)


async def _host(settings: Settings) -> None:
    async with contextlib.AsyncExitStack() as stack:
        compiled = json.loads(settings.town_file.read_text(encoding="utf-8"))
        minds: Mapping[str, Mind | Thinker] = {
            **routine_minds(compiled, settings.seed, talk=settings.talk),
            **_model_minds(settings, compiled),
        }
        keeper = None
        if settings.database is not None:
            pool = await stack.enter_async_context(asyncpg.create_pool(settings.database, min_size=1, max_size=1))
            register = Register(pool)
            await register.make()
            keeper = InlineKeeper(register, minds, partial(_cast, settings, compiled))
            minds = await keeper.seat()
        await _live(settings, compiled["town"]["id"], minds, keeper)


def _cast(settings: Settings, compiled: Mapping[str, Any], spec: Spec) -> Mind | Thinker:
    if spec.persona is None:
        raise CastingError("code runs in a container alone, not inline")
    known = known_in_town(compiled, spec.persona.get("home"))
    model = told_of_models(compiled, settings.prompts) | {"tier": spec.model.get("tier", "small")}
    return cast(spec.mind, spec.persona, known, settings.seed, talk=settings.talk, model=model)


def _model_minds(settings: Settings, compiled: Mapping[str, Any]) -> dict[str, Mind | Thinker]:
    """The first of the town's people, as many as shall think with a model."""
    model = told_of_models(compiled, settings.prompts) if settings.model_minds else {}
    return {
        person["id"]: cast("model", person, known_in_town(compiled, person["home"]), settings.seed, talk=settings.talk, model=model)
        for person in compiled["people"][: settings.model_minds]
    }


async def _live(settings: Settings, town: str, minds: Mapping[str, Mind | Thinker], keeper: InlineKeeper | None) -> None:
    all_here = asyncio.Event()
    key = settings.service_key.get_secret_value() if settings.service_key is not None else None
    link = Link(
        Address(settings.mqtt_host, settings.mqtt_port, pin=settings.mqtt_pin),
        settings.host_name,
        key,
        on_connect=lambda _link: host.connected(),
    )
    recollection = Recollection(link, settings.lockstep_recall_seconds if settings.lockstep else settings.recall_seconds)
    host = Host(
        town,
        link,
        minds,
        secrets.token_hex(4),
        recollection,
        Deliberations(link, recollection, Pool(settings.thoughts_at_once), settings.think_seconds),
        all_here.set,
        failed=keeper.failed if keeper is not None else lambda _agent, _error: False,
        lockstep=settings.lockstep,
        hold_waits=settings.hold_waits,
    )
    async with link, asyncio.TaskGroup() as group:
        beside = [group.create_task(_announce(link, topics.service_out(town, settings.host_name, "ready"), all_here, len(minds)))]
        if keeper is not None:
            beside.append(group.create_task(keeper.run(host), name="host.keeper"))
        try:
            await host.run()
        finally:
            for task in beside:
                task.cancel()
            _tell_of_thoughts(host.minds)
            if link.connected:
                with contextlib.suppress(TimeoutError):
                    await host.goodbye()


def _tell_of_thoughts(minds: Mapping[str, Mind | Thinker]) -> None:
    """Say at the end how the decisions of minds with a model came about."""
    tallies = [tally.to_json() for mind in minds.values() if (tally := getattr(mind, "tally", None)) is not None]
    if tallies:
        log.info("thoughts", **{name: sum(tally[name] for tally in tallies) for name in tallies[0]})


async def _announce(link: Link, topic: str, all_here: asyncio.Event, agents: int) -> None:
    await all_here.wait()
    ready = {"agents": agents}
    await link.publish(topic, ready, retain=True)
    say_ready(ready)


def main() -> int:
    """Run until SIGTERM; return the exit code."""
    log_to(sys.stderr)
    try:
        asyncio.run(until_told(_host(Settings()), "host"))
    except (ValidationError, CastingError) as error:
        log.error("the host can't run as it is set up", error=str(error))  # noqa: TRY400  the words are for a person
        return UNMENDABLE
    except (OSError, asyncpg.exceptions.PostgresError) as error:  # `LinkError` is one.
        log.error("the host can't reach what it needs", error=str(error))  # noqa: TRY400
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
