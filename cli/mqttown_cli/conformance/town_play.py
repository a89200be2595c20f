"""One play with a town: a stranger connects by its credentials, tries everything, and the findings are told."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from mqttown.credentials import Credentials
from mqttown.link import Link
from mqttown_cli.conformance.report import Report
from mqttown_cli.conformance.rules import TOWN_RULES
from mqttown_cli.conformance.stranger import Stranger
from mqttown_cli.conformance.town_scenes import TOWN_SCENES

__all__ = ["play_with_town"]


async def play_with_town(url: str, file: Path, patience: float, on_scene: Callable[[str], None]) -> Report:
    """Play a stranger against a town.

    Args:
        url: `mqtt://host:port` of the town's broker.
        file: credentials of an agent that is registered there; it should have no other program running.
        patience: seconds that an answer may take.
        on_scene: called with the name of each scene.

    Raises:
        CredentialsError: the file is none.
        LinkError: nobody there, or it will not have us.
    """
    parts = urlsplit(url)
    known = Credentials.read(file)
    known = replace(known, host=parts.hostname or known.host, port=parts.port or known.port)
    report = Report(url, TOWN_RULES)
    link = Link(known.address, known.username, known.password)
    stranger = Stranger(link, known, patience)
    await link.subscribe(stranger.own_in("+"))
    async with link:
        listening = asyncio.create_task(stranger.listen(), name="stranger")
        try:
            for name, scene in TOWN_SCENES:
                on_scene(name)
                await scene(stranger, report)
        finally:
            listening.cancel()
            await asyncio.wait({listening})
    return report
