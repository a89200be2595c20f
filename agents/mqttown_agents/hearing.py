"""Taking in an observation: what was said and done around a resident becomes what they know and what they owe an answer to."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from mqttown_agents.custom import begun, split
from mqttown_agents.gossip import FRESH_TICKS, News
from mqttown_agents.leaves.reply import GIFT
from mqttown_agents.notebook import Owed, Proposal
from mqttown_agents.occasion import consider
from mqttown_agents.prose import NEWS
from mqttown_agents.turn import Turn

__all__ = ["recall", "take_in"]

_QUOTED: Final = re.compile(r"[\"“](?P<words>.+)[\"”]", re.DOTALL)
_SPEAKER: Final = re.compile(r"^(?P<name>.{1,60}?) (?:said|told|whispered|asked)\b")
_FROM_OUTSIDE: Final = frozenset({"planted", "announced"})
_FIRST_HAND: Final = 8
_TALKATIVE: Final = 350
_SHORTEST_NEWS: Final = (3, 16)
"""Words, or else letters, below which strange words are a mere exclamation and no news."""


def take_in(turn: Turn) -> None:
    """Take in messages and events that are newer than the last observation."""
    notebook, now = turn.notebook, turn.now
    if notebook.since is None:
        notebook.since = now.tick
    notebook.forget_stale(now.tick)
    notebook.atlas.look(now.nearby)
    for message in now.messages:
        if message["from"] != turn.persona.id:
            _hear(turn, message)
    for event in now.events:
        if event["kind"] in _FROM_OUTSIDE and _order(event["id"]) > notebook.witnessed:
            _learn(turn, event)
        elif event["kind"] == "gave" and event["data"].get("to") == turn.persona.id:
            _receive(turn, event)
        elif event["kind"] == "bought" and event["agent"] not in (None, turn.persona.id) and event["data"].get("quantity", 1) > 1:
            notebook.carriers[event["agent"]] = event["data"]["item"]
            while len(notebook.carriers) > 8:
                del notebook.carriers[next(iter(notebook.carriers))]
    told = [message["event"] for message in now.messages]
    told += [event["id"] for event in now.events]
    if told:
        notebook.witnessed = max(notebook.witnessed, *map(_order, told))


def _learn(turn: Turn, event: Mapping[str, Any]) -> None:
    """Know something that nobody told: as one's own news if it came to this one alone; what all have heard is soon old."""
    own = event["kind"] == "planted"
    text = event["data"]["text"]
    if (custom := begun(text)) is not None:
        turn.notebook.customs.kept = custom
        return
    eager = _FIRST_HAND if own else 1
    turn.notebook.gossip.hear(News(text, event["id"], turn.persona.id, turn.persona.first_name, None, event["tick"], eager))
    consider(turn, text, turn.persona.id if own else "")


def _hear(turn: Turn, message: Mapping[str, Any]) -> None:
    notebook, now = turn.notebook, turn.now
    if _order(message["event"]) <= notebook.witnessed:
        return
    speaker, listeners = message["from"], message.get("to") or []
    said, custom = split(message["text"])
    heard = turn.prose.recognise(said)
    if custom is not None and heard.group != NEWS:
        notebook.customs.meet(custom, speaker, turn.persona.curious)
    elif custom is not None:
        heard = turn.prose.recognise(message["text"])
    other = notebook.acquaintances.meet(speaker, now.name_of(speaker), message["tick"])
    addressed = not listeners or turn.persona.id in listeners
    if heard.group == NEWS:
        if _tells_something(heard.text):
            eager = _eagerness(turn, first_hand=heard.text == message["text"])
            notebook.gossip.hear(
                News(heard.text, message["event"], speaker, other.first_name, now.place_name, message["tick"], eager=eager)
            )
            notebook.gossip.overheard(heard.text, listeners)
            consider(turn, heard.text, speaker)
        if heard.text.rstrip().endswith("?"):
            notebook.owed.append(Owed(speaker, "ask_how", message["event"], message["tick"], {}))
            return
    if addressed and (len(listeners) == 1 or heard.group.startswith("greet") or len(now.company) <= 2):
        notebook.owed.append(Owed(speaker, heard.group, message["event"], message["tick"], dict(heard.values)))


def _receive(turn: Turn, event: Mapping[str, Any]) -> None:
    """Note a gift, or the price of something one has agreed to sell."""
    notebook, giver = turn.notebook, event["agent"]
    if giver is None or _order(event["id"]) <= notebook.witnessed:
        return
    amount = event["data"].get("amount")
    for number, proposal in enumerate(notebook.proposals):
        if amount is not None and proposal.kind == "sale" and proposal.other == giver and amount >= proposal.amount:
            notebook.proposals[number] = Proposal("paid", giver, turn.now.tick, item=proposal.item, amount=proposal.amount)
            return
    item = turn.items.get(event["data"].get("item") or "")
    notebook.owed.append(Owed(giver, GIFT, event["id"], event["tick"], {"item": item.name} if item is not None else {}))


def recall(turn: Turn, memories: Sequence[Mapping[str, Any]]) -> None:
    """Bring back news from before this mind's first observation, as after a restart; it has itself heard all that came later."""
    gossip, now, since = turn.notebook.gossip, turn.now, turn.notebook.since
    for memory in memories:
        tick = memory["tick"]
        if memory["kind"] != "message" or now.tick - tick > FRESH_TICKS or (since is not None and tick > since):
            continue
        told = _told(memory["text"])
        event = next((entry for entry in memory["evidence"] if entry.startswith("e-")), None)
        if told is None or event is None:
            continue
        name, words = told
        heard = turn.prose.recognise(words)
        if heard.group == NEWS and not gossip.knows(heard.text) and _tells_something(heard.text):
            gossip.hear(News(heard.text, event, "", name, None, memory["tick"], eager=1))


@lru_cache(maxsize=4096)
def _told(memory: str) -> tuple[str, str] | None:
    """Who said what, of a memory of words; None if it holds none, or one's own."""
    words = _QUOTED.search(memory)
    speaker = _SPEAKER.match(memory)
    name = speaker["name"] if speaker else "Somebody"
    return None if words is None or name == "I" else (name, words["words"])


def _eagerness(turn: Turn, *, first_hand: bool) -> int:
    """How many people one tells a thing: more if one has it from whom it comes from than if it makes the round already."""
    if first_hand:
        return _FIRST_HAND
    return 1 + (turn.persona.sociable >= _TALKATIVE)


def _tells_something(text: str) -> bool:
    return len(text.split()) >= _SHORTEST_NEWS[0] or len(text) >= _SHORTEST_NEWS[1]


def _order(event: str) -> int:
    """A number that grows with the event ids `e-{tick}-{n}`."""
    _, tick, number = event.split("-")
    return int(tick) * 10_000_000 + int(number)
