"""Coverage-guided fuzzing of the way in, by atheris: `python tests/fuzz/atheris_wire.py -runs=20000 tests/fuzz/corpus`.

It ends with code 0 after so many runs, and with a crash file as soon as anything but a refusal comes out.
"""

import asyncio
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))

with atheris.instrument_imports(include=["mqttown_contract", "mqttown_orchestrator.pipeline", "mqttown_memory.requests"]):
    from conftest import Orchestrator

    from mqttown_contract.messages import MemoryRequest
    from mqttown_memory.requests import RequestError, parse
    from mqttown_orchestrator.world.digest import digest

CHANNELS = ("action", "hello", "status")
orchestrator = Orchestrator()
loop = asyncio.new_event_loop()


async def receive(channel: str, payload: bytes) -> None:
    before = digest(orchestrator.town.state)
    orchestrator.parts.receive(orchestrator.topic(channel), payload, False)
    assert digest(orchestrator.town.state) == before, "the world changes at ticks only"


def try_one(data: bytes) -> None:
    """The first byte chooses who reads the others."""
    if not data:
        return
    which, payload = data[0] % 4, data[1:]
    if which == 3:
        try:
            parse(payload, MemoryRequest)
        except RequestError:
            return
    else:
        loop.run_until_complete(receive(CHANNELS[which], payload))
        if which == 0:
            happened, _, _ = orchestrator.parts.service.step()
            orchestrator.town.tick = happened.tick
            orchestrator.parts.outbox.verdicts(happened)
        orchestrator.told.clear()  # a long run has room for what it looks at only


atheris.Setup(sys.argv, try_one)
atheris.Fuzz()
