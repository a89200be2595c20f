"""`/operation`: what an operator sees and does: health, what waits for a decision, pause, speed."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from mqttown_contract.types import ID_PATTERN, Text
from mqttown_dashboard.access import Operator
from mqttown_dashboard.forms import Form
from mqttown_dashboard.history import cursor_of, parse_cursor
from mqttown_dashboard.intervention_forms import Intervention
from mqttown_dashboard.interventions import carry_out
from mqttown_dashboard.models import Clock, Page
from mqttown_dashboard.problems import problems
from mqttown_dashboard.review import Entry, Flag, Held, Quarantined
from mqttown_dashboard.routes.paging import Cursor, Limit
from mqttown_dashboard.state import StateOf

__all__ = ["router"]

router = APIRouter(prefix="/operation", tags=["operation"])
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
AgentId = Annotated[str, Path(description="agent id, like `mira`", min_length=1, max_length=48)]
_LISTED = problems(401, 403, 422)
_DONE = problems(401, 403, 404, 409, 413, 422, 503, 504)


class Done(BaseModel):
    """What an intervention has come to."""

    events: list[str] = Field(description="ids of the events that tell of it; what follows from it names them as its cause")


class Percentiles(BaseModel):
    """Of the newest 600 ticks, milliseconds."""

    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0


class Figures(BaseModel):
    """What the orchestrator tells about itself each second; nothing before it has told anything."""

    model_config = ConfigDict(extra="allow")

    tick_ms: Percentiles | None = Field(default=None, description="the whole tick")
    step_ms: Percentiles | None = Field(default=None, description="the world's step")
    journal_ms: Percentiles | None = Field(default=None, description="writing it down")
    verdicts_ms: Percentiles | None = None
    observations_ms: Percentiles | None = None
    public_ms: Percentiles | None = None
    publish_ms: Percentiles | None = Field(default=None, description="the three before together")
    queues: dict[str, int] = Field(default={}, description="entries that wait")
    verdicts: dict[str, int] = Field(default={}, description="since its start, by code")
    dropped: dict[str, int] = Field(default={}, description="messages without a verdict since its start, by reason")
    messages: dict[str, float] = Field(default={}, description="`received` and `sent` since its start, and of each `_per_second`")
    agents: int | None = None
    online: int | None = None
    journal_lag_ticks: int | None = Field(default=None, description="ticks that are made and not yet durable")


class Overview(BaseModel):
    """The town at a glance."""

    clock: Clock
    broker: bool = Field(description="whether this process hears it")
    database: bool
    watchers: int = Field(description="open streams")
    orchestrator: Figures
    waiting: dict[str, int] = Field(description="held words, flags, agents in quarantine")
    model_money_today: int | None = Field(description="millionths of a unit; null without a gateway")
    model_tokens_today: int | None


class Decision(Form):
    """What becomes of held words."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"decision": "pass"}]})

    decision: Literal["pass", "refuse"]


class Why(Form):
    """A reason."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"why": "repeats one advertisement"}]})

    why: Annotated[Text, Field(min_length=1, max_length=500)]


class Pace(Form):
    """How the town's time passes."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"state": "paused"}, {"speed": 60}]})

    state: Literal["running", "paused"] | None = None
    speed: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] | None = Field(
        default=None, description="town seconds a real second; 0 is as fast as it can"
    )


@router.get("", summary="The town at a glance", responses=problems(401, 403))
async def overview(state: StateOf, _: Operator) -> Overview:
    """Health, tick time, queues, verdicts, what waits for a decision, and what models cost today."""
    spent = await state.spending.today() if await state.spending.there() else None
    return Overview(
        clock=state.mirror.clock,
        broker=state.ear.connected,
        database=await state.history.alive(),
        watchers=state.hub.watchers,
        orchestrator=Figures.model_validate(state.mirror.metrics),
        waiting=await state.review.waiting(),
        model_money_today=None if spent is None else spent[0],
        model_tokens_today=None if spent is None else spent[1],
    )


@router.put(
    "/pace", status_code=204, summary="Pause, go on, change the speed", responses=problems(401, 403, 409, 413, 422, 503, 504)
)
async def pace(form: Pace, state: StateOf, operator: Operator) -> None:
    """What is left out stays."""
    if form.speed is not None:
        await state.ear.command("speed", {"speed": form.speed}, operator.name)
    if form.state is not None:
        await state.ear.command("pause" if form.state == "paused" else "resume", {}, operator.name)


@router.post(
    "/interventions",
    status_code=201,
    summary="Change the town by hand",
    responses=problems(401, 403, 409, 413, 422, 503, 504),
)
async def intervene(form: Intervention, state: StateOf, operator: Operator) -> Done:
    """Doors, prices, wages, rules, what somebody knows, who hears whom, the weather, who lives here; from the next tick on.

    The words are those of the laboratory's experiment files. What is done is an event, and stands in the audit log as
    `intervene`, `register` or `revoke`, with the operator's name. A town that is paused makes no tick, so it must run.
    """
    return Done(events=await carry_out(state, form, operator))


@router.get("/held", summary="Words that wait for a decision", responses=_LISTED)
async def held(state: StateOf, _: Operator, limit: Limit = 100) -> list[Held]:
    """The oldest first."""
    return await state.review.held(limit)


@router.post("/held/{number}", status_code=204, summary="Pass held words, or refuse them", responses=_DONE)
async def decide(number: Number, form: Decision, state: StateOf, operator: Operator) -> None:
    """Passed words enter the world with the next tick."""
    await state.ear.command("pass_held" if form.decision == "pass" else "refuse_held", {"id": number}, operator.name)


@router.get("/flags", summary="Agents to look at", responses=_LISTED)
async def flags(state: StateOf, _: Operator, limit: Limit = 100) -> list[Flag]:
    """Those that nobody has looked at, the oldest first."""
    return await state.review.flags(limit)


@router.delete("/flags/{number}", status_code=204, summary="Say that a flag has been looked at", responses=_DONE)
async def clear(number: Number, state: StateOf, operator: Operator) -> None:
    """An agent in quarantine stays there until it is released."""
    await state.ear.command("clear_flag", {"id": number}, operator.name)


@router.get("/quarantine", summary="Agents that the town holds", responses=problems(401, 403))
async def quarantined(state: StateOf, _: Operator) -> list[Quarantined]:
    """With the reason of each."""
    return await state.review.quarantined()


@router.put("/quarantine/{agent_id}", status_code=204, summary="Hold an agent", responses=_DONE)
async def hold(agent_id: AgentId, form: Why, state: StateOf, operator: Operator) -> None:
    """Nothing that it does is taken up until it is released."""
    await state.ear.command("quarantine", {"agent": agent_id, "why": form.why}, operator.name)


@router.delete("/quarantine/{agent_id}", status_code=204, summary="Release an agent", responses=_DONE)
async def release(agent_id: AgentId, state: StateOf, operator: Operator) -> None:
    """Its past counts no more."""
    await state.ear.command("release", {"agent": agent_id}, operator.name)


@router.get("/audit", summary="The audit log", responses=_LISTED)
async def audit(
    state: StateOf,
    _: Operator,
    agent: Annotated[str | None, Query(description="about this agent only", pattern=ID_PATTERN)] = None,
    kind: Annotated[str | None, Query(description="of this kind only, like `quarantine`", pattern=r"^[a-z_]{1,40}$")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Entry]:
    """The newest first."""
    after = parse_cursor(cursor, int)
    found = await state.review.audit(after[0] if after else None, agent, kind, limit + 1)
    shown = found[:limit]
    return Page(items=shown, next=cursor_of(shown[-1].n) if len(found) > limit else None)
