"""How agents join the town, get keys, and leave it: what is checked, and what the journal's tables get."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from mqttown_contract.errors import Code
from mqttown_contract.messages import Answer
from mqttown_contract.types import is_service_name
from mqttown_orchestrator.command_forms import ActFor, Form, Intervene, Key, Register, Revoke
from mqttown_orchestrator.pipeline.moderation import Judgement
from mqttown_orchestrator.pipeline.plain import misleading
from mqttown_orchestrator.statements import Statement, add_agent, let_in, retire, shut_out
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.world.inputs import TownInput

__all__ = ["Change", "Enrolment", "Refused"]


_EXPERIMENTER: Final = "laboratory"
"""Who intervenes, as the world's inputs name it."""


class Refused(Exception):
    """A command that is not done; says why as an answer does."""

    def __init__(self, detail: str, path: str, allowed: Any = None) -> None:
        super().__init__(detail)
        self.answer = {"code": Code.NOT_POSSIBLE.value, "detail": detail, "path": path, "allowed": allowed}


@dataclass(slots=True)
class Change:
    """What a command changes.

    Attributes:
        world: for the next tick, which decides on it; None if the world has no part in it.
        statements: for the journal, if it is done.
        joins: row of a new citizen.
        leaves: id of a citizen that is none any more.
        result: told in the answer.
    """

    world: TownInput | None = None
    statements: list[Statement] = field(default_factory=list)
    joins: dict[str, Any] | None = None
    leaves: str | None = None
    result: dict[str, Any] = field(default_factory=dict)

    def answer(self, command_id: str, tick: int) -> dict[str, Any]:
        """The answer of a command that is done."""
        return Answer(id=command_id, status="accepted", tick=tick, result=self.result).model_dump()


class Enrolment:
    """Knows who may join, and what that takes."""

    def __init__(self, town: Town, weigh: Callable[[str], Judgement]) -> None:
        self._town = town
        self._weigh = weigh
        self._joining: set[str] = set()

    def change(self, form: Form, tick: int) -> Change:
        """What a command about an agent's belonging changes at a tick.

        Raises:
            Refused: it can't be done.
        """
        match form:
            case Register():
                return self._register(form, tick)
            case Key():
                return self._key(form)
            case Revoke():
                return self._revoke(form, tick)
            case ActFor():
                self.known(form.agent)
                building = form.parameters.building
                if building not in self._town.plan.buildings:
                    raise Refused(f"there is no building {building!r}", "parameters.parameters.building", "id of a building")
                return Change(TownInput("claim_for", form.agent, {"building": building}), result={"building": building})
            case Intervene():
                return Change(TownInput("intervene", _EXPERIMENTER, {**form.data, "kind": form.kind}))
        raise TypeError(f"{type(form).__name__} has nothing to do with enrolment")

    def known(self, agent: str) -> None:
        """See that somebody is a citizen.

        Raises:
            Refused: nobody of that name is.
        """
        if agent not in self._town.citizens:
            raise Refused(f"there is no agent {agent!r}", "parameters.agent", "id of a registered agent")

    def settled(self, agent: str) -> None:
        """The tick has decided on a registration, so its name is free again, or taken for good."""
        self._joining.discard(agent)

    def _register(self, form: Register, tick: int) -> Change:
        town, agent = self._town, form.agent
        if is_service_name(agent):
            raise Refused(f"{agent!r} is the name of a service", "parameters.agent", "a name that is no service's")
        if agent in town.citizens or agent in town.citizens.former or agent in self._joining:
            raise Refused(f"the name {agent!r} is taken", "parameters.agent", "a name that nobody has or had")
        if form.home is not None and form.home not in town.plan.buildings:
            raise Refused(f"there is no building {form.home!r}", "parameters.home", "id of a building")
        if form.job is not None and form.job not in town.plan.jobs:
            raise Refused(f"there is no job {form.job!r}", "parameters.job", list(town.plan.jobs))
        district = form.district or self._district(form)
        if district not in town.plan.districts:
            raise Refused(f"there is no district {district!r}", "parameters.district", list(town.plan.districts))
        self._see_card(form)
        self._joining.add(agent)
        plan = form.plan or form.kind
        row: dict[str, Any] = {
            "id": agent, "name": form.name, "kind": form.kind, "home_district": district, "owner": form.owner,
            "tagline": form.tagline, "plan": plan, "placement": form.placement, "registered_tick": tick,
        }  # fmt: skip
        limits = form.permissions.model_dump(exclude={"allowed_actions"}, exclude_none=True)
        row |= {"allowed_actions": form.permissions.allowed_actions, "permissions": limits}
        body: dict[str, Any] = {"name": form.name, "district": district, "kind": form.kind}
        if form.home is not None:
            body["home"] = form.home
        if form.job is not None:
            body["job"] = form.job
        if form.purse is not None:
            body["purse"] = form.purse
        return Change(
            TownInput("register", agent, body),
            [add_agent(row), let_in(agent, form.tag or "", form.key_hash, district, mosquitto_hash=form.mosquitto_hash)],
            joins=row,
            result={"agent": agent, "home_district": district, "plan": plan},
        )

    def _see_card(self, form: Register) -> None:
        """See that everybody may read what the card will say. Nothing is masked there: a name is chosen once."""
        for field_, text in (("agent", form.agent), ("name", form.name), ("tagline", form.tagline), ("owner", form.owner)):
            judgement = self._weigh(text) if text else None
            if judgement is not None and judgement.action != "pass":
                refused = Refused(f"a card may hold only {judgement.says}", f"parameters.{field_}", judgement.says)
                refused.answer["code"] = Code.MODERATED.value
                raise refused
        if misleading(form.name):
            raise Refused(f"the name {form.name!r} would pass for another", "parameters.name", "letters of one script, none hidden")

    def _district(self, form: Register) -> str:
        if form.home is not None:
            return self._town.plan.buildings[form.home].district
        districts = self._town.plan.district_ids
        return districts[self._town.luck.below(len(districts), "district", form.agent)]

    def _key(self, form: Key) -> Change:
        self.known(form.agent)
        citizen = self._town.citizens.get(form.agent)
        district = citizen.home_district if citizen is not None else ""
        return Change(
            statements=[
                let_in(
                    form.agent,
                    form.tag,
                    form.key_hash,
                    district,
                    mosquitto_hash=form.mosquitto_hash,
                    scope=form.scope,
                    expires=form.expires,
                )
            ],
            result={"agent": form.agent, "tag": form.tag, "home_district": district},
        )

    def _revoke(self, form: Revoke, tick: int) -> Change:
        self.known(form.agent)
        if form.tag is not None:
            return Change(statements=[shut_out(form.agent, form.tag)])
        return Change(
            TownInput("revoke", form.agent),
            [shut_out(form.agent, None), retire(form.agent, tick)],
            leaves=form.agent,
        )
