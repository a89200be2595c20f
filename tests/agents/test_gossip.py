"""What is worth telling, to whom, and for how long."""

from mqttown_agents.gossip import FRESH_TICKS, Gossip, News


def news(text: str = "The lamp is green", event: str = "e-1-0", source: str = "otto", tick: int = 1, eager: int = 2) -> News:
    return News(text, event, source, source.title(), None, tick, eager=eager)


def test_news_are_not_told_to_whom_they_come_from_or_who_was_told() -> None:
    gossip = Gossip()
    assert gossip.hear(news())
    assert gossip.worth_telling("otto", 2) is None
    told = gossip.worth_telling("leena", 2)
    assert told is not None
    gossip.told(told, "leena")
    assert gossip.worth_telling("leena", 2) is None
    assert gossip.worth_telling("veikko", 2) is told


def test_the_taste_for_telling_wears_off_by_telling_and_by_hearing_it_again() -> None:
    gossip = Gossip()
    gossip.hear(news(eager=2))
    assert not gossip.hear(news(" the LAMP is green ", event="e-2-0", source="hanna"))
    told = gossip.worth_telling("leena", 3)
    assert told is not None
    gossip.told(told, "leena")
    assert gossip.worth_telling("veikko", 3) is None


def test_the_same_words_of_the_same_event_count_once() -> None:
    gossip = Gossip()
    gossip.hear(news(eager=1))
    gossip.hear(news(eager=1))
    assert gossip.worth_telling("leena", 2) is not None


def test_old_news_are_none() -> None:
    gossip = Gossip()
    gossip.hear(news(tick=1))
    assert gossip.worth_telling("leena", 1 + FRESH_TICKS) is not None
    assert gossip.worth_telling("leena", 2 + FRESH_TICKS) is None


def test_the_newest_comes_first_and_the_oldest_is_forgotten() -> None:
    gossip = Gossip()
    for number in range(40):
        gossip.hear(news(f"Thing number {number}", event=f"e-{number}-0", tick=number))
    assert not gossip.knows("Thing number 0")
    newest = gossip.worth_telling("leena", 40)
    assert newest is not None
    assert newest.text == "Thing number 39"
