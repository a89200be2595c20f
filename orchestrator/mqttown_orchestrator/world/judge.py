"""One action: seen before, refused before, too late, unreadable, forbidden, or done."""

from mqttown_contract.errors import REMEMBERED, Code, Refusal
from mqttown_orchestrator.world.decided import Decision, recall, remember
from mqttown_orchestrator.world.inputs import ActionInput
from mqttown_orchestrator.world.parameters import read
from mqttown_orchestrator.world.state import Body
from mqttown_orchestrator.world.turn import Turn
from mqttown_orchestrator.world.verbs.registry import RULES

__all__ = ["judge"]


def judge(turn: Turn, entry: ActionInput) -> None:
    """Decide on one action, do it if it is possible, and put its decision into what happened."""
    body = turn.state.bodies.get(entry.agent)
    if body is None:
        refusal = Refusal(Code.NOT_ALLOWED, f"{entry.agent} has no body in this town.")
        turn.happened.verdicts.append(Decision(entry.agent, entry.id, turn.tick, refusal))
        return
    past = recall(body, entry.id)
    if past is not None:
        turn.happened.verdicts.append(past)
        return
    outcome = _attempt(turn, body, entry)
    if isinstance(outcome, Refusal):
        decision = Decision(body.id, entry.id, turn.tick, outcome)
    else:
        decision = Decision(body.id, entry.id, turn.tick, None, tuple(outcome))
    if decision.refusal is None or decision.refusal.code in REMEMBERED:
        remember(body, decision)
    turn.happened.verdicts.append(decision)
    if decision.refusal is not None or entry.verb != "wait":
        turn.news(body.id, "verdict")


def _attempt(turn: Turn, body: Body, entry: ActionInput) -> list[str] | Refusal:
    """Ids of the events that it caused, or why not."""
    if entry.refusal is not None:
        return entry.refusal
    if entry.expires_tick is not None and entry.expires_tick < turn.tick:
        return Refusal(
            Code.TOO_LATE, f"It was to be judged by tick {entry.expires_tick}; now it is {turn.tick}.", "expires_tick", turn.tick
        )
    parameters = read(entry.verb, entry.parameters)
    if isinstance(parameters, Refusal):
        return parameters
    rule = RULES[entry.verb]
    refusal = rule.check(turn.state, turn.plan, body, parameters)
    return rule.apply(turn, body, parameters, entry.id) if refusal is None else refusal
