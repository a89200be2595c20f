"""Luck from seed and key alone."""

from mqttown_orchestrator.world.luck import Luck


def test_known_draws() -> None:
    assert [Luck(1).draw("order", 1, 0, agent) for agent in ("aino", "otto")] == [235_670_334, 1_699_968_015]


def test_same_seed_same_draw_whatever_was_drawn_before() -> None:
    one, other = Luck(5), Luck(5)
    one.draw("a")
    assert one.draw("b", 2) == other.draw("b", 2)


def test_seed_and_key_matter() -> None:
    assert Luck(1).draw("a") != Luck(2).draw("a")
    assert Luck(1).draw("a", 1) != Luck(1).draw("a", "1")


def test_below_is_even_enough() -> None:
    drawn = [Luck(3).below(4, "n", number) for number in range(4000)]
    assert set(drawn) == {0, 1, 2, 3}
    assert all(900 < drawn.count(value) < 1100 for value in range(4))
