"""Free time: staying a while, going out where one likes to be, going home, letting time pass."""

from typing import Final

from mqttown_agents.leaves.duty import way_minutes
from mqttown_agents.notebook import JUST_CAME
from mqttown_agents.schedule import DAY, MEALS, minute_of, span_holds, until
from mqttown_agents.turn import Choice, Turn

__all__ = ["claim", "go_home", "go_on", "go_out", "let_time_pass", "stay", "treat"]

_DAYTIME: Final = ("park", "cafe", "museum", "civic", "church", "shop")
_EVENING: Final = ("bar", "cafe", "park", "restaurant", "theatre")
_EVENING_FROM: Final = 17 * 60
_OUT_FROM: Final = 8 * 60
_AT_HOME: Final = (50, 120)
_OUT: Final = (25, 60)
_LONGEST_WAIT: Final = 120
_LUNCHES: Final = 90
"""Minutes over which people's lunches are spread."""
_LONGEST_SHIFT: Final = 600
_NEAREST: Final = 5
_AMONG_PEOPLE: Final = 750
_EVENING_WISH: Final = 350
_NEWS_WISH: Final = 600
_NEWS_STAY: Final = (8, 20)
_NEWS_WAIT: Final = 10
"""Minutes after which one who has something to tell looks round for listeners again."""
_RICH: Final = 4
"""One buys a house only if one has so many times its price."""


def go_on(turn: Turn) -> Choice | None:
    """Let what is going on go on; at work, until it is time for lunch, or to look round for somebody to tell the news."""
    now = turn.now
    if not now.busy:
        return None
    parameters = {}
    if now.doing == "working":
        lunch = until(now.minute, MEALS[1][0] + turn.luck.draw("lunch", now.tick // DAY) % _LUNCHES)
        due = [lunch] if 0 < lunch < _LONGEST_SHIFT else []
        due += [_NEWS_WAIT] if turn.notebook.gossip.bursting(now.tick) else []
        parameters = {"ticks": min(due)} if due else {}
    return Choice("wait", parameters, f"I am {now.doing}.")


def stay(turn: Turn) -> Choice | None:
    """Settle down where one has just come in, and stay for a while."""
    if turn.now.building is None:
        return None
    if turn.notebook.settled_until == JUST_CAME:
        _settle(turn)
    left = turn.notebook.settled_until - turn.now.tick
    if left <= 0:
        return None
    return Choice("wait", {"ticks": min(left, _until_next(turn))}, "It is good to be here.")


def treat(turn: Turn) -> Choice | None:
    """Have a coffee or the like where one has come to sit."""
    here, now = turn.now.here, turn.now
    if here is None or here["kind"] not in ("cafe", "bar") or now.busy:
        return None
    carried = next(
        (entry["item"] for entry in now.inventory if entry["item"] in turn.items and turn.items[entry["item"]].edible), None
    )
    if carried is not None and turn.items[carried].food < 150:
        return turn.attempt("eat", carried, {"item": carried}, "That is why I came.")
    if not turn.notebook.may_treat(now.tick) or not turn.luck.chance(400, "treat", now.tick // 60):
        return None
    small = [
        offer
        for offer in here.get("sells", ())
        if offer["stock"] > 0
        and offer["price"] * 20 <= now.purse
        and offer["item"] in turn.items
        and turn.items[offer["item"]].edible
    ]
    if not small:
        return None
    chosen = min(small, key=lambda offer: (offer["price"], offer["item"]))
    turn.notebook.treated = now.tick
    return turn.attempt("buy", "treat", {"item": chosen["item"]}, f"A {chosen['name']} would be nice.")


def claim(turn: Turn) -> Choice | None:
    """Buy the building one stands in, if nobody owns it and one can well afford it."""
    here = turn.now.here
    price = here.get("price") if here is not None else None
    if here is None or price is None or here.get("owner") is not None:
        return None
    if price * _RICH > turn.now.purse or turn.persona.conscientious < 600 or not turn.now.can("claim"):
        return None
    return turn.attempt("claim", here["id"], {"building": here["id"]}, "I can afford it, and nobody owns it.")


def go_out(turn: Turn) -> Choice | None:
    """Walk to a place one likes, the more often the more one misses company."""
    now, persona = turn.now, turn.persona
    if now.minute < _OUT_FROM or _bedtime_within(turn, 75) or now.tick < turn.notebook.settled_until:
        return None
    wish = (
        persona.sociable // 3
        + (_NEWS_WISH if turn.notebook.gossip.bursting(now.tick) else 0)
        + int((1.0 - now.needs.get("company", 1.0)) * 600)
        + (_EVENING_WISH if now.minute >= _EVENING_FROM else 150)
    )
    if not turn.luck.chance(wish, "go_out", now.tick // 20):
        return None
    fitting = _EVENING if now.minute >= _EVENING_FROM else _DAYTIME
    liked = [kind for kind in persona.likes if kind in fitting] or list(fitting)
    haunts = turn.open_haunts(fitting)
    if haunts and turn.luck.chance(_AMONG_PEOPLE, "among people", now.tick // 20):
        chosen = turn.luck.pick(haunts, "haunt", now.tick // 20)
        return turn.walk_to(chosen.id, f"I want to be among people, at {chosen.name}.")
    places = [place for place in turn.notebook.atlas.places(liked) if place.id != now.building][:_NEAREST]
    if not places:
        return None
    outing = turn.luck.pick(places, "outing", now.tick // 20)
    return turn.walk_to(outing.id, f"I have time, and I like {outing.name}.")


def go_home(turn: Turn) -> Choice | None:
    """Go home when there is nothing to stay for."""
    now = turn.now
    if now.home is None or now.tick < turn.notebook.settled_until:
        return None
    return turn.walk_to(now.home, "There is nothing more to do here.")


def let_time_pass(turn: Turn) -> Choice:
    """Settle down where one is, and wait."""
    if turn.now.building is not None:
        _settle(turn)
    return Choice("wait", {"ticks": _until_next(turn)}, "Nothing is pressing.")


def _settle(turn: Turn) -> None:
    if turn.notebook.gossip.bursting(turn.now.tick):
        least, most = _NEWS_STAY
    else:
        least, most = _AT_HOME if turn.now.building == turn.now.home else _OUT
    turn.notebook.settled_until = turn.now.tick + least + turn.draw("settle") % (most - least)


def _until_next(turn: Turn) -> int:
    """Ticks until something may be due: bed, the way to work, a meal, a meeting; 1 to 120."""
    now, persona = turn.now, turn.persona
    longest = _NEWS_WAIT if turn.notebook.gossip.bursting(now.tick) else _LONGEST_WAIT
    due = [longest, until(now.minute, persona.sleeps) or 1]
    due += [until(now.minute, begin) for begin, _ in MEALS if now.needs.get("food", 1.0) < 0.8]
    if now.job is not None:
        due.append(until(now.minute, (minute_of(now.job["shift"]["from"]) - way_minutes(turn, now.job["building"])) % DAY))
    meeting = turn.notebook.next_meeting()
    if meeting is not None:
        due.append(meeting.tick - 12 - now.tick)
    return max(1, min(minutes for minutes in due if minutes > 0))


def _bedtime_within(turn: Turn, minutes: int) -> bool:
    persona, minute = turn.persona, turn.now.minute
    return span_holds(persona.sleeps, persona.wakes, minute) or until(minute, persona.sleeps) < minutes
