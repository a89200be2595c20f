"""What the town does by itself: days, weather, opening hours, new stock, and money that goes round."""

from typing import Final

from mqttown_orchestrator.world.altered import rule
from mqttown_orchestrator.world.money import TREASURY, pay, purse, till, transfer
from mqttown_orchestrator.world.turn import Turn

__all__ = ["NIGHT", "go_on"]

NIGHT: Final = 4 * 60
"""Minute of the day at which shelves are filled and accounts are settled."""
WEATHER_TICKS: Final = 180
"""The weather may change every three hours."""
POOR: Final = 2_000
"""Cents up to which a purse is filled from the treasury, as long as that can pay."""
RICH: Final = 50_000
"""Cents above which a purse pays the levy."""
LEVY: Final = 20
"""Permille of what a purse holds above `RICH`, each night."""


def go_on(turn: Turn) -> None:
    """Do what the hour brings."""
    clock, tick = turn.plan.clock, turn.tick
    minute = clock.minute_of_day(tick)
    if minute == 0:
        turn.happening("day", {"date": clock.date(tick)})
    if minute % WEATHER_TICKS == 0:
        _weather(turn)
    for building, opens in turn.plan.turns.get(clock.minute_of_week(tick), ()):
        turn.happening("opened" if opens else "closed", {"building": building}, building)
    if minute == NIGHT:
        _restock(turn)
        _settle_tills(turn)
        _settle_purses(turn)


def _weather(turn: Turn) -> None:
    weather = _drawn(turn, turn.plan.weather.get(turn.state.weather, {}))
    if weather != turn.state.weather:
        turn.state.weather = weather
        turn.happening("weather", {"weather": weather})


def _drawn(turn: Turn, weights: dict[str, int]) -> str:
    """One of the next weathers by weight; the present one where nothing follows."""
    left = turn.luck.below(sum(weights.values()), "weather", turn.tick)
    for weather, weight in weights.items():
        left -= weight
        if left < 0:
            return weather
    return turn.state.weather


def _restock(turn: Turn) -> None:
    for building, stock in turn.state.stock.items():
        added = False
        for item, sale in turn.plan.places[building].sells.items():
            if stock.get(item, 0) < sale.daily_stock:
                stock[item], added = sale.daily_stock, True
        if added:
            turn.happening("restocked", {"building": building, "stock": dict(stock)}, building)


def _settle_tills(turn: Turn) -> None:
    """What a till holds above its float goes to the owner if there is one, else to the treasury, which fills it up in turn."""
    state = turn.state
    for building, place in turn.plan.places.items():
        account = till(building)
        surplus = state.account(account) - place.till
        owner = state.bodies.get(state.owner.get(building, ""))
        if surplus > 0 and owner is not None:
            pay(turn, owner, account, purse(owner.id), surplus, "sale")
        elif surplus > 0:
            transfer(turn, building, account, TREASURY, surplus, "levy")
        elif surplus < 0 and (gap := min(-surplus, state.account(TREASURY))) > 0:
            transfer(turn, building, TREASURY, account, gap, "support")


def _settle_purses(turn: Turn) -> None:
    """A levy on full purses, and support for empty ones."""
    state = turn.state
    share, rich, poor = rule(state, "levy", LEVY), rule(state, "rich", RICH), rule(state, "poor", POOR)
    for body in state.bodies.values():
        money = state.account(purse(body.id))
        levy = (money - rich) * share // 1000
        if levy > 0:
            pay(turn, body, purse(body.id), TREASURY, levy, "levy")
        elif money < poor and (gap := min(poor - money, state.account(TREASURY))) > 0:
            pay(turn, body, TREASURY, purse(body.id), gap, "support")
