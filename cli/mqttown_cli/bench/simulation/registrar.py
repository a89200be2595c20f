"""An operator who registers agents: the same command again until it is answered, and always the same answer."""

import asyncio
import random
from typing import Any, Final

import orjson

from mqttown_cli.bench.simulation.bus import Bus
from mqttown_contract import topics

__all__ = ["Registrar"]

_PATIENCE: Final = 3.0


class Registrar:
    """Service `cli`.

    Attributes:
        wrong: what must not be.
    """

    def __init__(self, town: str, bus: Bus, luck: random.Random) -> None:
        self.wrong: list[str] = []
        self._town = town
        self._bus = bus
        self._luck = luck
        self._answers: dict[str, dict[str, Any]] = {}
        connection = bus.connect("cli", self._hear)
        bus.subscribe(connection, topics.service_in(town, "cli", "answer"))

    async def register(self, agent: str, district: str) -> str:
        """Register an agent; returns its home district."""
        names = {"agent": agent, "name": agent, "district": district}
        parameters = {**names, "kind": "external", "plan": "load", "key_hash": "sha256:" + "0" * 64}
        identity = f"register-{agent}"
        command = orjson.dumps({"id": identity, "command": "register", "parameters": parameters})
        while identity not in self._answers:
            self._bus.publish(topics.service_out(self._town, "cli", "command"), command)
            await asyncio.sleep(self._luck.uniform(0.5, _PATIENCE))
        answer = self._answers[identity]
        if answer["status"] != "accepted":
            self.wrong.append(f"{identity} was answered with {answer}")
        return str(answer["result"].get("home_district", ""))

    def _hear(self, _topic: str, payload: bytes, _retained: bool) -> None:
        answer = orjson.loads(payload)
        first = self._answers.setdefault(answer["id"], answer)
        if answer != first:
            self.wrong.append(f"{answer['id']} was answered with {first}, then with {answer}")
