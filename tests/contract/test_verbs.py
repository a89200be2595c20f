"""Parameters of verbs, and the purity of the contract."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from mqttown_contract.verbs import VERBS, Buy, Give, Say


def test_give_takes_exactly_one_thing() -> None:
    assert Give(to="otto", amount=1).amount == 1
    for wrong in ({"to": "otto"}, {"to": "otto", "amount": 1, "item": "coffee"}):
        with pytest.raises(ValidationError, match="either item or amount"):
            Give.model_validate(wrong)


@pytest.mark.parametrize("text", ["", "   ", "a\x00b", "x" * 1001])
def test_say_wants_words(text: str) -> None:
    with pytest.raises(ValidationError, match="text"):
        Say(text=text)


def test_whole_numbers_stay_whole() -> None:
    with pytest.raises(ValidationError, match="quantity"):
        Buy.model_validate({"item": "coffee", "quantity": 1.5})
    with pytest.raises(ValidationError, match="quantity"):
        Buy.model_validate({"item": "coffee", "quantity": "2"})


def test_every_verb_has_a_sentence() -> None:
    assert list(VERBS) == ["move_to", "say", "wait", "work", "eat", "sleep", "buy", "give", "claim"]
    assert all(verb.summary.endswith(".") for verb in VERBS.values())


def test_the_contract_reaches_no_asyncio() -> None:
    code = (
        "import sys, mqttown_contract.messages, mqttown_contract.verbs, mqttown_contract.topics, mqttown_contract.documents;"
        "assert not {'asyncio', 'sqlite3', 'aiomqtt', 'mqttown'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
