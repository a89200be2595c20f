"""What every request may use: settings, town, mirror, journal, stream."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from mqttown_dashboard.history import History
from mqttown_dashboard.hosting import Hosting
from mqttown_dashboard.hub import Hub
from mqttown_dashboard.identity import Identity
from mqttown_dashboard.letters import Letters
from mqttown_dashboard.listen import Ear
from mqttown_dashboard.mirror import Mirror
from mqttown_dashboard.model_keys import ModelKeys
from mqttown_dashboard.models import Agent
from mqttown_dashboard.portal import Portal
from mqttown_dashboard.presets import Presets
from mqttown_dashboard.problems import unknown
from mqttown_dashboard.recovery import Recovery
from mqttown_dashboard.residents import Residents
from mqttown_dashboard.review import Review
from mqttown_dashboard.seats import Seats
from mqttown_dashboard.second_factor import SecondFactor
from mqttown_dashboard.secret import Passwords
from mqttown_dashboard.settings import Settings
from mqttown_dashboard.spending import Spending
from mqttown_dashboard.talk import Talk
from mqttown_dashboard.thoughts import Thoughts
from mqttown_dashboard.throttle import Throttle
from mqttown_dashboard.tokens import Tokens
from mqttown_dashboard.town import Town
from mqttown_dashboard.wire import Wires

__all__ = ["State", "StateOf"]


@dataclass(slots=True)
class State:
    """The parts of the running dashboard."""

    settings: Settings
    town: Town
    mirror: Mirror
    hub: Hub
    history: History
    ear: Ear
    portal: Portal
    identity: Identity
    tokens: Tokens
    passwords: Passwords
    throttle: Throttle
    seats: Seats
    residents: Residents
    hosting: Hosting
    spending: Spending
    thoughts: Thoughts
    model_keys: ModelKeys
    presets: Presets
    review: Review
    talk: Talk
    recovery: Recovery
    letters: Letters
    second_factor: SecondFactor
    wires: Wires
    chapters: dict[int, bytes] = field(default_factory=dict)
    """Complete chapters of the history as they are sent, by number; the last ones made."""

    def agent(self, name: str) -> Agent:
        """An agent of the town.

        Raises:
            ProblemError: 404 with the nearest names.
        """
        found = self.mirror.agents.get(name)
        if found is None:
            raise unknown("agent", name, {agent.id: agent.name for agent in self.mirror.agents.values()})
        return found

    async def known(self, name: str) -> None:
        """See that an agent is in the town, also one that is too new to have been heard of.

        Raises:
            ProblemError: 404 with the nearest names.
        """
        if name not in self.mirror.agents and await self.history.citizen(name) is None:
            self.agent(name)


def _state(request: Request) -> State:
    state: State = request.app.state.parts
    return state


StateOf = Annotated[State, Depends(_state)]
