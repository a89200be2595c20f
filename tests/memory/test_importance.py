from mqttown_contract.events import Event
from mqttown_memory.importance import BASE, importance
from mqttown_memory.sentences import TOLD


def said(text: str, to: list[str] | None = None, about: list[str] | None = None) -> Event:
    return Event("e-1-0", "said", 1, agent="otto", about=about or [], data={"text": text, "to": to})


def test_every_told_kind_has_a_base() -> None:
    assert set(BASE) == TOLD


def test_words_by_the_documented_rules() -> None:
    assert importance(said("Hello"), "aino") == 200 + 1
    assert importance(said("Hello", to=["aino"]), "aino") == 200 + 150 + 1
    assert importance(said("Hello", to=["aino"]), "otto") == 200 + 100 + 1
    assert importance(said("A secret party?", about=["e-0-0"]), "aino") == 200 + 150 + 50 + 100 + 3


def test_a_gift_to_me_matters_more_than_a_gift_to_another() -> None:
    gift = Event("e-1-0", "gave", 1, agent="otto", data={"to": "aino", "item": None, "amount": 5})
    assert importance(gift, "aino") == 550
    assert importance(gift, "veikko") == 400


def test_never_more_than_all() -> None:
    assert importance(said("secret " * 100 + "?", to=["aino"], about=["e-0-0"]), "aino") <= 1000
