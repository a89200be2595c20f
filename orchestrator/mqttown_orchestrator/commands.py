"""Commands of services: what must change the town and is no agent's action. Journaled and answered like actions."""

import difflib
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import ValidationError

from mqttown_contract import topics
from mqttown_contract.errors import Code
from mqttown_contract.events import Event
from mqttown_contract.messages import Answer, Command
from mqttown_orchestrator.allowance import HOUR
from mqttown_orchestrator.command_forms import FORMS, ActFor, Form, Intervene, Key, Permit, Register, Revoke
from mqttown_orchestrator.controls import Controls
from mqttown_orchestrator.enrolment import Change, Enrolment, Refused
from mqttown_orchestrator.outbox import Publish
from mqttown_orchestrator.oversight import Oversight
from mqttown_orchestrator.pace import Pace
from mqttown_orchestrator.pipeline.schema import place
from mqttown_orchestrator.retrying import Writing
from mqttown_orchestrator.statements import Statement, journal_command
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.world.inputs import TownInput
from mqttown_orchestrator.world.turn import Answered, Happened

__all__ = ["Commands"]

_SECRET: Final = {"key_hash", "mosquitto_hash"}
_TOLD_AS: Final = {"intervene": "intervened", "register": "registered", "revoke": "revoked", "claim_for": "claimed"}
"""Kinds of town inputs, and of the events that tell of them."""


@dataclass(slots=True)
class _Asked:
    """A command under way."""

    service: str
    command: Command
    form: Form
    change: Change
    answer: dict[str, Any] | None = None


class Commands:
    """Takes commands, does them at a safe point or with the next tick, and answers when that is durable."""

    def __init__(
        self,
        town: Town,
        journal: Writing,
        controls: Controls,
        enrolment: Enrolment,
        oversight: Oversight,
        pace: Pace,
        publish: Publish,
    ) -> None:
        self._town = town
        self._journal = journal
        self._controls = controls
        self._pace = pace
        self._publish = publish
        self._enrolment = enrolment
        self._oversight = oversight
        self._come: list[tuple[str, bytes]] = []
        self._waiting: list[_Asked] = []
        self._taken: list[_Asked] = []

    def __len__(self) -> int:
        """Commands that are not done yet."""
        return len(self._come) + len(self._waiting)

    @property
    def settling(self) -> bool:
        """Whether commands of the running tick are not answered yet: somebody may be joining, or leaving."""
        return bool(self._taken)

    def receive(self, service: str, payload: bytes) -> None:
        """A command has come; it is looked at at the next safe point."""
        self._come.append((service, payload))
        self._pace.wake()

    async def handle(self) -> None:
        """Do what needs no tick, and let the rest wait for one."""
        come, self._come = self._come, []
        for service, payload in come:
            await self._handle(service, payload)

    def inputs(self) -> list[TownInput]:
        """Take what waits for a tick."""
        self._taken, self._waiting = self._waiting, []
        return [asked.change.world for asked in self._taken if asked.change.world is not None]

    def settle(self, happened: Happened) -> list[Statement]:
        """What the world has said to the commands of a tick, as changes of the journal's tables."""
        answers = list(happened.answers)
        events = list(happened.events)
        statements: list[Statement] = []
        for asked in self._taken:
            world = asked.change.world
            said = next(
                answer for answer in answers if world is not None and (answer.kind, answer.agent) == (world.kind, world.agent)
            )
            answers.remove(said)
            if said.refusal is None:
                statements += asked.change.statements
                asked.change.result |= _event(said, events)
                asked.answer = asked.change.answer(asked.command.id, happened.tick)
            else:
                no = said.refusal
                told = {"code": no.code.value, "detail": no.detail, "path": no.path, "allowed": no.allowed}
                asked.answer = _rejected(asked.command.id, told, happened.tick)
            statements.append(self._journaled(asked.service, asked.command, asked.form, asked.answer))
        return statements

    def tell(self) -> list[Change]:
        """Answer the commands of a tick that is durable now. Returns what they have changed."""
        done = []
        for asked in self._taken:
            if asked.change.world is not None:
                self._enrolment.settled(asked.change.world.agent)
            if asked.answer is not None:
                self._answer(asked.service, asked.answer)
                if asked.answer["status"] == "accepted":
                    done.append(asked.change)
        self._taken = []
        return done

    async def _handle(self, service: str, payload: bytes) -> None:
        try:
            command = Command.model_validate(orjson.loads(payload))
        except orjson.JSONDecodeError as error:
            self._answer(service, _rejected(None, {"code": Code.MALFORMED.value, "detail": f"not JSON: {error}"}, self._town.tick))
            return
        except ValidationError as error:
            self._answer(service, _rejected(None, _fault(Code.MALFORMED, error, ()), self._town.tick))
            return
        if any((asked.service, asked.command.id) == (service, command.id) for asked in self._waiting):
            return
        if (before := await self._journal.answer(service, command.id)) is not None:
            self._answer(service, before)
            return
        try:
            form = _form(command)
            await self._do(service, command, form)
        except Refused as refused:
            answer = _rejected(command.id, refused.answer, self._town.tick)
            await self._write([self._journaled(service, command, None, answer)])
            self._answer(service, answer)

    async def _do(self, service: str, command: Command, form: Form) -> None:
        if isinstance(form, Register | Key | Revoke | ActFor | Intervene):
            change = self._enrolment.change(form, self._town.tick + 1)
        else:
            change = self._controls.change(command.command, form, self._enrolment)
        if change.world is not None:
            self._waiting.append(_Asked(service, command, form, change))
            return
        answer = change.answer(command.id, self._town.tick)
        await self._write([*change.statements, self._journaled(service, command, form, answer)])
        if isinstance(form, Permit) and form.max_actions_per_hour is not None:
            self._oversight.allowance.recall_actions(form.agent, await self._journal.acted(form.agent, HOUR))
        self._answer(service, answer)
        self._controls.apply(command.command, form)

    async def _write(self, statements: list[Statement]) -> None:
        await self._journal.write([*statements, *self._oversight.noted(self._town.tick)])

    def _journaled(self, service: str, command: Command, form: Form | None, answer: dict[str, Any]) -> Statement:
        """The row of a command; parameters that did not fit are left out, since nobody knows what is in them."""
        shown = {} if form is None else form.model_dump(mode="json", exclude=_SECRET, exclude_unset=True)
        self._oversight.commanded(service, command.command, shown, answer["status"], command.by)
        return journal_command(command.id, service, command.command, shown, answer)

    def _answer(self, service: str, answer: dict[str, Any]) -> None:
        self._publish(topics.service_in(self._town.id, service, "answer"), orjson.dumps(answer))


def _event(said: Answered, events: list[Event]) -> dict[str, Any]:
    """The event that a command has come to, taken out of those of the tick: several interventions have one each, in order."""
    kind, whose = _TOLD_AS.get(said.kind), None if said.kind == "intervene" else said.agent
    for number, event in enumerate(events):
        if (event.kind, event.agent) == (kind, whose):
            del events[number]
            return {"event": event.id}
    return {}


def _form(command: Command) -> Form:
    form = FORMS.get(command.command)
    if form is None:
        near = difflib.get_close_matches(command.command, FORMS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        refused = Refused(f"there is no command {command.command!r}{hint}", "command", list(FORMS))
        refused.answer["code"] = Code.UNKNOWN_ACTION.value
        raise refused
    try:
        return form.model_validate(command.parameters)
    except ValidationError as error:
        refused = Refused("", "")
        refused.answer = _fault(Code.BAD_PARAMETERS, error, ("parameters",))
        raise refused from error


def _fault(code: Code, error: ValidationError, under: tuple[str, ...]) -> dict[str, Any]:
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = place((*under, *fault["loc"]))
    return {"code": code.value, "detail": f"{where}: {fault['msg']}", "path": where}


def _rejected(command_id: str | None, told: dict[str, Any], tick: int) -> dict[str, Any]:
    return Answer(id=command_id, status="rejected", tick=tick, **told).model_dump()
