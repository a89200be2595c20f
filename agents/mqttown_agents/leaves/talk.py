"""Beginning to talk: greeting, passing on news, asking, remarking, saying goodbye."""

from typing import Final

from mqttown_agents.acquaintance import GREET_AGAIN_TICKS, NEVER, Acquaintance
from mqttown_agents.gossip import News
from mqttown_agents.speech import open_with, say
from mqttown_agents.turn import Choice, Turn

__all__ = ["MOST_OPENINGS", "ask", "greet", "part", "pass_on", "remark", "talkative_with", "tell"]

MOST_OPENINGS: Final = 3
"""Things that one resident begins to talk about in one encounter."""
_FAMILY: Final = ("partner", "spouse", "parent", "child", "sibling", "family", "grandparent", "grandchild")
_NEAREST: Final = 4
_AFTER_GOODBYE_TICKS: Final = 20
_ONE_TOPIC_TICKS: Final = 45
_SATED: Final = 0.9
"""With so much company one does not speak to strangers."""
_CONTENT: Final = 0.75
"""With so much company one makes no small talk."""
_PARTS: Final = {
    "night": "greet_night",
    "morning": "greet_morning",
    "noon": "greet_afternoon",
    "afternoon": "greet_afternoon",
    "evening": "greet_evening",
}


def talkative_with(turn: Turn) -> list[Acquaintance]:
    """Those close by with whom one has not yet talked enough in this encounter, nearest first."""
    if turn.talkative is None:
        turn.talkative = _talkative_with(turn)
    return turn.talkative


def _talkative_with(turn: Turn) -> list[Acquaintance]:
    if turn.now.doing == "sleeping" or not turn.now.company or not turn.notebook.may_talk() or not turn.now.can("say"):
        return []
    meet, tick = turn.notebook.acquaintances.meet, turn.now.tick
    met = [meet(other["id"], other["name"], tick) for other in turn.now.company[:_NEAREST]]
    return [other for other in met if other.openings < MOST_OPENINGS and tick - other.parted >= _AFTER_GOODBYE_TICKS]


def greet(turn: Turn) -> Choice | None:
    """Greet somebody not greeted for hours; a stranger only if one is sociable enough, or has something to tell."""
    tick = turn.now.tick
    for other in talkative_with(turn):
        if tick - other.greeted < GREET_AGAIN_TICKS:
            continue
        relation = turn.persona.relations.get(other.id)
        known = relation is not None or other.greeted != NEVER or turn.notebook.gossip.bursting_to_tell(other.id, tick)
        if not known and turn.now.needs.get("company", 0.0) > _SATED:
            continue
        if not known and not turn.luck.chance(100 + turn.persona.sociable // 3, "stranger", other.id, other.began):
            continue
        group = _greeting(turn, other, relation.kind if relation is not None else None)
        choice = open_with(turn, other, group, f"{other.name} is here.") or open_with(
            turn, other, "greet", f"{other.name} is here."
        )
        if choice is not None:
            other.greeted = tick
            return choice
    return None


def _greeting(turn: Turn, other: Acquaintance, relation: str | None) -> str:
    if relation in _FAMILY:
        return "greet_family"
    if relation is None and other.greeted == NEVER:
        return "first_meeting"
    if turn.draw("greeting", other.id) % 2 and relation in ("friend", "colleague", "neighbour"):
        return f"greet_{relation}"
    return _PARTS.get(turn.now.part_of_day, "greet")


def pass_on(turn: Turn) -> Choice | None:
    """Tell somebody the newest thing they may not know yet; one topic an encounter."""
    for other in talkative_with(turn):
        if turn.now.tick - other.topic < _ONE_TOPIC_TICKS or not _in_touch(turn, other):
            continue
        if not turn.luck.chance(900 + turn.persona.sociable // 10, "tell", other.id, other.began):
            continue
        choice = tell(turn, other)
        if choice is not None:
            other.openings += 1
            return choice
    return None


def tell(turn: Turn, other: Acquaintance) -> Choice | None:
    """Pass on the newest thing worth telling to this person, word for word and, if one was told it, with where it comes from."""
    news = turn.notebook.gossip.worth_telling(other.id, turn.now.tick)
    if news is None:
        return None
    turn.notebook.gossip.told(news, other.id)
    other.topic = turn.now.tick
    own = news.source == turn.persona.id
    text = news.text if own else turn.prose.wrap(news.text, turn.draw("pass_on", other.id), _provenance(turn, other, news))
    return say(turn, other, text, f"{other.name} may not know it yet.", about=(news.event,))


def _provenance(turn: Turn, other: Acquaintance, news: News) -> dict[str, str]:
    return {
        "source": news.source_name,
        "where": news.place or "the street",
        "name": other.first_name,
        "me": turn.persona.first_name,
        "place": turn.now.place_name or "this street",
    }


def ask(turn: Turn) -> Choice | None:
    """Ask how somebody is, what is new, or where they are going, as long as one misses company."""
    if turn.now.needs.get("company", 0.0) > _CONTENT:
        return None
    for other in talkative_with(turn):
        if not _in_touch(turn, other) or not turn.luck.chance(
            200 + turn.persona.curious // 2, "ask", other.id, other.began, other.openings
        ):
            continue
        doing = next((seen["doing"] for seen in turn.now.company if seen["id"] == other.id), "idle")
        groups = [group for group in (("ask_where" if doing == "walking" else "ask_news"), "ask_how") if group not in other.asked]
        if not groups:
            continue
        group = turn.luck.pick(groups, "question", other.id, other.began, other.openings)
        choice = open_with(turn, other, group, "I am curious.")
        if choice is not None:
            other.asked += (group,)
            return choice
    return None


def remark(turn: Turn) -> Choice | None:
    """Say something about the weather, the food, the place or work, as long as one misses company."""
    if turn.now.needs.get("company", 0.0) > _CONTENT:
        return None
    for other in talkative_with(turn):
        if not _in_touch(turn, other) or not turn.luck.chance(
            turn.persona.sociable // 3, "remark", other.id, other.began, other.openings
        ):
            continue
        groups = [f"remark_weather_{turn.now.weather}"]
        values: dict[str, str] = {}
        here = turn.now.here
        if here is not None:
            groups.append("remark_place")
            sells = [offer["name"] for offer in here.get("sells", ())]
            if sells:
                groups.append("remark_food")
                values["item"] = turn.luck.pick(sells, "dish", turn.now.tick)
        if turn.now.job is not None:
            groups.append("remark_work")
        return open_with(turn, other, turn.luck.pick(groups, "topic", other.id, turn.now.tick), "A friendly word.", **values)
    return None


def part(turn: Turn) -> Choice | None:
    """Say goodbye to somebody one has talked with, before leaving."""
    for other in talkative_with(turn):
        talked = other.openings + other.replies > 1 and turn.now.tick - other.parted >= GREET_AGAIN_TICKS
        if talked and turn.luck.chance(turn.persona.sociable, "farewell", other.id, other.began):
            other.parted = turn.now.tick
            return open_with(turn, other, "farewell", "I am about to leave.")
    return None


def _in_touch(turn: Turn, other: Acquaintance) -> bool:
    """Whether a greeting has been exchanged lately: nobody starts with the news."""
    return turn.now.tick - other.greeted < GREET_AGAIN_TICKS
