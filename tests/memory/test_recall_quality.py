"""Recall on 200 questions with known answers: all of it finds more than a part of it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from recall_quality import DIGEST, answered, digest, life, measure

from mqttown_memory.embedding import WordLlama


def test_the_questions_are_the_same_everywhere_and_each_has_an_answer() -> None:
    memories, questions = life()
    assert digest() == DIGEST
    assert len({question.text for question in questions}) == len(questions) == 200
    for question in questions:
        known = [memory for memory in memories if memory.born <= question.tick]
        assert answered(question, known)
        assert not answered(question, [memory for memory in memories if memory.born > question.tick])


def test_full_recall_beats_none_of_reflection_beats_recency_alone() -> None:
    found = measure(WordLlama())
    assert found["full_percent"] > found["no_reflection_percent"] > found["recency_only_percent"]
    assert found["full_percent"] > 70
