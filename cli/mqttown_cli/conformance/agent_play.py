"""One play with an agent: broker, tap, town and program are put up, the scenes played, the findings told."""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mqttown.link import Link
from mqttown_broker.grants import of_agent
from mqttown_cli.conformance.broker import BrokerDoor, open_broker
from mqttown_cli.conformance.program import Program
from mqttown_cli.conformance.report import Report
from mqttown_cli.conformance.rules import AGENT_RULES
from mqttown_cli.conformance.scenes import SCENES, Play
from mqttown_cli.conformance.tap import Passed, Tap
from mqttown_cli.conformance.town import PlayedTown
from mqttown_cli.conformance.transcript import Transcript
from mqttown_cli.conformance.watch import Watch
from mqttown_contract import topics

__all__ = ["AgentPlay", "play_with_agent"]

TOWN: Final = "playtown"
DISTRICT: Final = "stage"


@dataclass(frozen=True, slots=True)
class AgentPlay:
    """What is asked for.

    Attributes:
        command: that starts the agent.
        name: the agent's id.
        broker: URL of a broker; None starts a private one.
        patience: seconds that an agent has to answer an observation.
        scenes: names of those to play; all without it. `arrival` always is.
        on_scene: called with the name of each scene.
    """

    command: str
    name: str = "guest"
    broker: str | None = None
    patience: float = 6.0
    scenes: tuple[str, ...] = ()
    on_scene: Callable[[str], None] = field(default=lambda _name: None)


async def play_with_agent(asked: AgentPlay) -> tuple[Report, Transcript]:
    """Play the town against an agent.

    Raises:
        OSError: the agent's program can't be started.
        LinkError, BrokerError: there is no broker.
    """
    report = Report(asked.command, AGENT_RULES)
    transcript = Transcript()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mqttown-conformance-")))
        door = await stack.enter_async_context(open_broker(asked.broker, folder, TOWN, asked.name, DISTRICT))
        hearers: list[Callable[[Passed], None]] = [transcript.hear]

        def hear(passed: Passed) -> None:
            for hearer in hearers:
                hearer(passed)

        tap = Tap(door.address.host, door.address.port, door.ws_port, hear)
        await stack.enter_async_context(tap)
        link = Link(door.address, door.town_user, door.town_key, client_id="playtown")
        await stack.enter_async_context(link)
        town = PlayedTown(link, tap, TOWN, DISTRICT, asked.name, asked.patience)
        watch = Watch(town, asked.name, of_agent(TOWN, DISTRICT, asked.name), report)
        hearers += [watch.hear, town.hear]
        await town.open()
        program = Program(asked.command, folder, _credentials(asked.name, door, tap))
        stack.push_async_callback(program.close)
        ticking = asyncio.create_task(town.run(), name="playtown")
        stack.push_async_callback(_end, ticking)
        await program.start()
        await _scenes(Play(town, tap, program, report), asked, transcript)
        await town.close()
        report.remarks += tap.nonsense
    return report, transcript


async def _scenes(play: Play, asked: AgentPlay, transcript: Transcript) -> None:
    for scene in SCENES:
        if asked.scenes and scene.name not in {*asked.scenes, "arrival"}:
            continue
        asked.on_scene(scene.name)
        transcript.scene = play.town.scene = scene.name
        await scene.act(play)
        code = play.program.code
        if scene.name == "arrival" and not play.town.hellos:
            play.report.remarks.append("without a hello there is nobody to play with")
            return
        if code is not None and scene.name != "farewell":
            if code:
                play.report.failed(scene.survival, f"the program ended with code {code}", *play.program.said)
            play.report.remarks.append(f"the program ended itself with code {code} in scene {scene.name!r}; no more was played")
            return


def _credentials(name: str, door: BrokerDoor, tap: Tap) -> dict[str, Any]:
    """As `mqttown agent new` writes them, but that they lead through the tap."""
    return {
        "host": "127.0.0.1",
        "port": tap.mqtt_port,
        "ws_url": f"ws://127.0.0.1:{tap.ws_port}/mqtt" if tap.ws_port else None,
        "username": name,
        "password": door.agent_key,
        "client_id": name,
        "town": TOWN,
        "district": DISTRICT,
        "topics": {
            "in": topics.agent_in(TOWN, DISTRICT, name, "+"),
            **{channel: topics.agent_out(TOWN, DISTRICT, name, channel) for channel in ("hello", "action", "status", "memory")},
        },
    }


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
