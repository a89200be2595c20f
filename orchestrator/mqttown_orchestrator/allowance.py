"""What agents have done and paid, held against their permissions: checked before each tick, settled after it."""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from mqttown_contract.errors import Code, Refusal
from mqttown_orchestrator.citizens import Citizen, Undecided
from mqttown_orchestrator.pipeline.bill import Bill, bill
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.world.clock import DAY
from mqttown_orchestrator.world.turn import Happened

__all__ = ["HOUR", "Allowance", "first_tick_today"]

HOUR: Final = 3600.0
"""Seconds of real time over which `max_actions_per_hour` counts."""


@dataclass(slots=True)
class _Paid:
    """Cents that an agent has paid by its own actions in one town day."""

    total: int = 0
    to: dict[str, int] = field(default_factory=dict)

    def add(self, account: str, cents: int) -> None:
        self.total += cents
        self.to[account] = self.to.get(account, 0) + cents


class Allowance:
    """Knows how much of its permissions each agent has left.

    All actions that wait for a tick are looked at together, right before it. So what several actions in flight would cost is
    reserved one by one; what the world did with them is settled right after the tick, and nothing stays reserved.

    Args:
        town: whose citizens these are.
        tick_seconds: real seconds that a tick takes now; None where nobody knows.
        now: UTC, seconds since the epoch.
    """

    def __init__(self, town: Town, tick_seconds: Callable[[], float | None], now: Callable[[], float] = time.time) -> None:
        self._town = town
        self._tick_seconds = tick_seconds
        self._now = now
        self._day = self._day_of(town.tick)
        self._paid: defaultdict[str, _Paid] = defaultdict(_Paid)
        self._reserved: defaultdict[str, _Paid] = defaultdict(_Paid)
        self._acted: dict[str, deque[float]] = {}

    def recall_payments(self, payments: Iterable[tuple[str, str, int]]) -> None:
        """Take in what was paid earlier in this town day: agent, account that got it, cents."""
        for agent, account, cents in payments:
            self._paid[agent].add(account, cents)

    def recall_actions(self, agent: str, times: Iterable[float]) -> None:
        """Take in when an agent acted within the last hour, UTC seconds, oldest first."""
        self._acted[agent] = deque(times)

    def refuse(self, citizen: Citizen, undecided: Undecided, tick: int) -> Refusal | None:
        """Say why an action would pass its agent's permissions, or take its share of them.

        Args:
            citizen: whose action it is.
            undecided: the action.
            tick: the one that will judge it; the very next.
        """
        self._turn(tick)
        due, body = None, self._town.state.bodies.get(citizen.id)
        if body is not None:
            due = bill(self._town.state, self._town.plan, body, undecided.action, undecided.parameters)
        refusal = (None if due is None else self._too_dear(citizen, due, tick)) or self._too_often(citizen)
        if refusal is None:
            if due is not None:
                self._reserved[citizen.id].add(due.to, due.cents)
            if citizen.permissions.max_actions_per_hour is not None:
                self._acted.setdefault(citizen.id, deque()).append(self._now())
        return refusal

    def settle(self, happened: Happened) -> None:
        """A tick is judged: what was reserved is paid, or free again."""
        self._reserved.clear()
        self._turn(happened.tick)
        for event in happened.events:
            if event.kind == "paid" and event.action_id is not None and event.agent is not None:
                self._paid[event.agent].add(event.data["to"], event.data["amount"])

    def forget(self, agent: str) -> None:
        """An agent is no citizen any more."""
        self._paid.pop(agent, None)
        self._acted.pop(agent, None)

    def _day_of(self, tick: int) -> int:
        return (self._town.plan.clock.offset + tick) // DAY

    def _turn(self, tick: int) -> None:
        day = self._day_of(tick)
        if day != self._day:
            self._day = day
            self._paid.clear()

    def _too_often(self, citizen: Citizen) -> Refusal | None:
        limit = citizen.permissions.max_actions_per_hour
        if limit is None:
            return None
        times, now = self._acted.setdefault(citizen.id, deque()), self._now()
        if times and times[-1] > now:  # the clock was set back: nobody waits for more than an hour
            times = self._acted[citizen.id] = deque(min(when, now) for when in times)
        while times and times[0] <= now - HOUR:
            times.popleft()
        if len(times) < limit:
            return None
        wait = round(times[len(times) - limit] + HOUR - now + 0.05, 1) if limit else None
        told = {"max_actions_per_hour": limit, "left": 0}
        detail = f"{citizen.id} may do {limit} actions an hour, and has done {len(times)} within the last one"
        return Refusal(Code.NOT_ALLOWED, detail, path="action", allowed=told, retry_after=wait)

    def _too_dear(self, citizen: Citizen, due: Bill, tick: int) -> Refusal | None:
        limits = citizen.permissions.spending
        paid, reserved = self._paid.get(citizen.id, _NOTHING), self._reserved.get(citizen.id, _NOTHING)
        cases = (
            ("per_action", limits.per_action, 0, "in one action"),
            ("per_day", limits.per_day, paid.total + reserved.total, "in a town day"),
            (
                "per_counterparty",
                limits.per_counterparty,
                paid.to.get(due.to, 0) + reserved.to.get(due.to, 0),
                f"in a town day to {due.to}",
            ),
        )
        for name, limit, gone, words in cases:
            if limit is None or gone + due.cents <= limit:
                continue
            left = max(0, limit - gone)
            detail = f"{citizen.id} may spend {limit} cents {words}; {left} are left, and this costs {due.cents}"
            told = {name: limit, "left": left, "cost": due.cents}
            heals = name != "per_action" and due.cents <= limit
            return Refusal(Code.NOT_ALLOWED, detail, due.path, told, self._until_midnight(tick) if heals else None)
        return None

    def _until_midnight(self, tick: int) -> float | None:
        seconds = self._tick_seconds()
        return None if seconds is None else round(seconds * self._town.plan.clock.until_minute(tick, 0), 1)


def first_tick_today(town: Town) -> int:
    """The first tick of the town day that the newest tick belongs to."""
    offset = town.plan.clock.offset
    return max(0, (offset + town.tick) // DAY * DAY - offset)


_NOTHING: Final = _Paid()
