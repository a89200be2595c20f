import pytest

from mqttown_contract.events import EVENT_KINDS, Event
from mqttown_memory.names import Names
from mqttown_memory.sentences import TOLD, sentence


def event(kind: str, agent: str | None = "otto", building: str | None = "cafe-satama", **data: object) -> Event:
    return Event("e-1-0", kind, 1, "ranta", building, agent, data=data)


@pytest.mark.parametrize(
    ("happened", "witness", "told"),
    [
        (event("said", text="Hi", to=["aino"]), "aino", 'Otto Laine said to me: "Hi"'),
        (event("said", text="Hi", to=["aino"]), "otto", 'I said to Aino Laine: "Hi"'),
        (event("said", text="Hi", to=None), "aino", 'Otto Laine said: "Hi"'),
        (event("said", text="Hi", to=["aino", "stranger"]), "otto", 'I said to Aino Laine and stranger: "Hi"'),
        (event("bought", item="coffee", quantity=1, price=320), "otto", "I bought coffee at Café Satama for 3.20 €."),
        (event("bought", item="coffee", quantity=2, price=640), "aino", "Otto Laine bought 2 of coffee at Café Satama for 6.40 €."),
        (event("gave", to="aino", item=None, amount=500), "aino", "Otto Laine gave me 5.00 €."),
        (event("gave", to="aino", item="postcard", amount=None), "otto", "I gave Aino Laine postcard."),
        (event("arrived", building=None), "otto", "I came to the open."),
        (event("finished_work", job="clerk-tori", minutes=60, wage=1900, building="konttori-tori"), "otto",
         "I finished work as clerk at Torin konttori and earned 19.00 €."),
        (event("weather", agent=None, building=None, weather="rain"), "aino", "It began to rain."),
    ],
)  # fmt: skip
def test_a_witness_tells_it_in_its_own_words(happened: Event, witness: str, told: str, names: Names) -> None:
    assert sentence(happened, witness, names) == told


def test_every_kind_is_told_or_passed_over_on_purpose(names: Names) -> None:
    passed_over = {"paid", "departed", "stopped", "restocked", "opened", "closed", "day", "need", "came", "left", "finished_meal"}
    passed_over.add("intervened")
    assert passed_over | TOLD == set(EVENT_KINDS)
    assert not passed_over & TOLD
    assert sentence(event("paid"), "otto", names) is None
