"""What must hold whatever was killed: pure functions over a history and the journal's facts. Each returns what is wrong."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Final

from mqttown_cli.bench.history import Decided, Facts, Operation, of_type

__all__ = ["CHECKS", "first_verdicts", "problems"]

_FLEETING: Final = frozenset({"malformed", "rate_limited", "quarantined"})
"""Codes that are not remembered: the same id is judged anew."""
_SHOWN: Final = 5
History = Sequence[Operation]
Check = Callable[[History, Facts], list[str]]


def first_verdicts(history: History) -> dict[tuple[str, str], Operation]:
    """The first verdict of each action that is remembered, by agent and id."""
    told: dict[tuple[str, str], Operation] = {}
    for line in of_type(history, "ok", "fail"):
        if line.value.get("code") not in _FLEETING:
            told.setdefault((line.process, line.id), line)
    return told


def every_action_is_answered(history: History, _facts: Facts) -> list[str]:
    """Liveness: each action that was sent has got its verdict."""
    told = first_verdicts(history)
    silent = [line for line in of_type(history, "invoke") if (line.process, line.id) not in told]
    return [f"{line.process} was never answered on {line.id}" for line in silent]


def an_action_has_one_verdict(history: History, _facts: Facts) -> list[str]:
    """A verdict that is told again says the same."""
    told, wrong = first_verdicts(history), []
    for line in of_type(history, "ok", "fail"):
        first = told.get((line.process, line.id))
        if line.value.get("code") in _FLEETING or first is None:
            continue
        if (line.type, *_said(line)) != (first.type, *_said(first)):
            wrong.append(f"{line.process} was told of {line.id}: {first.type} {_said(first)}, then {line.type} {_said(line)}")
    return wrong


def nothing_told_is_lost(history: History, facts: Facts) -> list[str]:
    """What an agent was told is in the journal, with that tick, status and events; and no other id is."""
    rows = {(row.agent, row.id): row for row in facts.actions}
    wrong = []
    for key, line in first_verdicts(history).items():
        row, tick, code, events = rows.get(key), *_said(line)
        status = "accepted" if line.type == "ok" else "rejected"
        if row is None:
            wrong.append(f"{key[0]} was told {status} of {key[1]} at tick {tick}, but the journal has no such action")
        elif (row.tick, row.status, row.code, row.events) != (tick, status, code, events):
            wrong.append(f"{key[0]} was told {status} {code} of {key[1]} at tick {tick}; the journal says {row}")
    invoked = {(line.process, line.id) for line in of_type(history, "invoke")}
    return wrong + [
        f"nobody sent {row.id} of {row.agent}, which the journal has" for row in facts.actions if _key(row) not in invoked
    ]


def nothing_happens_twice(_history: History, facts: Facts) -> list[str]:
    """An id is decided once with effect, and each accepted gift is given once."""
    accepted = Counter(_key(row) for row in facts.actions if row.status == "accepted")
    given = Counter((gift.agent, gift.action_id) for gift in facts.gifts)
    wrong = [f"{agent}'s {action} is in the journal {times} times" for (agent, action), times in accepted.items() if times > 1]
    wrong += [f"{agent}'s gift {action} was given {times} times" for (agent, action), times in given.items() if times > 1]
    return wrong + [
        f"{agent}'s gift {action} was given, but not accepted" for agent, action in given if (agent, action) not in accepted
    ]


def order_is_kept(history: History, facts: Facts) -> list[str]:
    """An agent's actions are decided in the order of their arrival, as far as that can be known.

    An action that was answered before another was sent comes before it. Of two that were sent once on one connection, the
    first comes first. In a simulation the arrivals themselves are known.
    """
    place = {_key(row): number for number, row in enumerate(facts.actions)}
    told = first_verdicts(history)
    sent = {(line.process, line.id): line for line in of_type(history, "invoke")}
    again = {(line.process, line.id) for line in of_type(history, "info") if line.f == "resend"}
    by_agent: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key in sorted(place, key=place.__getitem__):
        if key in sent:
            by_agent[key[0]].append(key)
    wrong = []
    for keys in by_agent.values():
        newest = float("-inf")
        on_connection: dict[str, float] = {}
        for key in keys:
            if key in told and told[key].time < newest:
                wrong.append(f"{key[0]}'s {key[1]} was answered before an action was sent that the journal has before it")
            newest = max(newest, sent[key].time)
            connection = sent[key].value.get("connection")
            if connection is None or key in again:
                continue
            if sent[key].value["number"] < on_connection.get(connection, float("-inf")):
                wrong.append(f"{key[0]}'s {key[1]} was overtaken on its connection")
            on_connection[connection] = max(on_connection.get(connection, float("-inf")), sent[key].value["number"])
    return wrong + _arrivals(facts)


def money_is_conserved(history: History, facts: Facts) -> list[str]:
    """The sum over all accounts is 0, and every purse is what its owner was told."""
    wrong = [] if facts.total == 0 else [f"the sum over all accounts is {facts.total}, not 0"]
    purses = dict(facts.before)
    told = first_verdicts(history)
    for line in of_type(history, "invoke"):
        verdict = told.get((line.process, line.id))
        if line.f == "give" and verdict is not None and verdict.type == "ok":
            purses[line.process] -= line.value["amount"]
            if line.value["to"] in purses:
                purses[line.value["to"]] += line.value["amount"]
    return wrong + [
        f"{agent} has {facts.after.get(agent)} cents, but was told of {cents}"
        for agent, cents in purses.items()
        if facts.after.get(agent) != cents
    ]


def a_replay_comes_to_the_same(_history: History, facts: Facts) -> list[str]:
    """However the last state is come by, its hash is the same."""
    return [] if len(set(facts.hashes.values())) == 1 else [f"hashes of the last state differ: {facts.hashes}"]


CHECKS: Final[tuple[Check, ...]] = (
    every_action_is_answered,
    an_action_has_one_verdict,
    nothing_told_is_lost,
    nothing_happens_twice,
    order_is_kept,
    money_is_conserved,
    a_replay_comes_to_the_same,
)


def problems(history: History, facts: Facts) -> list[str]:
    """Everything that is wrong, the first few of each check."""
    found = []
    for check in CHECKS:
        wrong = check(history, facts)
        found += [f"{check.__name__}: {sentence}" for sentence in wrong[:_SHOWN]]
        if len(wrong) > _SHOWN:
            found.append(f"{check.__name__}: and {len(wrong) - _SHOWN} more")
    return found


def _said(line: Operation) -> tuple[int, str | None, tuple[str, ...]]:
    return line.value["tick"], line.value.get("code"), tuple(line.value["events"])


def _key(row: Decided) -> tuple[str, str]:
    return row.agent, row.id


def _arrivals(facts: Facts) -> list[str]:
    """What one generation decides is, for each agent, in the order in which it came to it."""
    wrong = []
    for generation, came in facts.arrivals.items():
        waiting: dict[str, list[str]] = defaultdict(list)
        for agent, action in came:
            waiting[agent].append(action)
        for row in facts.actions:
            if facts.generations.get(row.tick) != generation or row.agent not in waiting:
                continue
            left = waiting[row.agent]
            if row.id not in left:
                wrong.append(f"{row.agent}'s {row.id} was decided in generation {generation} before or without its arrival")
                continue
            del left[: left.index(row.id) + 1]
    return wrong
