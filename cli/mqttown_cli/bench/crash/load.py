"""The agents of a crash run: registered in quiet homes, and run by `givers.py` in a process of their own."""

import asyncio
import hashlib
import json
import secrets
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

from mqttown_cli.ask import link_of
from mqttown_cli.folder import DataFolder
from mqttown_contract import topics
from mqttown_contract.messages import Answer

__all__ = ["EACH", "Load"]

EACH: Final = 5
"""Agents in a home: each gives to the next. Nobody else is there, unless there are more agents than homes for them."""
_REST_SECONDS: Final = 150.0


class Load:
    """Agents that give coins.

    Args:
        folder: data directory of the running town.
        agents: how many.
        place: where agents and history are written.

    Raises:
        RuntimeError: they can't be registered, or could not begin.
    """

    def __init__(self, folder: DataFolder, agents: int, place: Path) -> None:
        known = asyncio.run(_register(folder, _quiet_homes(folder, agents)))
        for number, agent in enumerate(known):
            home = number - number % EACH
            agent["to"] = known[home + (number + 1) % min(EACH, agents - home)]["id"]
        running = folder.running()
        config = place / "agents.json"
        broker = {"host": running["host"], "port": running["mqtt_port"], "town": running["town"]}
        config.write_text(json.dumps({**broker, "agents": known}), encoding="utf-8")
        self.history_file = place / "history.jsonl"
        command = [sys.executable, "-m", "mqttown_cli.bench.crash.givers", str(config), str(self.history_file)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "giving\n":
            raise RuntimeError("the agents could not begin")

    def rest(self) -> None:
        """Let them come to rest.

        Raises:
            RuntimeError: they could not.
        """
        self._process.communicate(timeout=_REST_SECONDS)
        if self._process.returncode != 0:
            raise RuntimeError("the agents did not come to rest; what they said is above")

    def kill(self) -> None:
        """End them, if they did not get so far."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def _quiet_homes(folder: DataFolder, agents: int) -> list[str]:
    """Homes in which no resident lives, each `EACH` times in a row; where they are too few, so many more come to live in each."""
    town = json.loads(folder.town_file.read_text(encoding="utf-8"))
    taken = {person["home"] for person in town["people"]}
    free = [building["id"] for building in town["buildings"] if building["kind"] == "home" and building["id"] not in taken]
    return list(islice(cycle([home for home in free for _ in range(EACH)]), agents))


async def _register(folder: DataFolder, homes: list[str]) -> list[dict[str, Any]]:
    """Register an agent a home, all at once. Returns `id`, `key`, `district` of each."""
    town, batch = folder.running()["town"], secrets.token_hex(4)
    keys = [secrets.token_urlsafe(32) for _ in homes]
    answers: dict[str | None, Answer] = {}
    link = link_of(folder)
    await link.subscribe(topics.service_in(town, "cli", "answer"))
    async with asyncio.timeout(120), link:
        for number, (home, key) in enumerate(zip(homes, keys, strict=True)):
            parameters = {
                "agent": f"giver-{number}", "name": f"Giver {number}", "home": home, "kind": "external", "plan": "load",
                "key_hash": f"sha256:{hashlib.sha256(key.encode()).hexdigest()}",
            }  # fmt: skip
            command = {"id": f"{batch}-{number}", "command": "register", "parameters": parameters}
            await link.publish(topics.service_out(town, "cli", "command"), command)
        async for incoming in link:
            answer = Answer.model_validate_json(incoming.payload)
            answers[answer.id] = answer
            if len(answers) == len(homes):
                break
    refused = [answer.detail for answer in answers.values() if answer.status != "accepted"]
    if refused:
        raise RuntimeError(f"{len(refused)} agents were not registered: {refused[0]}")
    return [
        {"id": f"giver-{number}", "key": key, "district": answers[f"{batch}-{number}"].result["home_district"]}
        for number, key in enumerate(keys)
    ]
