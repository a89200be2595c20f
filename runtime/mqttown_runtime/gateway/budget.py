"""Budgets: how much agents and their owners may spend, reserved before a call and exact after it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

__all__ = ["FREE", "Budgets", "Caps", "Exhausted", "Holder", "Reservation", "Spent", "Warned", "today"]

WARNED_AT: Final = 800
"""Permille of a cap at which its holder is told."""
Kind = Literal["agent", "owner"]
Unit = Literal["money", "tokens"]
Period = Literal["day", "total"]


class Holder(NamedTuple):
    """Whose budget it is."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Caps:
    """What a holder may spend; None is no limit. Money is millionths of a unit.

    Attributes:
        day_money, total_money, day_tokens, total_tokens: the caps. A day is one of UTC.
        paused: nothing may be spent at all.
        when_spent: what a mind does without a budget: sleep, or go on by routine.
    """

    day_money: int | None = None
    total_money: int | None = None
    day_tokens: int | None = None
    total_tokens: int | None = None
    paused: bool = False
    when_spent: Literal["asleep", "routine"] = "asleep"

    def of(self, period: Period, unit: Unit) -> int | None:
        """One of the caps."""
        cap: int | None = getattr(self, f"{period}_{unit}")
        return cap


FREE: Final = Caps(total_money=0)
"""Whoever has been given no budget spends nothing: models without a price alone."""


@dataclass(slots=True)
class Spent:
    """What a holder has spent in a period, and what calls on their way may come to."""

    money: int = 0
    tokens: int = 0
    held_money: int = 0
    held_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Warned:
    """A holder has spent most of a cap."""

    holder: Holder
    period: Period
    unit: Unit
    spent: int
    cap: int


class Exhausted(Exception):
    """A call does not fit into a budget any more.

    Attributes:
        holder: whose budget.
        why: in words.
    """

    def __init__(self, holder: Holder, why: str) -> None:
        super().__init__(why)
        self.holder = holder
        self.why = why


@dataclass(slots=True)
class Reservation:
    """An upper bound of what a call will cost, held until it is settled."""

    holders: tuple[Holder, ...]
    day: str
    money: int
    tokens: int
    settled: bool = False


def today() -> str:
    """The day of UTC, as `2026-03-02`."""
    return datetime.now(UTC).date().isoformat()


@dataclass(slots=True)
class _Purse:
    caps: Caps
    total: Spent = field(default_factory=Spent)
    days: dict[str, Spent] = field(default_factory=dict)
    warned: dict[tuple[str, Unit], None] = field(default_factory=dict)

    def spent(self, period: Period, day: str) -> Spent:
        return self.total if period == "total" else self.days.setdefault(day, Spent())


class Budgets:
    """All budgets. Not a coroutine in it, so that between looking and reserving nobody else comes.

    Spent and held together never pass a cap, as long as no call costs more than was reserved for it.

    Args:
        day: says which day it is.
    """

    def __init__(self, day: Callable[[], str] = today) -> None:
        self._day = day
        self._purses: dict[Holder, _Purse] = {}

    @property
    def today(self) -> str:
        """The day that spending counts for now."""
        return self._day()

    def allow(self, holder: Holder, caps: Caps) -> None:
        """Set what a holder may spend; what it has spent stays spent."""
        purse = self._purses.setdefault(holder, _Purse(caps))
        if purse.caps != caps:
            purse.caps = caps
            purse.warned.clear()

    def caps(self, holder: Holder) -> Caps:
        """What a holder may spend."""
        return self._purse(holder).caps

    def spent(self, holder: Holder, period: Period) -> Spent:
        """What a holder has spent today, or ever."""
        return self._purse(holder).spent(period, self._day())

    def recall(self, holder: Holder, day: str, money: int, tokens: int) -> None:
        """Count what was spent in an earlier life of this process."""
        purse = self._purse(holder)
        for spent in (purse.spent("day", day), purse.total):
            spent.money += money
            spent.tokens += tokens

    def check(self, holders: tuple[Holder, ...]) -> None:
        """Say whether any of the holders is paused.

        Raises:
            Exhausted: one is.
        """
        for holder in holders:
            if self._purse(holder).caps.paused:
                raise Exhausted(holder, f"the spending of {holder.kind} {holder.name} is paused")

    def reserve(self, holders: tuple[Holder, ...], money: int, tokens: int) -> Reservation:
        """Hold what a call may cost, for all holders or for none.

        Args:
            holders: the agent, and its owner if it has one.
            money: at most, in millionths of a unit.
            tokens: at most, prompt and answer together.

        Raises:
            Exhausted: it does not fit, or a holder is paused.
        """
        self.check(holders)
        day = self._day()
        for holder in holders:
            self._fits(holder, day, money, tokens)
        for holder in holders:
            for spent in self._both(holder, day):
                spent.held_money += money
                spent.held_tokens += tokens
        return Reservation(holders, day, money, tokens)

    def settle(self, reservation: Reservation, money: int, tokens: int) -> list[Warned]:
        """Turn a reservation into what the call has really cost; zeros if nothing.

        Returns:
            The caps of which most is spent now, each told once a day or, of totals, once.

        Raises:
            ValueError: it is settled already.
        """
        if reservation.settled:
            raise ValueError("this reservation is settled already")
        reservation.settled = True
        warned = []
        for holder in reservation.holders:
            for spent in self._both(holder, reservation.day):
                spent.held_money -= reservation.money
                spent.held_tokens -= reservation.tokens
                spent.money += money
                spent.tokens += tokens
            warned += self._warnings(holder, reservation.day)
        return warned

    def _purse(self, holder: Holder) -> _Purse:
        return self._purses.setdefault(holder, _Purse(FREE if holder.kind == "agent" else Caps()))

    def _both(self, holder: Holder, day: str) -> tuple[Spent, Spent]:
        purse = self._purse(holder)
        return purse.spent("day", day), purse.total

    def _fits(self, holder: Holder, day: str, money: int, tokens: int) -> None:
        purse = self._purse(holder)
        periods: tuple[Period, ...] = ("day", "total")
        for period in periods:
            spent = purse.spent(period, day)
            wanted: tuple[tuple[Unit, int, int], ...] = (
                ("money", spent.money + spent.held_money, money),
                ("tokens", spent.tokens + spent.held_tokens, tokens),
            )
            for unit, gone, more in wanted:
                cap = purse.caps.of(period, unit)
                if cap is not None and more > 0 and gone + more > cap:
                    which = "a day" if period == "day" else "in total"
                    raise Exhausted(
                        holder, f"{holder.kind} {holder.name} may spend {cap} {unit} {which}; {gone} are gone, {more} are needed"
                    )

    def _warnings(self, holder: Holder, day: str) -> list[Warned]:
        purse = self._purse(holder)
        found = []
        periods: tuple[Period, ...] = ("day", "total")
        units: tuple[Unit, ...] = ("money", "tokens")
        for period in periods:
            for unit in units:
                cap = purse.caps.of(period, unit)
                gone: int = getattr(purse.spent(period, day), unit)
                key = (day if period == "day" else "", unit)
                if cap and gone * 1000 >= cap * WARNED_AT and key not in purse.warned:
                    purse.warned[key] = None
                    found.append(Warned(holder, period, unit, gone, cap))
        return found
