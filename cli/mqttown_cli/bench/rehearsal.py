"""The pure world and its residents' minds in one process, without wire, journal or memory service."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from mqttown_agents.mind import Question
from mqttown_agents.population import routine_minds
from mqttown_contract.events import Event
from mqttown_orchestrator.world.genesis import genesis
from mqttown_orchestrator.world.inputs import ActionInput, Input, TownInput
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.perception import look
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import State
from mqttown_orchestrator.world.step import step
from mqttown_orchestrator.world.turn import Happened
from mqttown_orchestrator.world.verbs.registry import RULES

__all__ = ["Rehearsal"]

_TOLD: Final = 50
"""Messages, and as many events, in one observation."""
_REMEMBERED: Final = 32
_OCCUPIED: Final = ("walking", "sleeping", "eating")
"""Activities that end by themselves and of which nothing is to be decided; a worker still says until when to be left alone."""


class Rehearsal:
    """A town in lockstep: whoever has news to act on is shown what it perceives, and its action is in the next tick.

    Those who walk, sleep, eat or wait, and so will be heard of again, are left alone if they are only told that their own
    action was accepted, and have no news to go on telling.

    Args:
        town: the compiled town.
        seed: of world and minds.
        talk: whether residents speak.

    Attributes:
        state, plan: the world's.
        decisions: made so far.
        accepted, rejected: verdicts so far.
        deciding_s, stepping_s: seconds spent on perceiving and deciding, and on stepping the world.
    """

    def __init__(self, town: Mapping[str, Any], seed: int, *, talk: bool = True) -> None:
        self.plan = Plan.from_json(dict(town))
        self.state: State = genesis(self.plan, seed)
        self.minds = routine_minds(town, seed, talk=talk)
        self.decisions = self.accepted = self.rejected = 0
        self.deciding_s = self.stepping_s = 0.0
        self._luck = Luck(seed)
        self._inputs: list[Input] = [TownInput("came", agent) for agent in self.minds]
        self._heard: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._seen: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._memories: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)

    def tick(self, also: Iterable[Input] = ()) -> Happened:
        """One tick: step with what was decided, let everybody hear, let those with news decide.

        Args:
            also: inputs of strangers for this tick.
        """
        began = time.perf_counter()
        happened = step(self.state, self.plan, [*self._inputs, *also], self._luck)
        stepped = time.perf_counter()
        for event in happened.events:
            self._witness(event)
        refused = [verdict.agent for verdict in happened.verdicts if verdict.refusal is not None]
        self.rejected += len(refused)
        self.accepted += len(happened.verdicts) - len(refused)
        self._inputs = [
            self._decide(agent, why)
            for agent, why in happened.news.items()
            if agent in self.minds and (agent in refused or self._undecided(agent, why))
        ]
        self.decisions += len(self._inputs)
        self.stepping_s += stepped - began
        self.deciding_s += time.perf_counter() - stepped
        return happened

    def observe(self, agent: str, because: Iterable[str]) -> dict[str, Any]:
        """What the orchestrator would send to an agent now, in brief detail."""
        perceived, more = look(self.state, self.plan, agent)
        perceived["messages"] = self._heard.pop(agent, [])[-_TOLD:]
        perceived["environment"]["events"] = self._seen.pop(agent, [])[-_TOLD:]
        return {
            "v": 1,
            "id": f"o-{self.state.tick}-{agent}",
            "generation": 1,
            "seq": 1,
            "tick": self.state.tick,
            "timestamp": "",
            "town_time": self.plan.clock.text(self.state.tick),
            "agent_id": agent,
            "because": sorted(because),
            "observation": perceived,
            "available_actions": _Offered(self.state, self.plan, agent),
            "memory_context": {},
            "more": more,
        }

    def _undecided(self, agent: str, because: set[str]) -> bool:
        """Whether there is anything to decide: see the class for what is not."""
        body = self.state.bodies[agent]
        if because != {"verdict"} or (body.waits_until is None and body.doing not in _OCCUPIED):
            return True
        return self.minds[agent].has_more_to_say(self.state.tick)

    def _decide(self, agent: str, because: Iterable[str]) -> Input:
        mind = self.minds[agent]
        observation = self.observe(agent, because)
        question = mind.question(observation)
        action = mind.decide(observation, self._recall(agent, question) if question is not None else ())
        return ActionInput(agent, action["id"], action["action"], action["parameters"], observation["id"])

    def _witness(self, event: Event) -> None:
        """Let everybody who was there know. A message is remembered; that stands in for the memory service."""
        if event.kind == "said":
            message = {
                "event": event.id,
                "from": event.agent,
                "text": event.data["text"],
                "tick": event.tick,
                "to": event.data["to"],
                "about": event.about,
            }
            memory = self._remember(message)
            for agent in event.witnesses[1:]:
                self._heard[agent].append(message)
                memories = self._memories[agent]
                memories.append(memory)
                if len(memories) > 2 * _REMEMBERED:
                    del memories[:-_REMEMBERED]
        elif event.kind in ("gave", "bought"):
            seen = {"id": event.id, "kind": event.kind, "tick": event.tick, "agent": event.agent, "data": event.data}
            for agent in event.witnesses:
                self._seen[agent].append(seen)

    def _remember(self, message: Mapping[str, Any]) -> dict[str, Any]:
        speaker = self.plan.people.get(message["from"])
        name = speaker.name if speaker is not None else message["from"]
        return {
            "id": f"m-{message['event']}",
            "kind": "message",
            "text": f'{name} said to me: "{message["text"]}"',
            "tick": message["tick"],
            "evidence": [message["event"]],
        }

    def _recall(self, agent: str, question: Question) -> list[dict[str, Any]]:
        return self._memories[agent][: -question.k - 1 : -1]


class _Offered:
    """`available_actions` by name alone, each looked at when a mind comes to it; minds read no more."""

    __slots__ = ("_agent", "_plan", "_state")

    def __init__(self, state: State, plan: Plan, agent: str) -> None:
        self._state, self._plan, self._agent = state, plan, agent

    def __iter__(self) -> Iterator[dict[str, str]]:
        body = self._state.bodies[self._agent]
        for verb, rule in RULES.items():
            offers = rule.offered or rule.offer
            if offers(self._state, self._plan, body):
                yield {"action": verb}
