"""What every request may use: settings, town, mirror, journal, stream."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from mqttown_dashboard.history import History
from mqttown_dashboard.hub import Hub
from mqttown_dashboard.listen import Ear
from mqttown_dashboard.mirror import Mirror
from mqttown_dashboard.models import Agent
from mqttown_dashboard.problems import unknown
from mqttown_dashboard.settings import Settings
from mqttown_dashboard.town import Town

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

    def agent(self, name: str) -> Agent:
        """An agent of the town.

        Raises:
            ProblemError: 404 with the nearest names.
        """
        found = self.mirror.agents.get(name)
        if found is None:
            raise unknown("agent", name, {agent.id: agent.name for agent in self.mirror.agents.values()})
        return found


def _state(request: Request) -> State:
    state: State = request.app.state.parts
    return state


StateOf = Annotated[State, Depends(_state)]
