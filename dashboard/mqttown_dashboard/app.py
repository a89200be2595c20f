"""Composes the dashboard: its parts for the length of its life, its routes, its page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from mqttown.link import Address, Link
from mqttown_dashboard.access import ANYONE
from mqttown_dashboard.budget_letters import BudgetLetters
from mqttown_dashboard.history import ACTIVITY, PLACING, History, until_begun
from mqttown_dashboard.hosting import Hosting
from mqttown_dashboard.hub import Hub
from mqttown_dashboard.identity import Identity
from mqttown_dashboard.letters import Letters
from mqttown_dashboard.listen import SERVICE, Ear
from mqttown_dashboard.mirror import Mirror
from mqttown_dashboard.model_keys import ModelKeys
from mqttown_dashboard.portal import Portal, prepare
from mqttown_dashboard.presets import Presets
from mqttown_dashboard.problems import install, problems
from mqttown_dashboard.recovery import Recovery
from mqttown_dashboard.residents import Residents
from mqttown_dashboard.review import Review
from mqttown_dashboard.rights import Rights
from mqttown_dashboard.routes import (
    accounts,
    agents,
    buildings,
    claims,
    door,
    events,
    health,
    history,
    insight,
    mine,
    models,
    moment,
    operation,
    presets,
    recovery,
    residents,
    second_factor,
    sessions,
    stream,
    town,
    versions,
    wire,
)
from mqttown_dashboard.seats import Seats
from mqttown_dashboard.second_factor import SecondFactor
from mqttown_dashboard.secret import Passwords
from mqttown_dashboard.settings import Settings
from mqttown_dashboard.shield import BodyShield, RateShield, ResponseHeaders
from mqttown_dashboard.spending import Spending
from mqttown_dashboard.state import State
from mqttown_dashboard.talk import Talk
from mqttown_dashboard.thoughts import Thoughts
from mqttown_dashboard.throttle import Throttle
from mqttown_dashboard.tokens import Tokens
from mqttown_dashboard.town import Town
from mqttown_dashboard.wire import Wires

__all__ = ["create_api", "create_app", "running"]

_ABOUT = """What happens in the town, what it looks like, and a door into it for programs without MQTT (see `docs/http.md`).

Positions are metres in the town's frame, money is whole cents, times are ticks of one town minute. Lists are pages:
`{"items": […], "next": cursor}`. Errors are problem JSON: `code`, `detail`, `path`, `allowed`."""
ROUTERS: Final = (
    town, agents, buildings, events, history, moment, stream, accounts, recovery, sessions, second_factor, mine, versions,
    residents, insight, presets, claims, models, operation, door, wire,
)  # fmt: skip


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[State]:
    """Connect to the journal and the broker for the length of an `async with`.

    Raises:
        OSError, ValueError: the town file, the database or the broker is not as it should be.
    """
    compiled = Town.read(settings.town_file)
    letters = Letters(settings.mail.get_secret_value() if settings.mail else None)
    mirror = Mirror(compiled)
    hub = Hub(lambda: mirror.snapshot().model_dump_json())
    key = settings.service_key.get_secret_value() if settings.service_key else None
    link = Link(Address(settings.mqtt_host, settings.mqtt_port, pin=settings.mqtt_pin), SERVICE, key)
    await until_begun(settings.database)
    rights = await prepare(settings.database)
    async with History.open(settings.database, rights) as history, Portal.open(settings.database, rights) as portal:
        await _remember(mirror, history)
        tokens = Tokens.open(f"mqttown/{settings.town}", settings.data)
        identity = Identity(settings, portal, tokens)
        address = Address(settings.mqtt_host, settings.mqtt_port, pin=settings.mqtt_pin)
        seats = Seats(address, settings.town, settings.door_seats, settings.door_idle_seconds)
        throttle = Throttle(settings.requests_per_minute, settings.sign_ins_per_minute, settings.sign_ups_per_hour)
        thoughts, residents = Thoughts(portal.pool, lambda: mirror.clock.tick), Residents(portal.pool)
        known_rights = Rights(settings.database, role=bool(rights))
        async with link:
            wires, spending = Wires(), Spending(portal.pool, known_rights)
            ear = Ear(link, mirror, hub, thoughts, wires, BudgetLetters(portal.pool, spending, letters, compiled.name))
            async with ear.listening(), seats.kept(), thoughts.kept():
                await _attend(ear, history, residents)
                yield State(
                    settings, compiled, mirror, hub, history, ear, portal, identity, tokens, Passwords(), throttle, seats,
                    residents, Hosting(portal.pool, known_rights), spending, thoughts,
                    ModelKeys(portal.pool, known_rights),
                    Presets.read(settings.town_file), Review(portal.pool),
                    Talk(compiled.name, Presets.prose(settings.town_file), settings.prompts),
                    Recovery(portal.pool), letters, SecondFactor.open(portal.pool, settings.data), wires,
                )  # fmt: skip


async def _attend(ear: Ear, history: History, residents: Residents) -> None:
    ours = set(await residents.agents())
    for agent in await history.registered():
        if agent.id in ours:
            await ear.attend(agent.id, agent.home_district)


async def _remember(mirror: Mirror, history: History) -> None:
    registered = await history.registered()
    names = [agent.id for agent in registered]
    places = await history.latest(names, PLACING)
    activities = await history.latest(names, ACTIVITY)
    words = await history.latest(names, ["said"])
    mirror.recall(registered, places + activities, words)
    weather = await history.weather()
    if weather is not None:
        mirror.clock = mirror.clock.model_copy(update={"weather": weather})


def create_api() -> FastAPI:
    """Every route, and how errors are told; without what the routes work on."""
    app = FastAPI(
        title="mqttown",
        version="1",
        description=_ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        responses=problems(400, 413, 429),
    )
    install(app)
    for part in ROUTERS:
        app.include_router(part.router, prefix="/api/v1")
    app.include_router(health.router)
    app.include_router(moment.page)
    return app


def create_app(state: State) -> FastAPI:
    """The application.

    Args:
        state: the running parts that its routes use.
    """
    app = create_api()
    app.state.parts = state
    app.add_middleware(BodyShield)
    app.add_middleware(RateShield, throttle=state.throttle)
    app.add_middleware(ResponseHeaders, tls=state.settings.tls_cert is not None)
    if (state.settings.page_dir / "index.html").is_file():
        app.mount("/", StaticFiles(directory=state.settings.page_dir, html=True), name="page")
    else:
        app.add_api_route("/", _not_built, include_in_schema=False, response_class=HTMLResponse, dependencies=[ANYONE])
    return app


async def _not_built() -> HTMLResponse:
    return HTMLResponse(
        "<!doctype html><title>mqttown</title><p>The page is not built yet: run <code>python -m mqttown_dashboard.build</code> and "
        "start again. The API is at <a href=/api/v1/clock>/api/v1</a>, described in <a href=/openapi.json>/openapi.json</a>.",
        503,
    )
