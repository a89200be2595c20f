"""How the town's processes begin and end."""

import asyncio
import os
import signal

import pytest

from mqttown.process import leaves, say_ready, until_told


def test_ready_is_one_line_that_a_program_can_read(capsys: pytest.CaptureFixture[str]) -> None:
    say_ready({"port": 1883, "town": "helsinki"})
    assert capsys.readouterr().out == 'ready {"port": 1883, "town": "helsinki"}\n'


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_the_work_tidy_up_and_is_no_error(number: signal.Signals) -> None:
    done = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            done.append("tidied up")

    await until_told(work(), "work")
    assert done == ["tidied up"]


async def test_an_error_of_the_work_is_its_own() -> None:
    async def work() -> None:
        raise OSError("no way")

    with pytest.raises(OSError, match="no way"):
        await until_told(work(), "work")


def test_errors_are_found_however_deep_they_lie() -> None:
    first, second, third = OSError("a"), ValueError("b"), KeyError("c")
    group = BaseExceptionGroup("outer", [first, ExceptionGroup("inner", [second, ExceptionGroup("innermost", [third])])])
    assert list(leaves(group)) == [first, second, third]
