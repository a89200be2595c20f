from dataclasses import replace
from typing import Any

import numpy as np

from mqttown_memory.embedding import fixed_point
from mqttown_memory.stream import Memory, Stream


def memory(number: int, text: str, kind: str = "observation", importance: int = 500, born: int = 0) -> Memory:
    return Memory("mira", f"m-{number:03}", kind, text, importance, born, born)


def stream_of(word_count: Any, *memories: Memory) -> Stream:
    stream = Stream("mira", word_count.dimensions)
    stream.extend(memories, word_count.embed([one.text for one in memories]))
    return stream


def test_the_memory_that_is_about_the_query_comes_first(word_count: Any) -> None:
    stream = stream_of(word_count, memory(1, "rain"), memory(2, "a boat with music"), memory(3, "bread"))
    found = stream.recall(word_count.embed(["music on a boat"])[0], now=0, k=1)
    assert [(one.memory.id, one.ranked.relevance) for one in found] == [("m-002", 1.0)]


def test_what_was_recalled_stays_fresh(word_count: Any) -> None:
    stream = stream_of(word_count, memory(1, "rain", born=0), memory(2, "rain", born=1))
    rain = word_count.embed(["rain"])[0]
    assert stream.recall(rain, now=600, k=1)[0].memory.id == "m-002"
    stream.recall(rain, now=600, k=2, kinds=["note"])
    assert [one.ranked.recency for one in stream.recall(rain, now=6000, k=2)] == [1.0, 0.0]
    assert [one.ranked.recency for one in stream.recall(rain, now=9000, k=2)] == [0.5, 0.5]


def test_a_look_without_access_changes_nothing(word_count: Any) -> None:
    stream = stream_of(word_count, memory(1, "rain", born=0), memory(2, "rain", born=1))
    first = stream.recall(None, now=600, k=1, access=False)
    assert stream.recall(None, now=600, k=1, access=False) == first
    assert [one.ranked.recency for one in stream.recall(None, now=600, k=2)] == [1.0, 0.0]


def test_only_the_kinds_asked_for(word_count: Any) -> None:
    stream = stream_of(word_count, memory(1, "rain"), memory(2, "rain", "reflection"), memory(3, "rain", "note"))
    found = stream.recall(None, now=0, k=8, kinds=["reflection", "note"])
    assert sorted(one.memory.id for one in found) == ["m-002", "m-003"]
    assert stream.recall(None, now=0, k=8, kinds=["plan"]) == []


def test_the_same_id_is_remembered_once(word_count: Any) -> None:
    stream = stream_of(word_count, memory(1, "rain"))
    doubled = [memory(1, "bread"), memory(2, "boat"), memory(2, "music")]
    stream.extend(doubled, word_count.embed([one.text for one in doubled]))
    assert [one.memory.text for one in stream.recall(None, now=0, k=8)] == ["rain", "boat"]


def test_growing_one_by_one_is_the_same_as_at_once(word_count: Any) -> None:
    memories = [memory(n, f"{'rain ' * (n % 3)}{'bread ' * (n % 2)}", importance=n, born=n) for n in range(100)]
    at_once = stream_of(word_count, *memories)
    growing = Stream("mira", word_count.dimensions)
    for one in memories:
        growing.extend([one], word_count.embed([one.text]))
    query = word_count.embed(["rain"])[0]
    assert at_once.recall(query, now=200, k=20) == growing.recall(query, now=200, k=20)
    assert len(growing) == 100


def test_scores_do_not_depend_on_how_the_vectors_lie_in_memory() -> None:
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(300, 256))
    rows = fixed_point(vectors)
    memories = [replace(memory(n, ""), born=n) for n in range(300)]
    whole, part = Stream("mira", 256), Stream("mira", 256)
    whole.extend(memories, rows)
    part.extend([replace(one, kind="note") for one in memories], rows)
    query = fixed_point(rng.normal(size=(1, 256)))[0]
    assert [one.ranked for one in whole.recall(query, now=400, k=300)] == [
        one.ranked for one in part.recall(query, now=400, k=300, kinds=["note"])
    ]
