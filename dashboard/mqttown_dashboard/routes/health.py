"""`/healthz` and `/metrics`, for machines that watch over this one."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST

from mqttown_dashboard.access import ANYONE, Metrics
from mqttown_dashboard.metrics import exposition, kept
from mqttown_dashboard.models import Health
from mqttown_dashboard.problems import problems
from mqttown_dashboard.state import StateOf

__all__ = ["router"]

router = APIRouter(tags=["operation"])


@router.get(
    "/healthz",
    summary="Whether this process can do its work",
    dependencies=[ANYONE],
    responses={503: {"model": Health, "description": "degraded"}},
)
async def healthz(state: StateOf, response: Response) -> Health:
    """200 while both the database and the broker answer, else 503."""
    database, broker = await state.history.alive(), state.ear.connected
    well = database and broker
    response.status_code = 200 if well else 503
    return Health(
        status="ok" if well else "degraded",
        database=database,
        broker=broker,
        tick=state.mirror.clock.tick,
        watchers=state.hub.watchers,
    )


@router.get(
    "/metrics",
    summary="Numbers for Prometheus",
    dependencies=[Metrics],
    response_class=Response,
    responses={**problems(401, 403), 200: {"content": {"text/plain": {}}}},
)
async def metrics(state: StateOf) -> Response:
    """Tick duration, queue depths, verdicts by code, messages a second, journal lag, what waits for operators, what models cost."""
    return Response(exposition(state, await kept(state)), media_type=CONTENT_TYPE_LATEST)


@router.get("/openapi.json", include_in_schema=False, dependencies=[ANYONE])
async def openapi(request: Request) -> dict[str, Any]:
    """This API, as OpenAPI."""
    described: dict[str, Any] = request.app.openapi()
    return described
