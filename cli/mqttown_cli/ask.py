"""One command to the running town, and its answer."""

import asyncio
import secrets
from typing import Any, Final

from mqttown.link import Address, Link
from mqttown_cli.console import fail
from mqttown_cli.folder import DataFolder
from mqttown_contract import topics
from mqttown_contract.messages import Answer

__all__ = ["ask", "link_of"]

PATIENCE_SECONDS: Final = 20.0
"""A command is answered at the next tick, which a slow town takes its time for."""


def link_of(folder: DataFolder) -> Link:
    """A connection to the running town as service `cli`.

    Raises:
        FolderError: no town runs on this directory.
    """
    running = folder.running()
    key = folder.secrets(("cli",))["services"]["cli"]
    # Mosquitto knows each user name beforehand; the gate lets `cli~00` to `cli~ff` in there.
    tag = secrets.token_hex(1 if running.get("broker") == "mosquitto" else 4)
    return Link(Address(running["host"], running["mqtt_port"], pin=running.get("pin")), f"cli~{tag}", key)


async def ask(folder: DataFolder, command: str, **parameters: Any) -> dict[str, Any]:
    """Have the orchestrator carry out one command.

    Args:
        folder: data directory of the running town.
        command: its name.
        **parameters: those that are None are left out.

    Returns:
        The `result` of the accepting answer.

    Raises:
        FolderError: no town runs there.
    """
    town = folder.running()["town"]
    identity = secrets.token_hex(8)
    message = {"id": identity, "command": command, "parameters": {k: v for k, v in parameters.items() if v is not None}}
    link = link_of(folder)
    await link.subscribe(topics.service_in(town, "cli", "answer"))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), link:
            await link.publish(topics.service_out(town, "cli", "command"), message, qos=1)
            async for incoming in link:
                answer = Answer.model_validate_json(incoming.payload)
                if answer.id == identity:
                    break
    except TimeoutError:
        fail(f"the town did not answer {command} within {PATIENCE_SECONDS:.0f} s; is it paused? `mqttown resume` lets it go on")
    if answer.status == "rejected":
        where = f" ({answer.path})" if answer.path else ""
        hint = f"; allowed: {answer.allowed}" if answer.allowed is not None else ""
        fail(f"{answer.detail}{where}{hint}")
    return answer.result
