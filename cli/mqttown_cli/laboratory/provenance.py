"""Who knew what from whom: for any fact and resident the chain of messages from its source, and whether it is unbroken."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import polars as pl

from mqttown_cli.laboratory.measures.diffusion import source

__all__ = ["Link", "Provenance", "provenance"]


@dataclass(frozen=True, slots=True)
class Link:
    """One telling.

    Attributes:
        event: id of what was said, planted or announced.
        tick: when.
        speaker: who said it; None if it was planted or announced.
        hearer: who learned it by this.
        passes_on: the event which the words pass on, that the speaker had witnessed before; None for the source.
        text: the words.
    """

    event: str
    tick: int
    speaker: str | None
    hearer: str
    passes_on: str | None
    text: str

    def to_json(self) -> dict[str, Any]:
        """As a plain mapping."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything about one fact in one run.

    Attributes:
        origin: event with which it came into the town; None if it never came.
        chains: links from the source to each knower, by agent, in the order in which they learned it.
        false_knowers: agents who said its words without having witnessed them, with the event in which they did.
    """

    origin: str | None
    chains: dict[str, list[Link]]
    false_knowers: dict[str, str]

    def broken(self) -> dict[str, str]:
        """Knowers whose chain does not hold, and why; see `_fault`."""
        found = {agent: _fault(agent, chain, self.origin) for agent, chain in self.chains.items()}
        return {agent: fault for agent, fault in found.items() if fault is not None}


def provenance(knows: pl.DataFrame, fact: str | None = None) -> Provenance:
    """Follow a fact through a run.

    Words carry the fact if they are the source, or are about words that carry it. Whoever heard them knows it.

    Args:
        knows: table of that name, of one run.
        fact: an event's id, words that the source's text holds, or nothing for the first that was planted or announced.
    """
    origin = source(knows, fact)
    if origin is None:
        return Provenance(None, {}, {})
    rows = knows.sort("tick", maintain_order=True)
    carries, learned = {origin}, dict[str, Link]()
    words = rows.filter(pl.col("event") == origin)["text"][0]
    heard: dict[str, set[str]] = {}
    false: dict[str, str] = {}
    for tick, event, agent, speaker, text, about in rows.select("tick", "event", "agent", "speaker", "text", "about").iter_rows():
        if event not in carries and any(one in carries for one in about):
            carries.add(event)
        if event in carries:
            passes_on = next((one for one in about if one in carries), None)
            if event == origin and speaker is not None and speaker not in learned:
                learned[speaker] = Link(event, tick, None, speaker, None, text)
                heard.setdefault(speaker, set()).add(event)
            if event != origin and speaker is not None and passes_on not in heard.get(speaker, ()):
                false.setdefault(speaker, event)
            learned.setdefault(agent, Link(event, tick, speaker, agent, passes_on, text))
            heard.setdefault(agent, set()).add(event)
        elif words in text and speaker is not None:
            false.setdefault(speaker, event)
    return Provenance(origin, {agent: _chain(agent, learned, origin) for agent in learned}, false)


def _chain(agent: str, learned: dict[str, Link], origin: str) -> list[Link]:
    """From the source to somebody; everybody's first learning was of somebody who had learned it before."""
    chain: list[Link] = []
    at: str | None = agent
    while at is not None and at in learned and len(chain) <= len(learned):
        link = learned[at]
        chain.append(link)
        at = None if link.event == origin else link.speaker
    return chain[::-1]


def _fault(agent: str, chain: Iterable[Link], origin: str | None) -> str | None:
    """Why a chain does not hold: it begins at the source, each teller is the hearer before, no earlier, and it ends here."""
    links = list(chain)
    if not links or links[0].event != origin:
        return "it does not begin at the source"
    for before, link in pairwise(links):
        if link.speaker != before.hearer or link.tick < before.tick:
            return f"{link.event} is not told by {before.hearer} after {before.event}"
    return None if links[-1].hearer == agent else f"it does not end with {agent}"
