"""`python -m mqttown_runtime.resident`: one resident on a connection of its own, in a container or anywhere else."""

import asyncio
import contextlib
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any, Final

import structlog

from mqttown.credentials import Credentials
from mqttown.link import Link, Will
from mqttown.log import log_to
from mqttown.process import FAILED, until_told
from mqttown.rejections import CredentialsError
from mqttown_contract import topics
from mqttown_runtime.casting import CastingError, cast
from mqttown_runtime.deliberation import Deliberations
from mqttown_runtime.host import Host
from mqttown_runtime.recollection import Recollection
from mqttown_runtime.scheduler import Pool

__all__ = ["main"]

log = structlog.get_logger(__name__)

RESIDENT: Final = "/agent/config/resident.json"
"""Where a container finds who it is; `MQTTOWN_RESIDENT` names another file."""
_RECALL_SECONDS: Final = 2.0
_LOCKSTEP_RECALL_SECONDS: Final = 10.0
_THINK_SECONDS: Final = 60.0
_LOCKSTEP_THINK_SECONDS: Final = 300.0


async def _live(credentials: Credentials, told: dict[str, Any]) -> None:
    mind = cast(told["mind"], told["person"], told["known"], told["seed"], talk=told["talk"], model=told.get("model"))
    session, lockstep = secrets.token_hex(4), told["lockstep"]
    away = topics.agent_out(credentials.town, credentials.district, credentials.agent, "status")
    link = Link(
        credentials.address,
        credentials.username,
        credentials.password,
        will=Will(away, {"status": "offline", "session": session}),
        on_connect=lambda _link: host.connected(),
    )
    recollection = Recollection(link, _LOCKSTEP_RECALL_SECONDS if lockstep else _RECALL_SECONDS)
    thinking = Deliberations(link, recollection, Pool(1), _LOCKSTEP_THINK_SECONDS if lockstep else _THINK_SECONDS)
    host = Host(
        credentials.town,
        link,
        {credentials.agent: mind},
        session,
        recollection,
        thinking,
        lambda: log.info("here", agent=credentials.agent),
        whose=(credentials.district, credentials.agent),
        lockstep=lockstep,
    )
    async with link:
        try:
            await host.run()
        finally:
            if link.connected:
                with contextlib.suppress(TimeoutError):
                    await host.goodbye()


def main() -> int:
    """Live until SIGTERM; return the exit code."""
    log_to(sys.stderr)
    try:
        told = json.loads(Path(os.environ.get("MQTTOWN_RESIDENT", RESIDENT)).read_text(encoding="utf-8"))
        asyncio.run(until_told(_live(Credentials.find(), told), "resident"))
    except (CredentialsError, CastingError, OSError) as error:  # `LinkError` is an `OSError`
        log.error("can't live here", error=str(error))  # noqa: TRY400  the words are for a person
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
