"""Agents that give coins while the orchestrator is killed: nothing accepted is lost, and nothing is done twice."""

import asyncio
from typing import Any

from mqttown_contract import topics
from mqttown_orchestrator.replay import verify

AGENTS = 8
KILLS = 4
IN_FLIGHT = 4


class Giver:
    """Gives a coin an action, and sends again what has got no verdict when a new generation is up."""

    def __init__(self, agent: Any, to: str) -> None:
        self.agent = agent
        self.to = to
        self.open: dict[str, dict[str, Any]] = {}
        self.accepted: set[str] = set()
        self.resent = 0
        self.stopping = False
        self._made = 0

    async def run(self) -> None:
        while not (self.stopping and not self.open):
            while len(self.open) < IN_FLIGHT and not self.stopping:
                self._made += 1
                name = f"g-{self._made}"
                action = {"id": name, "action": "give", "parameters": {"to": self.to, "amount": 1}}
                self.open[name] = action
                await self.agent.send("action", action)
            verdict = await self.agent.expect("in/verdict")
            if self.open.pop(verdict["action_id"], None) is not None and verdict["status"] == "accepted":
                self.accepted.add(verdict["action_id"])

    async def again(self) -> None:
        for action in list(self.open.values()):
            self.resent += 1
            await self.agent.send("action", action)


async def test_every_purse_is_what_its_owner_was_told(orchestrator: Any) -> None:
    await orchestrator.start()
    agents = [await orchestrator.join(f"giver-{number}", district="ranta", plan="load") for number in range(AGENTS)]
    givers = [Giver(agent, agents[(number + 1) % AGENTS].name) for number, agent in enumerate(agents)]
    tasks = [asyncio.create_task(giver.run()) for giver in givers]
    clock = await orchestrator.client("clock", topics.world("tiny", "clock"))
    for kill in range(KILLS):
        told = await clock.expect("clock", lambda told, kill=kill: told["generation"] == kill + 1)
        await clock.expect("clock", lambda later, told=told: later["tick"] >= told["tick"] + 20)
        await orchestrator.kill()
        await orchestrator.start()
        for giver in givers:
            await giver.again()
    for giver in givers:
        giver.stopping = True
    async with asyncio.timeout(20):
        await asyncio.gather(*tasks)
    purses = {agent.name: (await agent.hello())["observation"]["self"]["purse"] for agent in agents}
    await orchestrator.stop()
    for number, giver in enumerate(givers):
        got = len(givers[number - 1].accepted)
        assert purses[giver.agent.name] == 10_000 - len(giver.accepted) + got
    assert sum(len(giver.accepted) for giver in givers) > 100
    assert sum(giver.resent for giver in givers) > 0
    assert (await verify(orchestrator.database)).ok
