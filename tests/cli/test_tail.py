"""What `mqttown tail` makes of a refusal: it stands out, and says what to do."""

from mqttown_cli.tail import _words
from mqttown_contract.errors import CODES

REFUSED = {
    "tick": 7,
    "action_id": "a-1",
    "status": "rejected",
    "path": "parameters.to",
    "detail": "No [b]such[/b] place.",
    "allowed": ["x"],
}


def test_a_refusal_is_coloured_and_carries_its_remedy() -> None:
    for code, entry in CODES.items():
        told = _words("verdict", {**REFUSED, "code": code.value})
        assert "No [b]such[/b] place." in told.plain, "words of others are no markup"
        assert entry.remedy in told.plain
        styles = {str(span.style): told.plain[span.start : span.end] for span in told.spans}
        assert styles["bold reverse red"] == code.value
        assert styles["red"].startswith("tick 7 · a-1 rejected")


def test_what_is_accepted_is_plain() -> None:
    told = _words("verdict", {"tick": 7, "action_id": "a-1", "status": "accepted", "code": None})
    assert (told.plain, told.spans) == ("tick 7 · a-1 accepted", [])
    assert _words("action", "no object").plain == "'no object'"
