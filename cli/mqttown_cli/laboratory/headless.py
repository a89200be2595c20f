"""A town without ports: the pure world and the minds of its residents in one process, in the lockstep of a served town."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, cast

from mqttown_agents.mind import Mind, Thinker
from mqttown_contract.events import Event
from mqttown_contract.types import MAX_OBSERVED
from mqttown_orchestrator.world.genesis import genesis
from mqttown_orchestrator.world.inputs import ActionInput, Input, TownInput
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.offers import offered, offers
from mqttown_orchestrator.world.perception import look
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import State
from mqttown_orchestrator.world.step import step
from mqttown_orchestrator.world.turn import Happened
from mqttown_orchestrator.world.witnessing import as_event, as_message

__all__ = ["Headless", "Leader"]

_GENERATION: Final = 1
"""Of a town that was never interrupted; it is part of the ids of actions."""


class Leader(Protocol):
    """Leads minds with a model to their decisions."""

    def decide(self, agent: str, mind: Thinker, observation: Mapping[str, Any]) -> dict[str, Any] | None:
        """The action of the wire that a mind comes to; None if it only takes in what it is shown."""


class _Witnessed:
    """What one agent has witnessed and not been told of yet, and how many messages it has been sent."""

    __slots__ = ("events", "messages", "sent")

    def __init__(self) -> None:
        self.messages: deque[dict[str, Any]] = deque(maxlen=MAX_OBSERVED)
        self.events: deque[dict[str, Any]] = deque(maxlen=MAX_OBSERVED)
        self.sent = 0


class Headless:
    """World and minds in lockstep: everybody who has news is shown it and answers with one action before the next tick.

    It is the loop of a served town with `--lockstep` and hosted residents alone: same observations, same inputs, same hash.

    Args:
        plan: of the town.
        minds: by agent id.
        seed: of the world's luck.
        state: to go on from; the first one if left out.
        leader: of minds with a model; only needed if there are any.

    Attributes:
        plan, state, minds: as they are now.
        inputs: of the last tick, in the order in which they were given to the world.
        decided: action of the wire by agent and id, of the last tick.
    """

    def __init__(
        self,
        plan: Plan,
        minds: Mapping[str, Mind | Thinker],
        seed: int,
        *,
        state: State | None = None,
        leader: Leader | None = None,
    ) -> None:
        self.plan = plan
        self.minds: dict[str, Mind | Thinker] = dict(minds)
        self.state = genesis(plan, seed) if state is None else state
        self.inputs: list[Input] = []
        self.decided: dict[tuple[str, str], dict[str, Any]] = {}
        self._luck = Luck(seed)
        self._leader = leader
        self._thinkers = {agent: mind for agent, mind in minds.items() if isinstance(mind, Thinker)}
        self._witnessed: dict[str, _Witnessed] = {}
        self._answers: dict[str, dict[str, Any]] = {}
        self._came: set[str] = set()
        self._greeting: set[str] = set(self.minds)

    def tick(self, also: Sequence[TownInput] = (), witnessed: Callable[[Happened], None] = lambda _happened: None) -> Happened:
        """One tick: those who are new say hello, the world takes a step, those who have news decide.

        Bodies that nobody drives, as those of a fork whose agents are elsewhere, count as left.

        Args:
            also: what the town decides in this tick.
            witnessed: told what happened before anybody decides on it.
        """
        self._greet()
        bodies = self.state.bodies
        came = [TownInput("came", agent) for agent in sorted(self._came) if bodies[agent].away_since is not None]
        self._came.clear()
        left = [TownInput("left", agent) for agent, body in bodies.items() if body.away_since is None and agent not in self.minds]
        self.decided = {(agent, action["id"]): action for agent, action in self._answers.items() if agent in bodies}
        self.inputs = [*sorted([*came, *left, *also], key=lambda entry: (entry.kind, entry.agent)), *_inputs(self._answers)]
        self._answers = {}
        return self._live(self.inputs, witnessed)

    def follow(self, inputs: Sequence[Input], witnessed: Callable[[Happened], None] = lambda _happened: None) -> Happened:
        """One tick that was lived before: the world is given what it was given then, and minds take in what they observed then.

        Whoever follows a journal to some tick and goes on from there has the same minds as if it had been there all the time.

        Args:
            inputs: of that tick.
            witnessed: told what happened before anybody takes it in.
        """
        self._greet()
        self._came.clear()
        self._answers = {}
        return self._live(inputs, witnessed)

    def lead(self, leader: Leader | None, anew: Iterable[str] = ()) -> None:
        """Let somebody else lead the minds with a model from now on.

        Args:
            leader: of them.
            anew: who begins to think only now: they are shown where they are, and decide in the next tick.
        """
        self._leader = leader
        self._greeting.update(anew)

    def _live(self, inputs: Sequence[Input], witnessed: Callable[[Happened], None] = lambda _happened: None) -> Happened:
        happened = step(self.state, self.plan, inputs, self._luck)
        witnessed(happened)
        for verdict in happened.verdicts if self._thinkers else ():
            if (thinker := self._thinkers.get(verdict.agent)) is not None:
                thinker.judged(verdict.to_json())
        told = Counter(verdict.agent for verdict in happened.verdicts)
        for agent, count in told.items():
            self._of(agent).sent += count
        for event in happened.events:
            self.witness(event)
        for agent, why in happened.news.items():
            if agent in self.minds and agent not in self._greeting and (because := why - {"hello"}):
                self._decide(agent, because)
        return happened

    def join(self, agent: str, mind: Mind | Thinker) -> None:
        """Let a mind drive a body that is registered in the next tick; it says hello in the tick after."""
        self.minds[agent] = mind
        if isinstance(mind, Thinker):
            self._thinkers[agent] = mind
        self._greeting.add(agent)

    def leave(self, agent: str) -> None:
        """Forget the mind of somebody who leaves the town."""
        self.minds.pop(agent, None)
        self._thinkers.pop(agent, None)
        self._greeting.discard(agent)
        self._answers.pop(agent, None)

    def witness(self, event: Event) -> None:
        """Let everybody who was there have an event in their next observation, as messages or as events."""
        if not event.witnesses:
            return
        message = seen = None
        for agent in event.witnesses:
            if agent not in self.minds:
                continue
            if event.kind == "said" and agent != event.agent:
                message = message or as_message(event)
                self._of(agent).messages.append(message)
            else:
                seen = seen or as_event(event)
                self._of(agent).events.append(seen)

    def observe(self, agent: str, because: Iterable[str]) -> dict[str, Any]:
        """The observation that the agent gets now, in full detail if it thinks; what it has witnessed counts as told."""
        thinks = agent in self._thinkers
        witnessed = self._of(agent)
        perceived, more = look(self.state, self.plan, agent)
        perceived["messages"] = list(witnessed.messages)
        perceived["environment"]["events"] = list(witnessed.events)
        witnessed.messages.clear()
        witnessed.events.clear()
        witnessed.sent += 1
        tick = self.state.tick
        return {
            "v": 1,
            "id": f"o-{tick}-{agent}-{witnessed.sent}",
            "generation": _GENERATION,
            "seq": witnessed.sent,
            "tick": tick,
            "timestamp": "",
            "town_time": self.plan.clock.text(tick),
            "agent_id": agent,
            "traceparent": "",
            "because": sorted(because),
            "observation": perceived,
            "available_actions": offers(self.state, self.plan, agent) if thinks else _Offered(self.state, self.plan, agent),
            "memory_context": {},
            "more": more,
        }

    def _greet(self) -> None:
        """Show those who are new where they are; they come with their first action."""
        for agent in sorted(self._greeting):
            if agent in self.state.bodies:
                self._greeting.discard(agent)
                self._came.add(agent)
                self._of(agent).sent = 0
                self._decide(agent, {"hello"})

    def _decide(self, agent: str, because: Iterable[str]) -> None:
        """Have a mind answer. A routine mind may ask its memory, but uses only what is from before its life, which is nothing."""
        observation = self.observe(agent, because)
        if (thinker := self._thinkers.get(agent)) is not None:
            assert self._leader is not None, "minds with a model have somebody who leads them"
            action = self._leader.decide(agent, thinker, observation)
            if action is not None:
                self._answers[agent] = action
            return
        mind = cast("Mind", self.minds[agent])
        mind.question(observation)
        self._answers[agent] = mind.decide(observation, ())

    def _of(self, agent: str) -> _Witnessed:
        found = self._witnessed.get(agent)
        if found is None:
            found = self._witnessed[agent] = _Witnessed()
        return found


class _Offered:
    """`available_actions` by name alone, looked at when a mind asks for them, which few do."""

    __slots__ = ("_agent", "_plan", "_state")

    def __init__(self, state: State, plan: Plan, agent: str) -> None:
        self._state, self._plan, self._agent = state, plan, agent

    def __iter__(self) -> Iterator[dict[str, str]]:
        return iter([{"action": name} for name in offered(self._state, self._plan, self._agent)])


def _inputs(answers: Mapping[str, Mapping[str, Any]]) -> list[ActionInput]:
    return [
        ActionInput(agent, action["id"], action["action"], dict(action["parameters"]), action["observation_id"])
        for agent, action in sorted(answers.items())
    ]
