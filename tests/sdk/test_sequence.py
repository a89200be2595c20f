"""Which numbers have come."""

from hypothesis import given
from hypothesis import strategies as st

from mqttown.sequence import Sequence


@given(st.permutations(range(2, 9)), st.sets(st.integers(2, 8)))
def test_it_is_broken_while_a_number_is_missing(order: list[int], lost: set[int]) -> None:
    sequence = Sequence()
    sequence.take(1)
    come = {1}
    for seq in (number for number in order if number not in lost):
        sequence.take(seq)
        sequence.take(seq)
        come.add(seq)
        assert sequence.broken == (len(come) < max(come))


def test_number_one_begins_anew() -> None:
    sequence = Sequence()
    sequence.take(17)
    assert sequence.broken
    sequence.take(1)
    assert not sequence.broken
    sequence.take(3)
    sequence.clear()
    assert not sequence.broken
