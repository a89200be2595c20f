"""Composes the dashboard: its parts for the length of its life, its routes, its page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mqttown.link import Address, Link
from mqttown_dashboard import problems
from mqttown_dashboard.history import ACTIVITY, PLACING, History
from mqttown_dashboard.hub import Hub
from mqttown_dashboard.listen import SERVICE, Ear
from mqttown_dashboard.mirror import Mirror
from mqttown_dashboard.routes import agents, buildings, events, health, stream, town
from mqttown_dashboard.settings import Settings
from mqttown_dashboard.state import State
from mqttown_dashboard.town import Town

__all__ = ["create_app", "running"]

_ABOUT = """What happens in the town, and what it looks like. Reading only: whoever wants to act speaks MQTT, see `docs/wire.md`.

Positions are metres in the town's frame, money is whole cents, times are ticks of one town minute. Lists are pages:
`{"items": […], "next": cursor}`. Errors are problem JSON: `code`, `detail`, `path`, `allowed`."""

_CONTENT_POLICY = (
    "script-src-elem 'self'; connect-src 'self'; font-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'self'"
)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[State]:
    """Connect to the journal and the broker for the length of an `async with`.

    Raises:
        OSError, ValueError: the town file, the database or the broker is not as it should be.
    """
    compiled = Town.read(settings.town_file)
    mirror = Mirror(compiled)
    hub = Hub(lambda: mirror.snapshot().model_dump_json())
    key = settings.service_key.get_secret_value() if settings.service_key else None
    link = Link(Address(settings.mqtt_host, settings.mqtt_port), SERVICE, key)
    async with History.open(settings.database) as history:
        await _remember(mirror, history)
        async with link:
            ear = Ear(link, mirror, hub)
            async with ear.listening():
                yield State(settings, compiled, mirror, hub, history, ear)


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


def create_app(state: State) -> FastAPI:
    """The application.

    Args:
        state: the running parts that its routes use.
    """
    app = FastAPI(title="mqttown", version="1", description=_ABOUT, docs_url=None, redoc_url=None)
    app.state.parts = state
    problems.install(app)
    for part in (town, agents, buildings, events, stream):
        app.include_router(part.router, prefix="/api/v1")
    app.include_router(health.router)
    app.add_middleware(_Guarded)
    if (state.settings.page_dir / "index.html").is_file():
        app.mount("/", StaticFiles(directory=state.settings.page_dir, html=True), name="page")
    else:
        app.add_api_route("/", _not_built, include_in_schema=False, response_class=HTMLResponse)
    return app


async def _not_built() -> HTMLResponse:
    return HTMLResponse(
        "<!doctype html><title>mqttown</title><p>The page is not built yet: run <code>python -m mqttown_dashboard.build</code> and "
        "start again. The API is at <a href=/api/v1/clock>/api/v1</a>, described in <a href=/openapi.json>/openapi.json</a>.",
        503,
    )


class _Guarded:
    """Says in every answer what a browser may do with it, and how long it may keep the page's files."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                path = Path(scope["path"])
                headers = [
                    (b"content-security-policy", _CONTENT_POLICY.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"same-origin"),
                ]
                if path.parts[:2] == ("/", "assets") and message["status"] == 200:
                    headers.append((b"cache-control", b"public, max-age=31536000, immutable"))
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)
