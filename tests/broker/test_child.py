"""How a child of ours ends."""

import asyncio
import signal
import sys

from mqttown_broker.child import die_with_parent, stop
from mqttown_broker.ports import free_ports

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(600)"


async def child(program: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, preexec_fn=die_with_parent()
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"here\n"
    return process


async def test_it_is_asked_politely() -> None:
    process = await child("import time; print('here', flush=True); time.sleep(600)")
    await stop(process, 60)
    assert process.returncode == -signal.SIGTERM


async def test_one_that_does_not_listen_is_killed() -> None:
    process = await child(STUBBORN)
    await stop(process, 0.1)
    assert process.returncode == -signal.SIGKILL


async def test_one_that_has_ended_or_was_never_started_is_no_error() -> None:
    process = await child("print('here', flush=True)")
    assert await process.wait() == 0
    await stop(process, 60)
    await stop(None, 60)


def test_free_ports_differ() -> None:
    assert len(set(free_ports("127.0.0.1", 20))) == 20
