"""A written resident's profile comes through to the compiled town, and only where it is written."""

import pytest
from pydantic import ValidationError

from mqttown_cli.content.compile import _person_json
from mqttown_cli.content.models import Person

PERSON = {
    "id": "aino", "name": "Aino Laine", "age": 34, "home": "rantakatu-1", "purse": 100, "goals": ["own a café"], "likes": ["cafe"],
    "traits": {"sociable": 800, "curious": 600, "generous": 700, "conscientious": 650, "humour": 700}, "tagline": "Knows.",
    "story": "She stayed.", "wakes": "06:15", "sleeps": "22:30",
}  # fmt: skip


def test_a_profile_is_taken_as_written() -> None:
    written = {"risk": 700, "relationship": "open", "interests": ["park"]}
    assert _person_json(Person.model_validate({**PERSON, "profile": written}), {"aino"})["profile"] == written
    assert "profile" not in _person_json(Person.model_validate(PERSON), {"aino"})


def test_what_a_profile_can_not_be_is_refused() -> None:
    with pytest.raises(ValidationError, match="relationship"):
        Person.model_validate({**PERSON, "profile": {"relationship": "loud"}})
