"""Who lives in an experiment's town and how they think: by routine, with a model, or as they did before a fork."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from mqttown_agents.mind import Mind, Thinker, Tier
from mqttown_agents.population import routine_minds
from mqttown_cli.laboratory.casting import Casting, cast_of, models_file, tape_of
from mqttown_cli.laboratory.fork import Fork, Thoughts
from mqttown_cli.laboratory.headless import Headless
from mqttown_cli.laboratory.record import Record
from mqttown_cli.laboratory.remembering import Remembering
from mqttown_cli.laboratory.thinking import Mode, Reliving, Thinking
from mqttown_memory.names import Names
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.turn import Happened

__all__ = ["Population", "Wishes"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """How residents shall think; see the arguments of `Town`."""

    talk: bool
    model_minds: Sequence[str] | str
    models: str | None
    tier: Tier
    cassette: str | None
    cassette_mode: Mode
    budget: int


class Population:
    """Residents' minds, and what those with a model think through.

    Args:
        town: compiled.
        seed: of the run.
        residents: how many live there, as the run was asked for.
        wishes: how they shall think.
        fork: that is gone on from. Whoever thought with a model there goes on thinking; others may begin to.

    Attributes:
        thinking: through which those with a model think; None if all live by routine.

    Raises:
        ValueError: somebody who shall think does not live here.
    """

    def __init__(self, town: Mapping[str, Any], seed: int, residents: int, wishes: Wishes, fork: Fork | None = None) -> None:
        self.thinking: Thinking | None = None
        self._town, self._fork = town, fork
        self._seed = seed if fork is None else fork.seed
        self._before = None if fork is None else fork.thoughts
        self._minds: dict[str, Mind | Thinker] = dict(routine_minds(town, self._seed, talk=wishes.talk))
        cast = [] if self._before is None else self._before.cast
        wanted = cast_of(wishes.model_minds, list(self._minds))
        self._anew = [agent for agent in wanted if agent not in cast]
        self._remembering: Remembering | None = None
        self._prompt_hashes: dict[str, str] = {}
        if not cast and not self._anew:
            return
        casting = Casting(town, self._seed, wishes.tier, talk=wishes.talk)
        self._prompt_hashes = casting.prompt_hashes
        self._minds |= casting.minds(self._anew)
        if self._before is not None:
            self._minds |= Casting(town, self._seed, self._before.tier, talk=wishes.talk).minds(cast)
        self._remembering = Remembering(Names.of_town(town), [*cast, *self._anew])
        file = None
        if wishes.cassette is not None:
            past = () if fork is None else (fork.hash, cast)
            anew, tier, talk = self._anew, wishes.tier, wishes.talk
            file = tape_of(wishes.cassette, seed, town, residents, anew, tier, talk=talk, past=past)
            file.parent.mkdir(parents=True, exist_ok=True)
        self.thinking = Thinking(
            models_file(wishes.models), self._remembering, cassette=file, mode=wishes.cassette_mode, budget=wishes.budget
        )

    def settle(self, plan: Plan, record: Record) -> Headless:
        """The town with everybody in it: at its beginning, or where the fork was taken.

        Args:
            plan: of the town.
            record: takes in what happened before the fork.

        Raises:
            CassetteError, CassetteMissError: there are no such answers.
            ForkError: the fork leads to another state than it did.
        """
        with ExitStack() as opened:
            if self.thinking is not None:
                opened.enter_context(self.thinking)
            headless = self._revived(self._fork, record) if self._fork is not None else None
            opened.pop_all()  # it stays open as long as the town lives
        return headless or Headless(plan, self._minds, self._seed, leader=self.thinking)

    def witness(self, happened: Happened) -> None:
        """Let those with a model remember what happened."""
        if self._remembering is not None:
            self._remembering.take_in(happened.events)

    def close(self) -> None:
        """Hang up with the models, if there are any, and close the cassette."""
        if self.thinking is not None:
            self.thinking.__exit__(None, None, None)
            self.thinking = None

    def facts(self) -> dict[str, Any]:
        """What the manifest says of minds; routine minds need no model, and so no prompts."""
        told = {"models": []} if self.thinking is None else self.thinking.facts()
        return {"prompts": self._prompt_hashes, **told}

    def _revived(self, fork: Fork, record: Record) -> Headless:
        with ExitStack() as opened:
            past = None if self._before is None else opened.enter_context(self._past(self._before))
            cast = () if self._before is None else self._before.cast
            headless = fork.revive(record, self._minds, Reliving(past, cast), self.witness)
        headless.lead(self.thinking, self._anew)
        return headless

    def _past(self, before: Thoughts) -> Thinking:
        assert self._remembering is not None, "those who thought remember"
        return Thinking(before.models, self._remembering, cassette=before.answers, mode="strict", budget=before.budget)
