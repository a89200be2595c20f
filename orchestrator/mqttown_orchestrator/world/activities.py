"""One activity at a time: how it begins, how it comes to its end, and what is left of it when it is broken off."""

from mqttown_orchestrator.world import needs
from mqttown_orchestrator.world.doors import may_enter
from mqttown_orchestrator.world.hearing import onlookers
from mqttown_orchestrator.world.money import TREASURY, pay, purse, till
from mqttown_orchestrator.world.motion import Goal, arrival_tick, lay_out, position, spot
from mqttown_orchestrator.world.state import Body, Doing
from mqttown_orchestrator.world.turn import Turn

__all__ = ["begin", "finish", "look_after", "next_due", "set_out"]


def begin(turn: Turn, body: Body, doing: Doing, *, until: int, subject: str | None = None) -> None:
    """Begin an activity; the present one must have been broken off. The caller sets `cause` once its event is told."""
    body.doing, body.began, body.until, body.subject = doing, turn.tick, until, subject
    body.waits_until = None
    turn.state.wake_by(body, until)


def set_out(turn: Turn, body: Body, goal: Goal, why: str, action_id: str | None = None) -> list[str]:
    """Break off what the body does, and walk to a reachable goal. Returns ids of the events."""
    ended = finish(turn, body, action_id=action_id)
    walk = lay_out(turn.plan, body, goal, turn.tick, why)
    arrives = arrival_tick(walk, turn.tick)
    data = {
        "to": walk.to, "why": why, "path": [[x / 100, y / 100] for x, y in walk.points], "metres": walk.marks[-1] / 100,
        "arrives_tick": arrives,
    }  # fmt: skip
    watching = onlookers(turn.state, body) if body.building is not None else []
    departed = turn.event("departed", body, data, seen_by=watching, action_id=action_id)
    if body.building is not None:
        turn.state.put(body, None)
    body.x, body.y, body.anchors = walk.points[0][0], walk.points[0][1], walk.source
    begin(turn, body, "walking", until=arrives)
    body.walk, body.cause = walk, departed
    return [*ended, departed]


def finish(turn: Turn, body: Body, action_id: str | None = None) -> list[str]:
    """End the present activity, in time or before; somebody idle is left as they are. Returns ids of the events."""
    doing = body.doing
    if doing == "walking":
        told = _end_walk(turn, body, action_id)
    elif doing == "working":
        told = _end_work(turn, body, action_id)
    elif doing == "eating":
        told = _end_meal(turn, body, action_id)
    elif doing == "sleeping":
        told = _end_sleep(turn, body, action_id)
    else:
        return []
    body.doing, body.began, body.until, body.cause, body.subject = "idle", turn.tick, None, None, None
    return told


def look_after(turn: Turn, body: Body) -> None:
    """Do what is due for a body by itself: a pressing need, the end of its activity or of a wait."""
    _feel(turn, body)
    if body.until is not None and body.until <= turn.tick:
        reason = "arrived" if body.doing == "walking" else "ended"
        finish(turn, body)
        turn.news(body.id, reason)
    if body.waits_until is not None and body.waits_until <= turn.tick:
        body.waits_until = None
        turn.news(body.id, "ended")


def next_due(body: Body, tick: int) -> int:
    """The next tick at which something happens to a body by itself."""
    soonest = needs.next_crossing(body, tick)
    if body.until is not None:
        soonest = min(soonest, body.until)
    if body.waits_until is not None:
        soonest = min(soonest, body.waits_until)
    return soonest


def _feel(turn: Turn, body: Body) -> None:
    for name, need in body.needs.items():
        now = needs.level(need, turn.tick)
        before = needs.level(need, turn.tick - 1) if need.since < turn.tick else now
        if any(now <= threshold < before for threshold in needs.THRESHOLDS):
            turn.event("need", body, {"need": name, "value": now / needs.FULL})
            if body.doing != "sleeping":
                turn.news(body.id, "need")


def _end_walk(turn: Turn, body: Body, action_id: str | None) -> list[str]:
    walk = body.walk
    assert walk is not None, "a walker has a walk"
    assert body.until is not None, "a walk has an end"
    (x, y), anchors = position(body, turn.tick), spot(body, turn.tick)
    arrived = body.until <= turn.tick
    cause, body.walk = body.cause, None
    body.x, body.y, body.anchors = x, y, anchors
    if not arrived:
        return [turn.event("stopped", body, {"x": x / 100, "y": y / 100}, cause=cause, action_id=action_id)]
    if walk.to is not None and may_enter(turn.state, turn.plan, body, walk.to):
        turn.state.put(body, walk.to)
    watching = onlookers(turn.state, body) if body.building is not None else []
    data = {"building": body.building, "x": x / 100, "y": y / 100}
    return [turn.event("arrived", body, data, seen_by=watching, cause=cause, action_id=action_id)]


def _end_work(turn: Turn, body: Body, action_id: str | None) -> list[str]:
    """Wages are paid for the minutes worked, from the till if it can, else from the treasury, which pays what it can."""
    job = turn.plan.jobs[str(body.subject)]
    minutes = turn.tick - body.began
    wage = job.wage * minutes // 60
    payer = till(job.building)
    if turn.state.account(payer) < wage:
        payer = TREASURY
        wage = min(wage, turn.state.account(TREASURY))
    data = {"job": job.id, "minutes": minutes, "wage": wage}
    told = [turn.event("finished_work", body, data, seen_by=onlookers(turn.state, body), cause=body.cause, action_id=action_id)]
    if wage > 0:
        told.append(pay(turn, body, payer, purse(body.id), wage, "wage", cause=told[0], action_id=action_id))
    return told


def _end_meal(turn: Turn, body: Body, action_id: str | None) -> list[str]:
    """A meal restores what it holds; one that is broken off, its share."""
    item = turn.plan.items[str(body.subject)]
    minutes = min(turn.tick - body.began, item.eat_minutes)
    for name, amount in item.restores.items():
        needs.restore(turn.state, body, name, amount * minutes // item.eat_minutes)
    data = {"item": item.id, "minutes": minutes}
    return [turn.event("finished_meal", body, data, seen_by=onlookers(turn.state, body), cause=body.cause, action_id=action_id)]


def _end_sleep(turn: Turn, body: Body, action_id: str | None) -> list[str]:
    needs.pace(turn.state, body, needs.AWAKE)
    data = {"minutes": turn.tick - body.began}
    return [turn.event("woke", body, data, seen_by=onlookers(turn.state, body), cause=body.cause, action_id=action_id)]
