"""What an agent concludes from what it lately witnessed: fixed rules, no model.

In Generative Agents (arXiv 2304.03442, section 4.2) an agent reflects when the summed importance of its latest memories passes 150,
each rated 1 to 10; ours are rated 0 to 1000 permille, so the threshold is 15,000. The paper asks a language model three questions
about the latest 100 memories; here the three are: whom, where, and about what. The answer to each is what the summed importance
points to most, and it names the memories it rests on.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from mqttown_memory.names import Names
from mqttown_memory.stream import Memory

__all__ = ["EVIDENCE", "LOOKED_AT", "THRESHOLD", "reflect"]

THRESHOLD: Final = 15_000
"""Permille of importance after which an agent reflects."""
LOOKED_AT: Final = 100
"""So many of the latest memories are looked at."""
EVIDENCE: Final = 8
"""A reflection points to at most so many memories, the weightiest."""
_LEAST: Final = 3
"""Fewer memories than this are no pattern."""
_IMPORTANCE: Final = 700
_QUOTED: Final = re.compile(r'"(.*)"', re.DOTALL)
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_COMMON_WORDS: Final = """
about after again also always another anything around away back because been before being best better bring came come
coming could dear does doing done down each enough even ever every everybody everyone everything evening fine first
from gets give goes going gone good great have having hear heard hello here home hope into isn just keep kind know
last later least leave like little long look made make many maybe mean meet might mind more morning most much must
name need never next nice night nothing often once only other over people perhaps place please quite rather really
right said same seen should since some somebody someone something soon still such sure take talk tell than thank
thanks that their them then there these they thing things think this those though thought through time today told
tomorrow tonight took town very wait want wanted well went were what when where which while will with without word
work would yesterday your yours
"""
_COMMON: Final = frozenset(_COMMON_WORDS.split())


def reflect(agent: str, recent: Sequence[Memory], tick: int, names: Names) -> list[Memory]:
    """Up to three reflections on what was witnessed lately.

    Args:
        agent: who reflects.
        recent: its latest memories, oldest first; reflections among them are passed over.
        tick: when.
        names: what the sentences call people and places.
    """
    looked_at = [memory for memory in recent if memory.kind != "reflection"][-LOOKED_AT:]
    answers = (
        _answer(looked_at, lambda memory: [memory.actor] if memory.actor else [], _of_person(names)),
        _answer(looked_at, lambda memory: [memory.place] if memory.place else [], _of_place(names)),
        _answer(looked_at, _topics(looked_at, names), _of_topic),
    )
    return [
        Memory(agent, f"r-{tick}-{n}", "reflection", text, _IMPORTANCE, tick, tick, evidence)
        for n, (text, evidence) in enumerate(answer for answer in answers if answer is not None)
    ]


def _answer(
    memories: Sequence[Memory], subjects: Callable[[Memory], Iterable[str]], tell: Callable[[str, Sequence[Memory]], str]
) -> tuple[str, tuple[str, ...]] | None:
    """The sentence about the subject with the most importance, and the ids it rests on."""
    about: dict[str, list[Memory]] = {}
    for memory in memories:
        for subject in subjects(memory):
            about.setdefault(subject, []).append(memory)
    patterns = {subject: found for subject, found in about.items() if len(found) >= _LEAST}
    if not patterns:
        return None
    subject = min(patterns, key=lambda one: (-sum(memory.importance for memory in patterns[one]), one))
    found = patterns[subject]
    weightiest = sorted(found, key=lambda memory: (-memory.importance, -memory.born, memory.id))[:EVIDENCE]
    return tell(subject, found), tuple(memory.id for memory in weightiest)


def _of_person(names: Names) -> Callable[[str, Sequence[Memory]], str]:
    def tell(person: str, memories: Sequence[Memory]) -> str:
        talked = sum(memory.kind == "message" for memory in memories)
        places = Counter(memory.place for memory in memories if memory.place)
        where = f", mostly at {names.building(min(places, key=lambda place: (-places[place], place)))}" if places else ""
        if 2 * talked >= len(memories):
            return f"{names.agent(person)} talks to me or near me a lot lately{where}."
        return f"{names.agent(person)} has been around me a lot lately{where}."

    return tell


def _of_place(names: Names) -> Callable[[str, Sequence[Memory]], str]:
    def tell(place: str, _memories: Sequence[Memory]) -> str:
        return f"Much of what matters to me lately happens at {names.building(place)}."

    return tell


def _of_topic(word: str, memories: Sequence[Memory]) -> str:
    speakers = {memory.actor for memory in memories if memory.actor}
    return f"People keep talking about {word}." if len(speakers) > 1 else f"I keep hearing about {word}."


def _topics(memories: Sequence[Memory], names: Names) -> Callable[[Memory], Iterable[str]]:
    """Content words of what others said. Names are no topics: whom and where are asked already."""
    mentioned = [names.agent(memory.actor) for memory in memories if memory.actor]
    mentioned += [names.building(memory.place) for memory in memories if memory.place]
    called = {word for name in mentioned for word in _WORD.findall(name.lower())}

    def words(memory: Memory) -> Iterable[str]:
        quoted = _QUOTED.search(memory.text) if memory.kind == "message" else None
        found = _WORD.findall(quoted.group(1).lower()) if quoted else []
        return dict.fromkeys(word for word in found if word not in _COMMON and word not in called)

    return words
