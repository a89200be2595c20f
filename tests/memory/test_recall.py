import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqttown_memory.recall import Candidates, Ranked, min_max, rank, recency


def candidates(rows: list[tuple[int, int, int, float]], ids: list[str] | None = None) -> Candidates:
    """Rows of born, last access, importance, relevance."""
    born, accessed, important, relevant = zip(*rows, strict=True)
    named = ids or [f"m-{row}" for row in range(len(rows))]
    return Candidates(np.array(born), np.array(accessed), np.array(important), np.array(relevant), named.__getitem__)


def test_the_papers_score_worked_out_by_hand() -> None:
    # Accessed 0, 1 and 2 hours ago: 0.995^0 = 1, 0.995, 0.990025; scaled: 1, 0.004975 / 0.009975 = 0.498747, 0.
    ranked = rank(candidates([(0, 600, 200, 0.0), (0, 540, 600, 0.5), (0, 480, 400, 1.0)]), now=600, k=3)
    assert ranked == [
        Ranked(row=1, score=1.998747, recency=0.498747, importance=1.0, relevance=0.5),
        Ranked(row=2, score=1.5, recency=0.0, importance=0.5, relevance=1.0),
        Ranked(row=0, score=1.0, recency=1.0, importance=0.0, relevance=0.0),
    ]


def test_recency_decays_by_the_town_hour_since_the_last_access() -> None:
    assert recency(np.array([600, 540, 0]), 600) == pytest.approx([1.0, 0.995, 0.995**10])


def test_something_accessed_later_than_now_is_not_fresher_than_fresh() -> None:
    assert recency(np.array([700]), 600) == pytest.approx([1.0])


def test_where_all_are_alike_each_part_is_one_half() -> None:
    assert min_max(np.array([3, 3, 3])).tolist() == [0.5, 0.5, 0.5]


def test_ties_go_to_the_newer_and_then_to_the_smaller_id() -> None:
    tied = candidates([(1, 9, 5, 0.0), (2, 9, 5, 0.0), (2, 9, 5, 0.0)], ["a", "c", "b"])
    assert [one.row for one in rank(tied, now=9, k=3)] == [2, 1, 0]
    assert [one.row for one in rank(tied, now=9, k=1)] == [2]


def test_nothing_to_choose_from() -> None:
    nothing = Candidates(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0), str)
    assert rank(nothing, now=5, k=8) == []


row = st.tuples(st.integers(0, 50), st.integers(0, 5000), st.integers(0, 1000), st.sampled_from([-0.5, 0.0, 0.25, 0.9]))


@given(rows=st.lists(row, min_size=1, max_size=60), k=st.integers(1, 70), now=st.integers(0, 6000))
def test_the_rank_is_that_of_brute_force(rows: list[tuple[int, int, int, float]], k: int, now: int) -> None:
    def scaled(values: list[float]) -> list[float]:
        low, high = min(values), max(values)
        return [round((value - low) / (high - low), 6) if high > low else 0.5 for value in values]

    recent = scaled([0.995 ** (max(now - accessed, 0) / 60) for _, accessed, _, _ in rows])
    important = scaled([float(value) for _, _, value, _ in rows])
    relevant = scaled([value for _, _, _, value in rows])
    total = [sum(parts) for parts in zip(recent, important, relevant, strict=True)]
    found = rank(candidates(rows), now, k)
    assert len(found) == min(k, len(rows))
    # A last digit may differ between two roundings of the same power; the order is then the other's.
    assert [one.score for one in found] == pytest.approx(sorted(total, reverse=True)[:k], abs=3e-6)
    assert [one.score for one in found] == pytest.approx([total[one.row] for one in found], abs=3e-6)
    keys = [(-one.score, -rows[one.row][0], f"m-{one.row}") for one in found]
    assert keys == sorted(keys)
