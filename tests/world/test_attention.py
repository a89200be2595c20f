"""What waits to be told."""

from typing import Any

from mqttown_orchestrator.world.attention import Attention


def test_words_and_events_are_handed_over_once(hand: Any) -> None:
    attention = Attention()
    hand.stranger("zoe")
    hand.stranger("yan")
    hand.act("zoe", "say", text="Hello!", to=["yan"])
    attention.note(hand.happened[-1])
    said = hand.events("said")[0].id
    pending = attention.take("yan")
    assert list(pending.messages) == [{"event": said, "from": "zoe", "text": "Hello!", "tick": 3, "to": ["yan"], "about": []}]
    assert pending.because == {"message"}
    assert not attention.take("yan").messages
    assert not attention.take("zoe").messages


def test_the_newest_50_are_kept_and_the_rest_counted(hand: Any) -> None:
    attention = Attention()
    hand.stranger("zoe")
    hand.stranger("yan")
    for number in range(53):
        hand.act("zoe", "say", text=str(number))
        attention.note(hand.happened[-1])
    pending = attention.take("yan")
    assert [message["text"] for message in pending.messages] == [str(number) for number in range(3, 53)]
    assert pending.lost == {"messages": 3}
