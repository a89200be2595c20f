"""One tick of the town: time passes, the town decides, agents act."""

from collections.abc import Sequence

from mqttown_orchestrator.world.absence import home_time, walk_home
from mqttown_orchestrator.world.activities import look_after, next_due
from mqttown_orchestrator.world.admission import admit
from mqttown_orchestrator.world.altered import present
from mqttown_orchestrator.world.daily import go_on
from mqttown_orchestrator.world.inputs import Input
from mqttown_orchestrator.world.judge import judge
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.order import actions_in_order, town_inputs_in_order
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import NEVER, State
from mqttown_orchestrator.world.turn import Happened, Turn

__all__ = ["step"]


def step(state: State, plan: Plan, inputs: Sequence[Input], luck: Luck) -> Happened:
    """Advance the town by one tick, in place. The same state, inputs and luck give the same result in every process."""
    state.tick += 1
    turn = Turn(state, present(state, plan), luck, Happened(state.tick), lambda: present(state, plan))
    go_on(turn)
    _look_after_those_due(turn)
    for decision in town_inputs_in_order(inputs, state.tick, luck):
        admit(turn, decision)
    for action in actions_in_order(inputs, state.tick, luck):
        judge(turn, action)
    return turn.happened


def _look_after_those_due(turn: Turn) -> None:
    """Touch only those to whom something happens by itself at this tick; everybody else costs nothing."""
    state = turn.state
    for agent in sorted(set(state.dues.pop(turn.tick, ()))):
        body = state.bodies.get(agent)
        if body is not None and body.due == turn.tick:
            body.due = NEVER
            look_after(turn, body)
            walk_home(turn, body)
            state.wake_by(body, min(next_due(body, turn.tick), home_time(body, turn.tick)))
