"""Commands that need no tick: the town's pace, and what its door knows of a citizen."""

import time

from mqttown_orchestrator.command_forms import (
    Budget,
    ClearFlag,
    Form,
    PassHeld,
    Permit,
    Quarantine,
    RefuseHeld,
    Release,
    Speed,
    Step,
)
from mqttown_orchestrator.enrolment import Change, Enrolment, Refused
from mqttown_orchestrator.outbox import Outbox
from mqttown_orchestrator.oversight import Oversight
from mqttown_orchestrator.pace import Pace
from mqttown_orchestrator.public import Public
from mqttown_orchestrator.statements import clear_flag, permit, quarantine, settle_held
from mqttown_orchestrator.town import Town

__all__ = ["Controls"]


class Controls:
    """Says what such a command changes in the journal, and does it once that is durable."""

    def __init__(self, town: Town, pace: Pace, outbox: Outbox, public: Public, oversight: Oversight) -> None:
        self._town = town
        self._oversight = oversight
        self._pace = pace
        self._outbox = outbox
        self._public = public

    def change(self, command: str, form: Form, enrolment: Enrolment) -> Change:
        """What the journal gets.

        Raises:
            Refused: nobody of that name is a citizen.
        """
        match form:
            case Quarantine():
                enrolment.known(form.agent)
                return Change(statements=[quarantine(form.agent, form.why)])
            case Release():
                enrolment.known(form.agent)
                return Change(statements=[quarantine(form.agent, None)])
            case Budget():
                enrolment.known(form.agent)
            case Permit():
                enrolment.known(form.agent)
                return Change(statements=[permit(form.agent, form.permissions)])
            case PassHeld():  # or its child RefuseHeld
                words = self._oversight.held.get(form.id)
                if words is None:
                    raise Refused(f"nothing is held under {form.id}", "parameters.id", "id of held words that wait")
                return Change(statements=[settle_held(form.id, "refused" if isinstance(form, RefuseHeld) else "passed")])
            case ClearFlag():
                return Change(statements=[clear_flag(form.id)])
        return Change(result={"command": command})

    def apply(self, command: str, form: Form) -> None:
        """Do it."""
        match form:
            case Budget() | Quarantine() | Release() | Permit():
                self._apply_to_citizen(form)
                return
            case Step():
                self._pace.step(form.ticks)
            case Speed():
                self._pace.change_speed(form.speed)
            case RefuseHeld():
                self._oversight.held.drop(form.id)
            case PassHeld():
                self._oversight.held.let_in(form.id, time.monotonic())
        match command:
            case "pause":
                self._pace.pause()
            case "resume":
                self._pace.resume()
            case "stop":
                self._pace.stop()
            case "step" | "speed":
                pass
            case _:
                return
        self._public.clock()

    def _apply_to_citizen(self, form: Budget | Quarantine | Release | Permit) -> None:
        citizen = self._town.citizens.get(form.agent)
        if citizen is None:
            return
        match form:
            case Quarantine():
                citizen.quarantined = form.why
                self._outbox.notice(citizen, "quarantined", f"You are held until an operator has looked at it: {form.why}")
            case Release():
                citizen.quarantined = None
                self._oversight.forgive(citizen.id)
                self._outbox.notice(citizen, "released", "An operator has released you from quarantine.")
            case Budget():
                citizen.asleep = citizen.asleep if form.asleep is None else form.asleep
                self._outbox.notice(citizen, "budget", form.text)
            case Permit():
                citizen.permit(form.permissions)
        self._public.card(citizen)
        self._public.presence(citizen)
