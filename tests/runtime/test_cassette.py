"""The cassette: what is recorded comes again, the same number of times."""

from pathlib import Path

import pytest

from mqttown_runtime.gateway.cassette import Cassette, CassetteError
from mqttown_runtime.gateway.registry import Model
from mqttown_runtime.gateway.request import Ask, body_of, most_tokens_in, sha256

MODEL = Model(provider="here", name="m", context=4096, price_in=0, price_out=0, parameters={"seed": 1, "tool_choice": "auto"})


def test_the_nth_time_gets_the_nth_answer(tmp_path: Path) -> None:
    file = tmp_path / "tape.jsonl"
    with Cassette(file, "record") as tape:
        for agent, text in (("mira", "one"), ("otto", "other"), ("mira", "two")):
            tape.keep(agent, "h", tape.occurrence(agent, "h"), {"message": {"content": text}})
    with Cassette(file, "strict") as tape:
        heard = [tape.find("mira", "h", tape.occurrence("mira", "h")) for _ in range(3)]
        assert [answer and answer["message"]["content"] for answer in heard] == ["one", "two", None]
        assert tape.find("otto", "h", tape.occurrence("otto", "h")) == {"message": {"content": "other"}}


@pytest.mark.parametrize("text", ["no json\n", "{}\n", "[1]\n"])
def test_what_is_no_cassette_is_refused_by_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tape.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CassetteError, match="line 1"), Cassette(file, "replay"):
        pass


def test_nothing_to_replay(tmp_path: Path) -> None:
    with pytest.raises(CassetteError, match="can't be replayed"), Cassette(tmp_path / "none", "strict"):
        pass


def test_the_hash_is_of_what_matters_and_of_no_order() -> None:
    one = Ask("mira", "1", [{"role": "user", "content": "hi"}])
    same = Ask("otto", "2", [{"content": "hi", "role": "user"}], tick=7)
    other = Ask("mira", "1", [{"role": "user", "content": "hi!"}])
    assert sha256(body_of(one, MODEL)) == sha256(body_of(same, MODEL)) != sha256(body_of(other, MODEL))
    assert body_of(one, MODEL) == {"model": "m", "messages": [{"role": "user", "content": "hi"}], "seed": 1, "max_tokens": 200}
    longer = Ask("mira", "1", one.messages, max_tokens=201)
    assert sha256(body_of(longer, MODEL)) != sha256(body_of(one, MODEL))


def test_the_bound_of_tokens_is_above_the_bytes() -> None:
    ask = Ask("mira", "1", [{"role": "user", "content": "ä" * 500}], [{"type": "function"}])
    assert most_tokens_in(body_of(ask, MODEL)) > 1000
