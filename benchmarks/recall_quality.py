"""How well memories are found: 200 questions with known answers, for each embedding, and with parts of recall taken away.

`python benchmarks/recall_quality.py [wordllama] [sentence-transformers]` prints one JSON line for each. The questions are made from
fixed lists and a fixed seed, so they are the same everywhere; `DIGEST` is their hash.

One resident lives through 20 episodes of two days. In each, eight people tell a fact, somebody is around all the time, and small
things happen. Questions come up within eight days after the episode. 160 ask for a fact in other words than it was told in; the
answer is one memory. 40 ask for what no single memory says: who is around at a place, and where one meets somebody. A question
is answered if the answer is among the eight memories that are recalled: the fact, or the reflection that names person and place.
"""

import hashlib
import json
import random
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

from mqttown_memory.embedding import Embedding
from mqttown_memory.encoders import embedding_of
from mqttown_memory.names import Names
from mqttown_memory.reflection import THRESHOLD, reflect
from mqttown_memory.stream import Memory, Stream

__all__ = ["DIGEST", "Question", "answered", "life", "measure"]

DIGEST: Final = "8c0176e91ddb84a4"
K: Final = 8
_SEED: Final = 20260302
_EPISODE_TICKS: Final = 2880
_LATEST_TICKS: Final = 8 * 1440
_ME: Final = "me"
_PEOPLE: Final = (
    "Aino", "Otto", "Veikko", "Fatima", "Leena", "Karin", "Lotta", "Arvo", "Ritva", "Tomas", "Eero", "Hilma", "Jussi", "Kaisa",
    "Lauri", "Maija", "Niilo", "Oona", "Pekka", "Raija", "Sami", "Tuula", "Ville", "Yrjö",
)  # fmt: skip
_PLACES: Final = tuple(
    """Café Engel|Central Library|Vanha puisto|Hakaniemi Market|Harbour Bar|Museum of Glass|Opera House|Union Office|Swimming Hall
    |Bakery Kanniston|Old Church|Tram Depot|Botanical Garden|Hotel Torni|Bookshop Arkadia|Fish Pier|Chess Club|Pharmacy Yliopisto
    |Night School|Ice Rink""".replace("\n", "").split("|")
)
_CITIES: Final = ("Turku", "Oulu", "Tampere", "Vaasa", "Kuopio", "Rauma", "Lahti", "Kotka", "Pori", "Hanko")
_FOOD: Final = ("nuts", "strawberries", "shrimps", "cheese", "eggs", "honey", "mushrooms", "apples", "chocolate", "rye bread")
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Easter", "May Day", "Midsummer")
_THINGS: Final = ("watch", "umbrella", "ring", "lamp", "scarf", "vase", "compass", "knife", "drum", "mirror")
_TONGUES: Final = ("Japanese", "Italian", "Arabic", "Estonian", "Latin", "Polish", "Greek", "Danish", "Hindi", "Welsh")
_FEARS: Final = ("spiders", "heights", "thunder", "deep water", "the dark", "dogs", "needles", "crowds", "fire", "ghosts")
_COLOURS: Final = ("green", "violet", "orange", "black", "yellow", "white", "red", "blue", "grey", "brown")
_MUSIC: Final = ("violin", "trumpet", "piano", "flute", "cello", "accordion", "guitar", "harp", "organ", "clarinet")
_SHOPS: Final = (
    "bakery", "bookshop", "bicycle repair", "tea house", "cinema", "sauna", "flower stall", "print shop", "school", "hotel",
)  # fmt: skip
_NAMES: Final = ("Elina", "Sofia", "Mikael", "Onni", "Helmi", "Leo", "Venla", "Elias", "Aada", "Toivo")
_FACTS: Final = (
    ('{a} said to me: "My sister is moving to {x}."', "Where is the sibling of {a} going to live?", _CITIES),
    ('{a} said to me: "I get a rash from {x}."', "What can {a} not eat?", _FOOD),
    ('{a} said to me: "We marry on {x}."', "When is the wedding of {a}?", _DAYS),
    ('{a} said: "My dog {x} is at the vet."', "How is the pet of {a} doing?", _NAMES),
    ('{a} said: "I play the {x} every evening."', "What instrument is {a} heard on?", _MUSIC),
    ('{a} said to me: "I still owe {x} fifty euros."', "To whom must {a} pay back money?", _NAMES),
    ("{a} gave me a {x}.", "What present did I get from {a}?", _THINGS),
    ('{a} said: "One day I will open a {x}."', "What business does {a} dream of?", _SHOPS),
    ('{a} said: "I grew up in {x}."', "Which town does {a} come from?", _CITIES),
    ('{a} said: "{x} shouted at me at work."', "Who was rude to {a} on the job?", _NAMES),
    ('{a} whispered to me: "Never trust {x}."', "Whom did {a} warn me about?", _NAMES),
    ('{a} said: "I am learning {x}."', "Which language is {a} studying?", _TONGUES),
    ("I promised {a} to come on {x}.", "What appointment do I have with {a}?", _DAYS),
    ('{a} said: "I am afraid of {x}."', "What frightens {a}?", _FEARS),
    ('{a} said: "I like {x} best of all colours."', "What should the paint be like for {a}?", _COLOURS),
    ('{a} said: "I have lost my {x}."', "What is {a} looking for everywhere?", _THINGS),
)
_CHATTER: Final = (
    "Nice to see you again.", "How have you been since yesterday?", "It is getting late.", "Do you want to sit down?",
    "Is it not cold?", "I could talk for hours.", "Shall we have another cup?", "You look well.", "What a crowd there is.",
    "I have nothing to do today.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the tick at which it comes up, and what answers it: a memory by its id, or a reflection by words it must hold."""

    text: str
    tick: int
    memory: str | None = None
    words: tuple[str, ...] = ()


def life() -> tuple[list[Memory], list[Question]]:
    """All memories in the order of their birth, and the questions in the order in which they come up."""
    draw = random.Random(_SEED)
    names = Names(agents={name.lower(): name for name in _PEOPLE}, buildings={place: place for place in _PLACES})
    facts = [(told, asked, a, x) for told, asked, filled in _FACTS for a, x in zip(draw.sample(_PEOPLE, 10), filled, strict=True)]
    draw.shuffle(facts)
    memories: list[Memory] = []
    questions: list[Question] = []
    since = 0
    for episode, (friend, place) in enumerate(zip(draw.sample(_PEOPLE, 20), draw.sample(_PLACES, 20), strict=True)):
        lines: list[tuple[str, str, int, str, str, int | None]] = []
        for number in range(episode * 8, episode * 8 + 8):
            told, asked, a, x = facts[number]
            lines.append((told.format(a=a, x=x), "message", draw.randint(350, 500), a, draw.choice(_PLACES), number))
            later = (episode + 1) * _EPISODE_TICKS + draw.randint(0, _LATEST_TICKS)
            questions.append(Question(asked.format(a=a), later, memory=f"m-fact-{number}"))
        lines += [(f'{friend} said to me: "{draw.choice(_CHATTER)}"', "message", 360, friend, place, None) for _ in range(36)]
        for _ in range(20):
            other, where = draw.choice(_PEOPLE), draw.choice(_PLACES)
            lines.append((f"{other} came to {where}.", "observation", 60, other, where, None))
        draw.shuffle(lines)
        for number, (text, kind, weight, actor, where, fact) in enumerate(lines):
            tick = episode * _EPISODE_TICKS + number * (_EPISODE_TICKS // len(lines))
            identity = f"m-fact-{fact}" if fact is not None else f"m-{episode}-{number}"
            memories.append(Memory(_ME, identity, kind, text, weight, tick, tick, (), actor.lower(), where))
            since += weight
        if since >= THRESHOLD:
            memories += reflect(_ME, memories[-len(lines) :], (episode + 1) * _EPISODE_TICKS - 1, names)
            since = 0
        for words in (f"Who keeps me company at {place}?", f"Where do I meet {friend} most of the time?"):
            later = (episode + 1) * _EPISODE_TICKS + draw.randint(0, _LATEST_TICKS)
            questions.append(Question(words, later, words=(friend, place)))
    return memories, sorted(questions, key=lambda question: question.tick)


def digest() -> str:
    """Hash of memories and questions."""
    memories, questions = life()
    told = [[memory.id, memory.text, memory.born, memory.importance] for memory in memories]
    return hashlib.sha256(json.dumps([told, [[one.text, one.tick] for one in questions]]).encode()).hexdigest()[:16]


def answered(question: Question, recalled: list[Memory]) -> bool:
    """Whether the answer is among what came to mind."""
    if question.memory is not None:
        return any(memory.id == question.memory for memory in recalled)
    return any(memory.kind == "reflection" and all(word in memory.text for word in question.words) for memory in recalled)


def measure(embedding: Embedding) -> dict[str, Any]:
    """Percent of the questions that are answered: in full, without reflections, and by recency alone."""
    memories, questions = life()
    began = time.perf_counter()
    vectors = embedding.embed([memory.text for memory in memories])
    stored = time.perf_counter() - began
    began = time.perf_counter()
    queries = embedding.embed([question.text for question in questions])
    asked = time.perf_counter() - began
    full, plain = Stream(_ME, embedding.dimensions), Stream(_ME, embedding.dimensions)
    right = {"full": 0, "no_reflection": 0, "recency_only": 0}
    known = 0
    for question, query in zip(questions, queries, strict=True):
        until = sum(memory.born <= question.tick for memory in memories)
        plainly = [row for row in range(known, until) if memories[row].kind != "reflection"]
        full.extend(memories[known:until], vectors[known:until])
        plain.extend([memories[row] for row in plainly], vectors[plainly])
        known = until
        for name, stream in (("full", full), ("no_reflection", plain)):
            found = [one.memory for one in stream.recall(query, question.tick, K, access=False)]
            right[name] += answered(question, found)
        right["recency_only"] += answered(question, memories[max(0, until - K) : until])
    return {
        "embedding": embedding.name,
        "questions": len(questions),
        "memories": len(memories),
        **{f"{name}_percent": round(100 * count / len(questions), 1) for name, count in right.items()},
        "ms_a_memory": round(1000 * stored / len(memories), 2),
        "ms_a_question": round(1000 * asked / len(questions), 2),
    }


if __name__ == "__main__":
    for wanted in sys.argv[1:] or ["wordllama"]:
        print(json.dumps(measure(embedding_of(wanted))), flush=True)  # type: ignore[arg-type]
