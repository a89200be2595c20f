"""Putting things into words, and telling small talk from news."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from mqttown_agents.prose import NEWS, Prose

GROUPS = {
    "greet": ["Hello, {{ name }}!"],
    "invite": ["Shall we meet at {{ place }} at {{ time }}, {{ name }}?"],
    "pass_on": ['{{ source }} told me: "{{ text }}"', 'At {{ where }} {{ source }} said: "{{ text }}" Imagine!'],
    "bare": ["{{ name }}!"],
}
FROM = {"source": "Otto", "where": "Café Satama", "name": "Aino"}


@pytest.fixture
def prose() -> Prose:
    return Prose(GROUPS)


def test_small_talk_is_recognised_in_any_case_and_punctuation(prose: Prose) -> None:
    assert prose.recognise("hello Mira").group == "greet"


def test_what_a_template_stood_for_is_read_to_the_letter(prose: Prose) -> None:
    heard = prose.recognise("Shall we meet at Café Satama at 18:30, Otto?")
    assert heard.group == "invite"
    assert heard.values == {"place": "Café Satama", "time": "18:30", "name": "Otto"}


def test_other_words_are_news_as_they_stand(prose: Prose) -> None:
    words = 'Hello there, the bridge is closed, and the "captain" knows why, said everybody at the market hall today'
    assert (prose.recognise(words).group, prose.recognise(words).text) == (NEWS, words)


def test_a_template_with_no_words_of_its_own_recognises_nothing(prose: Prose) -> None:
    assert prose.recognise("Fire at the harbour!").group == NEWS


@given(st.text(min_size=1, max_size=200).filter(str.strip), st.integers(0, 10**6), st.integers(0, 10**6))
def test_news_survive_any_chain_of_wrappings_word_for_word(core: str, first: int, second: int) -> None:
    prose = Prose(GROUPS)
    start = prose.recognise(core)
    if start.group != NEWS:
        return
    once = prose.recognise(prose.wrap(start.text, first, FROM))
    twice = prose.recognise(prose.wrap(once.text, second, FROM))
    assert start.text == once.text == twice.text


def test_news_too_long_for_a_wrapping_are_told_bare(prose: Prose) -> None:
    core = "x" * 990
    assert prose.wrap(core, 0, FROM) == core


def test_a_missing_variable_is_an_error_and_a_missing_group_is_not(prose: Prose) -> None:
    assert prose.render("thank", 0, {}) is None
    with pytest.raises(UndefinedError, match="name"):
        prose.render("greet", 0, {})


def test_every_small_talk_template_of_helsinki_is_recognised_as_such(helsinki: Any) -> None:
    prose = Prose(helsinki["prose"])
    values = {
        "name": "Aino", "me": "Otto", "place": "Café Engel", "where": "Café Engel", "time": "18:30", "item": "cardamom bun",
        "price": "3.50 €", "job": "night receptionist",
    }  # fmt: skip
    for group, templates in helsinki["prose"].items():
        if group == "pass_on":
            continue
        for number in range(len(templates)):
            text = prose.render(group, number, values)
            assert text is not None
            assert prose.recognise(text).group != NEWS, text


def test_every_wrapping_of_helsinki_can_be_taken_off(helsinki: Any) -> None:
    prose = Prose(helsinki["prose"])
    core = 'The lamp is green, and "nobody" knows why'
    for number in range(len(helsinki["prose"]["pass_on"])):
        assert prose.recognise(prose.wrap(core, number, FROM)).text == core
