"""Giving and trading between residents: a spare bun for a friend, or for its price."""

from typing import Final

from mqttown_agents.acquaintance import Acquaintance
from mqttown_agents.leaves.talk import talkative_with
from mqttown_agents.notebook import Owed, Proposal
from mqttown_agents.speech import answer, open_with
from mqttown_agents.turn import Choice, Turn

__all__ = ["answer_trade", "close_trade", "give_spare", "hand_over", "offer_to_buy"]

_GIVE_AGAIN_TICKS: Final = 1440
_WARM: Final = 450
_HUNGRY: Final = 0.6


def give_spare(turn: Turn) -> Choice | None:
    """Give a friend something edible of which one carries more than one; at most once a day each."""
    if turn.persona.generous < 500 or not turn.now.inventory:
        return None
    spare = _spare(turn)
    if spare is None or not turn.now.can("give"):
        return None
    for other in talkative_with(turn):
        if turn.persona.warmth(other.id) < _WARM or turn.now.tick - other.gift < _GIVE_AGAIN_TICKS:
            continue
        if not turn.luck.chance(turn.persona.generous // 2, "give", other.id, other.began):
            continue
        other.gift = turn.now.tick
        return turn.attempt("give", other.id, {"to": other.id, "item": spare}, f"I have more {spare} than I need.")
    return None


def offer_to_buy(turn: Turn) -> Choice | None:
    """Ask somebody whom one has seen buying food to sell a piece of it, if one is hungry and carries none."""
    notebook, now = turn.notebook, turn.now
    if (
        notebook.proposals
        or now.needs.get("food", 1.0) > _HUNGRY
        or _edible(turn)
        or (now.here is not None and now.here.get("sells"))
    ):
        return None
    for other in talkative_with(turn):
        item = turn.items.get(notebook.carriers.get(other.id, ""))
        if item is None or now.purse < item.price:
            continue
        choice = open_with(turn, other, "trade", "I am hungry.", item=item.name, price=_price_text(item.price))
        if choice is not None:
            del notebook.carriers[other.id]
            notebook.proposals.append(Proposal("trade", other.id, now.tick, item=item.id, amount=item.price))
            return choice
    return None


def answer_trade(turn: Turn, other: Acquaintance, owed: Owed) -> Choice | None:
    """Sell a spare piece for a fair price."""
    item = next((known for known in turn.items.values() if known.name == owed.values.get("item")), None)
    digits = "".join(letter for letter in owed.values.get("price", "") if letter.isdecimal())
    amount = int(digits[:7]) if digits else 0
    if item is None or amount < item.price or _carried(turn, item.id) < 2:
        return answer(turn, other, "decline_trade", "I would rather keep it.")
    turn.notebook.proposals.append(Proposal("sale", other.id, turn.now.tick, item=item.id, amount=amount))
    return answer(turn, other, "accept_trade", "The price is fair.")


def close_trade(turn: Turn, other: Acquaintance) -> Choice | None:
    """Pay what one has offered, once the other has agreed."""
    for proposal in turn.notebook.proposals:
        if proposal.kind == "trade" and proposal.other == other.id:
            turn.notebook.proposals.remove(proposal)
            return Choice("give", {"to": other.id, "amount": proposal.amount}, "We have agreed on the price.")
    return None


def hand_over(turn: Turn) -> Choice | None:
    """Hand over what has been paid for."""
    for proposal in turn.notebook.proposals:
        if proposal.kind == "paid" and turn.now.can_hear(proposal.other):
            turn.notebook.proposals.remove(proposal)
            return Choice("give", {"to": proposal.other, "item": proposal.item}, "It has been paid for.")
    return None


def _spare(turn: Turn) -> str | None:
    return next((item for item, quantity in _edible(turn) if quantity > 1), None)


def _edible(turn: Turn) -> list[tuple[str, int]]:
    return [
        (entry["item"], entry["quantity"])
        for entry in turn.now.inventory
        if entry["item"] in turn.items and turn.items[entry["item"]].food > 0
    ]


def _carried(turn: Turn, item: str) -> int:
    return sum(entry["quantity"] for entry in turn.now.inventory if entry["item"] == item)


def _price_text(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02} €"
