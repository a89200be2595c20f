from mqttown_memory.names import Names
from mqttown_memory.reflection import EVIDENCE, reflect
from mqttown_memory.stream import Memory


def heard(number: int, actor: str, words: str, importance: int = 300) -> Memory:
    return Memory(
        "aino",
        f"m-{number:03}",
        "message",
        f'{actor} said: "{words}"',
        importance,
        number,
        number,
        actor=actor,
        place="cafe-satama",
    )


def test_whom_where_and_about_what(names: Names) -> None:
    recent = [heard(n, "otto", "The harbour festival!") for n in range(4)] + [heard(4, "leena", "Is the festival big?")]
    whom, where, what = reflect("aino", recent, 10, names)
    assert whom.text == "Otto Laine talks to me or near me a lot lately, mostly at Café Satama."
    assert where.text == "Much of what matters to me lately happens at Café Satama."
    assert what.text == "People keep talking about festival."
    assert [one.id for one in (whom, where, what)] == ["r-10-0", "r-10-1", "r-10-2"]
    assert {one.kind for one in (whom, where, what)} == {"reflection"}
    assert whom.evidence == ("m-003", "m-002", "m-001", "m-000")


def test_the_weightiest_memories_are_the_evidence(names: Names) -> None:
    recent = [heard(n, "otto", "Yes.", importance=n) for n in range(20)]
    assert reflect("aino", recent, 30, names)[0].evidence == tuple(f"m-{n:03}" for n in range(19, 19 - EVIDENCE, -1))


def test_two_of_a_kind_are_no_pattern(names: Names) -> None:
    assert reflect("aino", [heard(n, f"x{n}", f"word{n}") for n in range(2)], 5, names) == []


def test_names_are_no_topics(names: Names) -> None:
    recent = [heard(n, "otto", "Otto Laine likes Satama") for n in range(3)]
    assert [one.text for one in reflect("aino", recent, 5, names)][2:] == ["I keep hearing about likes."]
