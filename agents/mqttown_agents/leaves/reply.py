"""Answering: what residents say when they were spoken to, or given something."""

from collections.abc import Callable
from typing import Final

from mqttown_agents.acquaintance import Acquaintance
from mqttown_agents.leaves.meeting import answer_invitation, note_acceptance
from mqttown_agents.leaves.talk import tell
from mqttown_agents.leaves.trade import answer_trade, close_trade
from mqttown_agents.notebook import Owed
from mqttown_agents.prose import NEWS
from mqttown_agents.speech import answer
from mqttown_agents.turn import Choice, Turn

__all__ = ["GIFT", "reply"]

GIFT: Final = "gift"
"""`Owed.group` of something that was handed over."""
_MOST_REPLIES: Final = 4
_JUST_NOW_TICKS: Final = 5


def reply(turn: Turn) -> Choice | None:
    """Answer the earliest words that still call for an answer."""
    notebook = turn.notebook
    while notebook.owed:
        owed = notebook.owed.pop(0)
        if not turn.now.can_hear(owed.to):
            continue
        other = notebook.acquaintances.meet(owed.to, turn.now.name_of(owed.to), turn.now.tick)
        if other.replies >= _MOST_REPLIES:
            continue
        choice = _reply(turn, owed, other)
        if choice is not None:
            return choice
    return None


def _reply(turn: Turn, owed: Owed, other: Acquaintance) -> Choice | None:
    answering = _ANSWERS.get("greet" if owed.group.startswith("greet") or owed.group == "first_meeting" else owed.group)
    return answering(turn, other, owed) if answering is not None else None


def _to_greeting(turn: Turn, other: Acquaintance, _owed: Owed) -> Choice | None:
    if turn.now.tick - other.greeted < _JUST_NOW_TICKS:
        return None
    other.greeted = turn.now.tick
    return answer(turn, other, "reply_greet", "They greeted me.")


def _to_how(turn: Turn, other: Acquaintance, _owed: Owed) -> Choice | None:
    return answer(turn, other, _feeling(turn), "They asked how I am.")


def _to_news_wanted(turn: Turn, other: Acquaintance, _owed: Owed) -> Choice | None:
    return tell(turn, other) or answer(turn, other, "answer_no_news", "They asked for news, and I have none.")


def _to_where(turn: Turn, other: Acquaintance, _owed: Owed) -> Choice | None:
    staying = turn.now.doing != "walking" or turn.notebook.heading is None
    return answer(turn, other, "answer_staying" if staying else "answer_where", "They asked where I am going.")


def _to_gift(turn: Turn, other: Acquaintance, owed: Owed) -> Choice | None:
    return answer(turn, other, "thank_gift" if "item" in owed.values else "thank", "They gave me something.", **owed.values)


def _to_news(turn: Turn, other: Acquaintance, owed: Owed) -> Choice | None:
    if not turn.luck.chance(300 + turn.persona.sociable // 2, "react", owed.event):
        return None
    return answer(turn, other, "react", "They told me something.")


def _to_acceptance(turn: Turn, other: Acquaintance, _owed: Owed) -> Choice | None:
    note_acceptance(turn, other)
    return None


def _to_deal(turn: Turn, other: Acquaintance, _owed: Owed) -> Choice | None:
    return close_trade(turn, other)


_ANSWERS: Final[dict[str, Callable[[Turn, Acquaintance, Owed], Choice | None]]] = {
    "greet": _to_greeting,
    "ask_how": _to_how,
    "ask_news": _to_news_wanted,
    "ask_where": _to_where,
    "invite": answer_invitation,
    "accept_invite": _to_acceptance,
    "trade": answer_trade,
    "accept_trade": _to_deal,
    GIFT: _to_gift,
    NEWS: _to_news,
}
"""What is said to words of each group; other words end the exchange, so that no talk goes on for ever."""


def _feeling(turn: Turn) -> str:
    needs = turn.now.needs
    if needs.get("food", 1.0) < 0.35:
        return "answer_hungry"
    if needs.get("energy", 1.0) < 0.3:
        return "answer_tired"
    if needs.get("company", 1.0) < 0.35:
        return "answer_lonely"
    return "answer_well"
