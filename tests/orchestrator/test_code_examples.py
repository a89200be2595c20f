"""The example of each code on its page, played for real: what was sent is refused so, and what is said to be right is accepted."""

from typing import Any

import pytest

from mqttown_contract.documents import codes_page
from mqttown_contract.errors import CODES, Code
from mqttown_contract.examples import CODE_EXAMPLES


async def before(orchestrator: Any, mira: Any, code: Code) -> None:
    if code == Code.RATE_LIMITED:
        await orchestrator.command("pause")
        for number in range(8):
            await mira.send("action", {"id": f"eight-{number}", "action": "wait", "parameters": {}})
    elif code == Code.QUARANTINED:
        await orchestrator.command("quarantine", agent="mira", why="an example")
    elif code == Code.NOT_ALLOWED:
        await orchestrator.command("permit", agent="mira", allowed_actions=["say", "wait"])


async def after(orchestrator: Any, mira: Any, code: Code) -> None:
    if code == Code.RATE_LIMITED:
        await orchestrator.command("resume")
        for number in range(8):
            await mira.verdict(f"eight-{number}")
    elif code == Code.QUARANTINED:
        await orchestrator.command("release", agent="mira")


async def test_each_example_is_true(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    await mira.hello()
    for code, example in CODE_EXAMPLES.items():
        await before(orchestrator, mira, code)
        await mira.send("action", example.sent.encode())
        refused = await mira.expect("in/verdict", lambda told, code=code: told["code"] == code)
        assert refused["path"] == example.path, code
        assert refused["detail"].startswith(example.detail), code
        await after(orchestrator, mira, code)
        right = example.instead
        verdict = await mira.act(right["id"], right["action"], right["parameters"])
        assert verdict["status"] == "accepted", (code, verdict)


@pytest.mark.parametrize("code", list(CODES))
def test_each_code_has_its_place_on_the_page(code: Code) -> None:
    assert f"## {code}\n" in codes_page()
    assert CODE_EXAMPLES[code].sent in codes_page()
