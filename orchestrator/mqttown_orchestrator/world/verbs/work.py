"""`work`: do one's job at its place until the shift ends, for wages."""

from typing import Any, Final

from mqttown_contract.errors import Refusal
from mqttown_contract.verbs import VERBS, Work
from mqttown_orchestrator.world.activities import begin, finish
from mqttown_orchestrator.world.clock import DAY, Clock, as_text
from mqttown_orchestrator.world.hearing import onlookers
from mqttown_orchestrator.world.plan import Job, Plan
from mqttown_orchestrator.world.state import Body, State
from mqttown_orchestrator.world.turn import Turn
from mqttown_orchestrator.world.verbs.rule import Rule, no

__all__ = ["EARLY", "WORK", "shift_end"]

EARLY: Final = 30
"""One may begin so many minutes before the shift, and is paid for them."""


def shift_end(clock: Clock, job: Job, tick: int) -> int | None:
    """The tick at which the present shift ends, or None outside of shifts. A shift may pass midnight."""
    minute, weekday = clock.minute_of_day(tick), clock.weekday(tick)
    for day in (-1, 0, 1):
        if (weekday + day) % 7 in job.days:
            start = job.start + day * DAY
            end = job.end + day * DAY + (DAY if job.end <= job.start else 0)
            if start - EARLY <= minute < end:
                return tick + end - minute
    return None


def _offer(state: State, plan: Plan, body: Body) -> dict[str, Any] | None:
    return VERBS["work"].schema if _check(state, plan, body, None) is None else None


def _check(state: State, plan: Plan, body: Body, parameters: Work | None) -> Refusal | None:
    if body.job is None:
        return no("You have no job.")
    job = plan.jobs[body.job]
    if body.building != job.building:
        return no(f"Your work is in {job.building}. Go there first.", None, {"move_to": job.building})
    if body.doing == "working":
        return no("You are at work already.")
    if shift_end(plan.clock, job, state.tick) is None:
        shift = {"from": as_text(job.start), "to": as_text(job.end), "days": sorted(job.days)}
        return no(f"It is not your shift. You can begin {EARLY} minutes before it.", None, shift)
    return None


def _apply(turn: Turn, body: Body, parameters: Work, action_id: str) -> list[str]:
    ended = finish(turn, body, action_id=action_id)
    job = turn.plan.jobs[str(body.job)]
    until = shift_end(turn.plan.clock, job, turn.tick)
    assert until is not None, "checked"
    begin(turn, body, "working", until=until, subject=job.id)
    data = {"job": job.id, "until_tick": until}
    body.cause = turn.event("started_work", body, data, seen_by=onlookers(turn.state, body), action_id=action_id)
    return [*ended, body.cause]


def _offered(state: State, plan: Plan, body: Body) -> bool:
    return body.job is not None and _check(state, plan, body, None) is None


WORK = Rule(_offer, _check, _apply, _offered)
