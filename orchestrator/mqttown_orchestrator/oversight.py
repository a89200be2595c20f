"""What the town notices about its agents, and what follows: held words, flags, quarantine, and the audit log of it all."""

import time
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from mqttown_orchestrator.allowance import Allowance
from mqttown_orchestrator.audit import Audit
from mqttown_orchestrator.citizens import Citizen, Undecided
from mqttown_orchestrator.held import Held
from mqttown_orchestrator.outbox import Outbox
from mqttown_orchestrator.pipeline.arrival import Arrival
from mqttown_orchestrator.pipeline.conduct import Circle, Profile, Signs, score
from mqttown_orchestrator.pipeline.moderation import Judgement
from mqttown_orchestrator.rulebook import Conduct
from mqttown_orchestrator.statements import Statement, flag, quarantine
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.world.turn import Happened

__all__ = ["UNWATCHED", "Oversight"]

UNWATCHED: Final = frozenset({"load"})
"""Plans whose agents are meant to flood."""
_EVERY: Final = 8
"""A profile is scored after so many actions."""
_MAX_HELD: Final = 16
"""Of one agent; what comes on top is rejected."""
_CONTENTS: Final = 256
"""As many as ids are remembered."""
_LAPSE: Final = 600.0
"""Seconds in which one agent is flagged once."""
_HELD_FOR: Final = "unusual conduct; an operator will look at it"


@dataclass(slots=True)
class _Watched:
    """One agent, or all agents of one owner; `agents` names these, and is empty for the former."""

    profile: Profile
    actions: int = 0
    agents: set[str] = field(default_factory=set)
    flagged: float = float("-inf")
    contents: dict[str, int] = field(default_factory=dict)
    newest: deque[int] = field(default_factory=lambda: deque(maxlen=8))


class Oversight:
    """Watches the pipeline and the ticks, and prepares what the journal is to keep of it.

    Args:
        town: whose agents these are.
        rules: of conduct.
        audit, allowance: kept up to date here.
        outbox: tells agents.
        held: words that wait for an operator.
        last_flag: number of the newest flag.
        now: seconds, of any steady clock.
    """

    def __init__(
        self, town: Town, rules: Conduct, audit: Audit, allowance: Allowance, outbox: Outbox, held: Held,
        last_flag: int = 0, now: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._town = town
        self._rules = rules
        self._audit = audit
        self.allowance = allowance
        self.held = held
        self._outbox = outbox
        self._last_flag = last_flag
        self._now = now
        self._watched: dict[str, _Watched] = {}
        self._owners: dict[str, _Watched] = {}
        self._circles: dict[str, Circle] = {}
        self._statements: list[Statement] = []
        self._caught: list[Citizen] = []

    def queued(self, citizen: Citizen, undecided: Undecided) -> None:
        """An action with a new id waits for a tick."""
        if citizen.kind == "hosted" or citizen.plan in UNWATCHED:
            return
        known = self._of(citizen)
        content = _content(undecided.action, undecided.parameters)
        known.contents[undecided.id] = content
        if len(known.contents) > _CONTENTS:
            del known.contents[next(iter(known.contents))]
        if undecided.action in {"say", "give"} and known.newest.count(content) >= 2:
            known.profile.reuse()

    def repeated(self, arrival: Arrival) -> None:
        """An id has come before. The verdict stays; whoever put something else under it is told so."""
        known = self._watched.get(arrival.citizen.id)
        before = None if known is None or arrival.id is None else known.contents.get(arrival.id)
        if known is None or before is None or before == _content(arrival.action, arrival.parameters):
            return
        known.profile.reuse()
        text = f"The id {arrival.id!r} was used before with other content; its verdict stands. Use a new id for a new action."
        self._outbox.notice(arrival.citizen, "id_reused", text)

    def moderated(self, citizen: Citizen, undecided: Undecided, judgement: Judgement) -> Judgement:
        """Words are to be masked, held or rejected; the audit log names the rule, and never the words.

        Returns:
            What is done with them: an operator reads only so much of one agent.
        """
        if judgement.action == "hold" and self.held.of(citizen.id) >= _MAX_HELD:
            judgement = replace(judgement, action="reject")
        what: dict[str, Any] = {"action": judgement.action, "rule": judgement.rule, "score": judgement.score}
        if judgement.action == "hold":
            what["held"], statement = self.held.add(
                citizen.id, undecided.id, undecided.parameters, rule=judgement.rule, says=judgement.says, score=judgement.score
            )
            self._statements.append(statement)
        self._audit.note("moderation", citizen.id, citizen.owner, action_id=undecided.id, **what)
        return judgement

    def settle(self, happened: Happened, taken: Mapping[tuple[str, str], Undecided]) -> list[Statement]:
        """A tick is judged: what the journal is to keep of it beside the tick itself."""
        self.allowance.settle(happened)
        now = self._now()
        accepted = {(decision.agent, decision.id) for decision in happened.verdicts if decision.status == "accepted"}
        for (agent, action), undecided in taken.items():
            citizen = self._town.citizens.get(agent)
            if citizen is not None and citizen.plan not in UNWATCHED:
                self._look(citizen, undecided, now, happened.tick, accepted=(agent, action) in accepted)
        for event in happened.events:
            if event.kind == "gave" and event.data["amount"] is not None:
                self._gave(str(event.agent), event.data["to"], event.data["amount"])
        self._statements += self.held.entered(taken, happened.tick)
        return self.noted(happened.tick)

    def noted(self, tick: int) -> list[Statement]:
        """All that has been noticed and is not written yet, for the transaction that is written next."""
        statements, self._statements = self._statements, []
        return [*statements, *self._audit.statements(tick)]

    def head_statement(self, tick: int) -> Statement:
        """Note the end of the audit log beside the snapshot of a tick."""
        return self._audit.head_statement(tick)

    def commanded(self, service: str, command: str, parameters: Mapping[str, Any], status: str, by: str | None) -> None:
        """A service has told the town what to do; `by` is the person who had it do so, where it named one."""
        agent = parameters.get("agent")
        citizen = None if agent is None else self._town.citizens.get(agent)
        owner = parameters.get("owner") if citizen is None else citizen.owner
        person = {} if by is None else {"by": by}
        self._audit.note(command, agent, owner, service=service, status=status, parameters=dict(parameters), **person)

    def tell(self) -> list[Citizen]:
        """The tick is durable: whoever was caught in it is told. Returns them."""
        self.held.durable()
        caught, self._caught = self._caught, []
        for citizen in caught:
            self._outbox.notice(citizen, "quarantined", f"You are held until an operator has looked at it: {citizen.quarantined}")
        return caught

    def forget(self, citizen: Citizen) -> None:
        """A citizen is no citizen any more."""
        self._watched.pop(citizen.id, None)
        self.allowance.forget(citizen.id)

    def forgive(self, agent: str) -> None:
        """An operator has looked at it: the past counts no more."""
        self._watched.pop(agent, None)
        citizen = self._town.citizens.get(agent)
        if citizen is not None and citizen.owner is not None:
            self._circles.pop(citizen.owner, None)
            self._owners.pop(citizen.owner, None)

    def _of(self, citizen: Citizen) -> _Watched:
        known = self._watched.get(citizen.id)
        if known is None:
            known = self._watched[citizen.id] = _Watched(Profile(self._rules))
        return known

    def _look(self, citizen: Citizen, undecided: Undecided, now: float, tick: int, *, accepted: bool) -> None:
        """Look at an agent by its newest actions, and at all agents of its owner as if they were one.

        Only what came to pass counts as said: to try again after a refusal harms nobody.
        """
        sentence = undecided.parameters.get("text") if undecided.action == "say" and accepted else None
        looked_at = [self._of(citizen)]
        if accepted:
            looked_at[0].newest.append(_content(undecided.action, undecided.parameters))
        if citizen.owner is not None:
            fleet = self._owners.get(citizen.owner)
            if fleet is None:
                fleet = self._owners[citizen.owner] = _Watched(Profile(self._rules))
            fleet.agents.add(citizen.id)
            looked_at.append(fleet)
        for known in looked_at:
            known.profile.acted(now, sentence if isinstance(sentence, str) else None)
            known.actions += 1
            if known.actions % _EVERY or len(known.agents) == 1 or citizen.quarantined is not None:
                continue
            circle = self._circles.get(citizen.owner or "")
            signs = known.profile.signs(0.0 if circle is None else circle.sign)
            if (points := score(signs, self._rules)) >= self._rules.flag:
                self._raise(citizen, known, signs, points, tick)

    def _raise(self, citizen: Citizen, known: _Watched, signs: Signs, points: int, tick: int) -> None:
        grave = points >= self._rules.quarantine
        if not grave and self._now() - known.flagged < _LAPSE:
            return
        known.flagged = self._now()
        self._last_flag += 1
        why = {name: round(value * 100) for name, value in signs.named.items() if value > 0}
        self._statements.append(flag(self._last_flag, tick, citizen.id, citizen.owner, points, why))
        self._audit.note("flag", citizen.id, citizen.owner, flag=self._last_flag, score=points, signs=why)
        if grave:
            citizen.quarantined = _HELD_FOR
            self._statements.append(quarantine(citizen.id, _HELD_FOR))
            self._audit.note("quarantine", citizen.id, citizen.owner, by="pipeline", score=points)
            self._caught.append(citizen)

    def _gave(self, giver: str, taker: str, cents: int) -> None:
        one, other = self._town.citizens.get(giver), self._town.citizens.get(taker)
        if one is None or other is None or one.owner is None or one.owner != other.owner:
            return
        circle = self._circles.get(one.owner)
        if circle is None:
            circle = self._circles[one.owner] = Circle(self._rules)
        circle.gave(giver, taker, cents)


def _content(action: str, parameters: dict[str, Any]) -> int:
    """A short sum of what an action says, whatever the order of its fields. It need not withstand an attack: it only counts."""
    return zlib.crc32(orjson.dumps([action, parameters], option=orjson.OPT_SORT_KEYS))
