"""What a witness remembers of an event, in the witness's own words.

Not remembered, because another event tells it better or because it is no news to anybody: `paid` (see `bought`, `gave`,
`finished_work`, `claimed`), `departed` and `stopped` (see `arrived`), `finished_meal` (see `ate`), `restocked`, `opened`, `closed`,
`day`, `need`, `came` and `left` (a body that is absent is seen by looking at it), `intervened` (what it brings is seen, not that
somebody meant it).
"""

from collections.abc import Callable, Iterable
from typing import Final

from mqttown_contract.events import Event
from mqttown_memory.names import Names

__all__ = ["TOLD", "sentence"]

_WEATHER: Final = {
    "clear": "The sky cleared up.",
    "cloudy": "It clouded over.",
    "rain": "It began to rain.",
    "snow": "It began to snow.",
    "fog": "Fog came up.",
}


def sentence(event: Event, witness: str, names: Names) -> str | None:
    """One sentence in the first person of the witness, or None for an event that is not remembered."""
    teller = _TELLERS.get(event.kind)
    return None if teller is None else teller(event, witness, names)


def euros(cents: int) -> str:
    """An amount for people: `3.50 €`."""
    return f"{cents // 100}.{cents % 100:02d} €"


def _subject(event: Event, witness: str, names: Names) -> str:
    return "I" if event.agent == witness else names.agent(event.agent or "somebody")


def _them(agents: Iterable[str], witness: str, names: Names) -> str:
    called = ["me" if agent == witness else names.agent(agent) for agent in agents]
    return called[0] if len(called) == 1 else f"{', '.join(called[:-1])} and {called[-1]}"


def _at(building: str | None, names: Names) -> str:
    return f" at {names.building(building)}" if building else ""


def _said(event: Event, witness: str, names: Names) -> str:
    to = [agent for agent in event.data.get("to") or [] if agent != event.agent]
    whom = f" to {_them(to, witness, names)}" if to else ""
    return f'{_subject(event, witness, names)} said{whom}: "{event.data["text"]}"'


def _arrived(event: Event, witness: str, names: Names) -> str:
    place = event.data.get("building") or event.building
    who = _subject(event, witness, names)
    if not place:
        return f"{who} came to the open."
    return f"I arrived at {names.building(place)}." if who == "I" else f"{who} came to {names.building(place)}."


def _started_work(event: Event, witness: str, names: Names) -> str:
    return f"{_subject(event, witness, names)} began to work as {names.job(event.data['job'])}{_at(event.building, names)}."


def _finished_work(event: Event, witness: str, names: Names) -> str:
    who = _subject(event, witness, names)
    earned = f" and earned {euros(event.data['wage'])}" if who == "I" else ""
    return f"{who} finished work as {names.job(event.data['job'])}{_at(event.building, names)}{earned}."


def _bought(event: Event, witness: str, names: Names) -> str:
    quantity, item = event.data.get("quantity", 1), names.item(event.data["item"])
    what = item if quantity == 1 else f"{quantity} of {item}"
    return f"{_subject(event, witness, names)} bought {what}{_at(event.building, names)} for {euros(event.data['price'])}."


def _ate(event: Event, witness: str, names: Names) -> str:
    return f"{_subject(event, witness, names)} had {names.item(event.data['item'])}{_at(event.building, names)}."


def _gave(event: Event, witness: str, names: Names) -> str:
    item, amount = event.data.get("item"), event.data.get("amount")
    what = names.item(item) if item else euros(amount or 0)
    return f"{_subject(event, witness, names)} gave {_them([event.data['to']], witness, names)} {what}."


def _fell_asleep(event: Event, witness: str, names: Names) -> str:
    return f"{_subject(event, witness, names)} went to sleep{_at(event.building, names)}."


def _woke(event: Event, witness: str, names: Names) -> str:
    return f"{_subject(event, witness, names)} woke up{_at(event.building, names)}."


def _claimed(event: Event, witness: str, names: Names) -> str:
    who = _subject(event, witness, names)
    return f"{who} became the owner of {names.building(event.data['building'])} for {euros(event.data['price'])}."


def _registered(event: Event, witness: str, names: Names) -> str:
    return (
        "I came to live in this town."
        if event.agent == witness
        else f"{_subject(event, witness, names)} came to live in this town."
    )


def _revoked(event: Event, witness: str, names: Names) -> str:
    return f"{_subject(event, witness, names)} left the town for good."


def _weather(event: Event, _witness: str, _names: Names) -> str:
    return _WEATHER.get(event.data["weather"], f"The weather turned to {event.data['weather']}.")


def _planted(event: Event, _witness: str, _names: Names) -> str:
    return f'I came to know: "{event.data["text"]}"'


def _announced(event: Event, _witness: str, _names: Names) -> str:
    return f'It was announced in town: "{event.data["text"]}"'


_TELLERS: Final[dict[str, Callable[[Event, str, Names], str]]] = {
    "announced": _announced,
    "arrived": _arrived,
    "ate": _ate,
    "bought": _bought,
    "claimed": _claimed,
    "fell_asleep": _fell_asleep,
    "finished_work": _finished_work,
    "gave": _gave,
    "planted": _planted,
    "registered": _registered,
    "revoked": _revoked,
    "said": _said,
    "started_work": _started_work,
    "weather": _weather,
    "woke": _woke,
}

TOLD: Final = frozenset(_TELLERS)
"""Kinds of events that are remembered."""
