from typing import Any

import orjson
import pytest

from mqttown_memory.recall import Ranked
from mqttown_memory.requests import RequestError, ServiceMemoryRequest, answer, parse, refusal
from mqttown_memory.stream import Memory, Recollection


@pytest.mark.parametrize(
    ("payload", "code", "path", "identity"),
    [
        (b"{", "malformed", None, None),
        (b"[]", "malformed", None, None),
        ({"op": "recall"}, "malformed", "id", None),
        ({"id": "1", "op": "dream"}, "bad_parameters", "op", "1"),
        ({"id": "1", "op": "remember"}, "bad_parameters", "text", "1"),
        ({"id": "1", "op": "recall", "k": 500}, "bad_parameters", "k", "1"),
        ({"id": "1", "op": "recall", "kinds": ["dream"]}, "bad_parameters", "kinds[0]", "1"),
        ({"id": "1", "op": "remember", "text": "x", "importance": 7}, "bad_parameters", "importance", "1"),
        ({"id": "1", "op": "recall", "agent": "No Such Id"}, "bad_parameters", "agent", "1"),
    ],
)
def test_bad_requests_are_refused_with_code_and_path(payload: Any, code: str, path: str | None, identity: str | None) -> None:
    with pytest.raises(RequestError) as refused:
        parse(payload if isinstance(payload, bytes) else orjson.dumps(payload), ServiceMemoryRequest)
    answer = orjson.loads(refusal(refused.value))
    assert (answer["id"], answer["code"], answer["path"]) == (identity, code, path)


def test_an_answer_never_passes_the_size_limit() -> None:
    memory = Memory("aino", "n-1", "note", "\u00e4" * 4000, 500, 1, 1)
    payload = answer("1", [Recollection(memory, Ranked(0, 1.5, 0.5, 0.5, 0.5))] * 50)
    assert len(payload) <= 65_536
    assert 1 < len(orjson.loads(payload)["memories"]) < 50
