"""A resident with a model behind them: perceive, recall, reflect, plan, act; and the routine mind where no model helps."""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Final

from mqttown_agents.mind import Completion, Deliberation, Note, Question, Tier, Wish
from mqttown_agents.model.plan import PLAN_TOOL, Plan, plan_of_call, plan_of_words, routine_plan
from mqttown_agents.model.profile import Profile
from mqttown_agents.model.prompts import Prompts
from mqttown_agents.model.prudence import Prudence
from mqttown_agents.model.reflection import Reflector, weight
from mqttown_agents.model.relations import Relations
from mqttown_agents.model.scene import heard, job_of, places, scene, witnessed
from mqttown_agents.model.tally import Asked, Tally
from mqttown_agents.model.tools import BadCall, Chosen, read_call, said, tools_of
from mqttown_agents.routine import Routine
from mqttown_agents.schedule import clock_text
from mqttown_agents.situation import Situation

__all__ = ["ModelMind"]

_ACT_TOKENS: Final = 160
_PLAN_TOKENS: Final = 400
_KINDS: Final = ("message", "observation", "reflection", "note")
_CALLING: Final = frozenset({"arrived", "claimed", "ended", "gift", "hello", "need"})
"""News that calls for a decision even in the middle of something."""
_PLAN_IMPORTANCE: Final = 0.5
_MOST_UNREAD: Final = 20
_TRIES: Final = 2
"""After so many refusals in a row one lets a while go by."""
_LOOKS_AGAIN: Final = 10
"""Minutes between two decisions of somebody idle on what concerns others alone."""


class _Unpaid(Exception):
    """There is no budget to think with.

    Attributes:
        asleep: whether the owner wants the resident to sleep then.
    """

    def __init__(self, *, asleep: bool) -> None:
        super().__init__()
        self.asleep = asleep


class ModelMind:
    """The mind of one resident. It does no input or output: what it wants it yields, see `mind.Thinker`.

    Words of others reach a model as quoted data alone, and whatever the model answers is held against the schemas of
    `available_actions` and the bounds of `Prudence` before it is done.

    Args:
        person: an entry of `people`.
        town: name of the town.
        routine: who decides where no model does.
        prompts: of the town.
        tier: which kind of model.

    Attributes:
        tally: how the decisions came about.
    """

    def __init__(self, person: Mapping[str, Any], town: str, routine: Routine, prompts: Prompts, tier: Tier = "small") -> None:
        self.tally = Tally()
        self._routine = routine
        self._persona = routine.persona
        self._profile = Profile.from_person(person)
        self._relations = Relations(self._persona)
        self._prudence = Prudence(self._persona, self._profile, self._relations)
        self._reflector = Reflector(self._profile.reflects_after)
        self._prompts = prompts
        self._tier = tier
        self._plan: Plan | None = None
        self._refused = ""
        self._refusals = 0
        self._messages: list[Mapping[str, Any]] = []
        self._events: list[Mapping[str, Any]] = []
        self._numbers: tuple[str, int] = ("", 0)
        self._decided = -_LOOKS_AGAIN
        who = {"name": self._persona.name, "town": town, "goals": self._persona.goals, "style": self._profile.style}
        who |= {"tagline": person.get("tagline", ""), "story": person.get("story", "")}
        self._system = prompts.render("persona", who | {"relationship": self._profile.relationship, "risk": self._profile.risk})

    def overhear(self, observation: Mapping[str, Any]) -> None:
        """Take in an observation. See `Thinker`."""
        self._routine.overhear(observation)
        now = Situation(observation)
        mine = self._persona.id
        for message in now.messages:
            self._relations.take_in(mine, message)
        for event in now.events:
            self._relations.take_event(mine, event)
        self._reflector.take_in(weight(mine, now.messages, now.events))
        self._messages = [*self._messages, *(one for one in now.messages if one["from"] != mine)][-_MOST_UNREAD:]
        self._events = [*self._events, *(one for one in now.events if one.get("agent") != mine)][-_MOST_UNREAD:]

    def judged(self, verdict: Mapping[str, Any]) -> None:
        """Keep why the last action was refused, for the next decision."""
        no = verdict["status"] == "rejected"
        self._refused = str(verdict.get("detail") or verdict["code"]) if no else ""
        self._refusals = self._refusals + 1 if no else 0

    def deliberate(self, observation: Mapping[str, Any]) -> Deliberation:
        """Come to a decision. See `Thinker`."""
        self.overhear(observation)
        now = Situation(observation)
        if not self._something_to_decide(now):
            return self._action(now, self._prudence.rest(now))
        try:
            if self._reflector.due:
                notes = yield from self._reflector.reflect(self._persona.name, now.tick, self._render, self._tier)
                self.tally.reflections += len(notes)
            yield from self._keep_a_plan(now)
            memories = yield Question(self._what_matters(now), self._profile.memories, _KINDS, now.tick)
            chosen = yield from self._choose(now, [memory["text"] for memory in memories])
        except _Unpaid as unpaid:
            self.tally.decisions += 1
            self.tally.unpaid += 1
            if unpaid.asleep:
                return self._action(now, Chosen("wait", {}, "asleep: no budget to think with"))
            return self._by_routine(observation, "no budget")
        finally:
            self._messages, self._events, self._refused, self._decided = [], [], "", now.tick
        if chosen is None:
            return self._by_routine(observation, "no answer of a model")
        self._prudence.note(chosen, now.tick)
        return self._action(now, chosen)

    def _something_to_decide(self, now: Situation) -> bool:
        if now.doing == "sleeping" or not tools_of(now.observation["available_actions"]):
            return False
        if self._refusals >= _TRIES:
            self._refusals = 0
            return False
        if self._addressed() or self._refused or not _CALLING.isdisjoint(now.observation["because"]):
            return True
        something_new = bool(self._messages or witnessed(self._events))
        return not now.busy and something_new and now.tick - self._decided >= _LOOKS_AGAIN

    def _addressed(self) -> bool:
        return any(self._persona.id in (message.get("to") or ()) for message in self._messages)

    def _what_matters(self, now: Situation) -> str:
        """What memory is searched by: who is here, what is being said, what one is about to do, what one cares for."""
        step = self._plan.now(now.minute) if self._plan is not None else None
        parts = [other["name"] for other in now.company[: self._profile.sights]]
        parts += [message["text"][:200] for message in self._messages[-2:]]
        parts += [step.what] if step is not None else []
        return " · ".join([*parts, *self._profile.interests, now.place_name or now.doing])[:1000]

    def _keep_a_plan(self, now: Situation) -> Generator[Wish, Any, None]:
        """See that there is a plan for today, from memory if it was made in an earlier life of this process."""
        day = str(now.observation["town_time"])[:10]
        if self._plan is None:
            remembered = yield Question(f"My plan for {day}", 3, ("plan",), now.tick)
            plans = [plan_of_words(memory["text"], memory["tick"]) for memory in remembered]
            self._plan = next((plan for plan in plans if plan is not None and plan.day == day), None)
        if self._plan is not None and not self._plan.stale(day, now.tick, addressed=self._addressed()):
            return
        memories = yield Question("What do I want to do today, and what have I promised?", self._profile.memories, _KINDS, now.tick)
        values = {
            "name": self._persona.name,
            "time": clock_text(now.minute),
            "day": day,
            "wakes": clock_text(self._persona.wakes),
            "sleeps": clock_text(self._persona.sleeps),
            "job": job_of(now),
            "interests": self._profile.interests,
            "places": places(now, self._profile),
            "memories": [memory["text"] for memory in memories],
            "messages": heard(self._persona.id, self._messages),
            "former": self._plan.words() if self._plan is not None and self._plan.day == day else "",
        }
        asked = Asked()
        chosen = yield from self._ask(self._render("plan", values), (PLAN_TOOL,), _PLAN_TOKENS, lambda call: call, asked)
        if chosen is not None:
            self.tally.plans += 1
            self._plan = plan_of_call(chosen.parameters, day, now.tick)
            yield Note(f"plan-{now.tick}", self._plan.words(), "plan", _PLAN_IMPORTANCE)
        elif self._plan is None or self._plan.day != day:
            self._plan = routine_plan(self._persona, day, now.tick)
        elif asked.answers:
            self._plan = Plan.of(day, now.tick, self._plan.steps)  # it stays, and is not asked for at every word

    def _choose(self, now: Situation, memories: Sequence[str]) -> Generator[Wish, Any, Chosen | None]:
        tools = tools_of(self._prudence.considered(now, addressed=self._addressed()))
        values = scene(now, self._persona, self._profile, self._relations, self._plan)
        values |= {"messages": heard(self._persona.id, self._messages), "events": witnessed(self._events)}
        values |= {"memories": memories, "refused": self._refused}
        asked = Asked()
        chosen = yield from self._ask(
            self._render("act", values), tools, _ACT_TOKENS, lambda call: self._prudence.check(call, now), asked
        )
        self.tally.count(asked)
        return chosen

    def _ask(
        self,
        messages: list[dict[str, str]],
        tools: Sequence[Mapping[str, Any]],
        most: int,
        check: Callable[[Chosen], Chosen],
        asked: Asked,
    ) -> Generator[Wish, Any, Chosen | None]:
        """Ask a model, and once more if its answer is no call that fits; None if even that is none.

        Args:
            messages: see `Completion`.
            tools: likewise.
            most: tokens of an answer.
            check: the last word on a call that fits its schema.
            asked: filled with how it went.
        """
        for _ in range(2):
            thought = yield Completion(messages, tools, most, self._tier)
            if not _answered(thought):
                return None
            asked.answers += 1
            try:
                call = read_call(thought, tools)
                asked.fits = True
                chosen = check(call)
            except BadCall as error:
                mend = self._prompts.render("repair", {"problem": str(error)})
                told = {"role": "assistant", "content": said(thought)[:1000]}
                messages = [*messages, told, {"role": "user", "content": mend}]
            else:
                asked.done = True
                return chosen
        return None

    def _render(self, prompt: str, values: Mapping[str, Any]) -> list[dict[str, str]]:
        return [
            {"role": "system", "content": self._system},
            {"role": "user", "content": self._prompts.render(prompt, values)},
        ]

    def _by_routine(self, observation: Mapping[str, Any], why: str) -> dict[str, Any]:
        action = self._routine.decide(observation, ())
        return {**action, "reasoning": f"by routine, {why}: {action['reasoning']}"}

    def _action(self, now: Situation, chosen: Chosen) -> dict[str, Any]:
        moment = f"{now.observation['generation']}-{now.tick}"
        self._numbers = (moment, self._numbers[1] + 1 if self._numbers[0] == moment else 0)
        return {
            "id": f"{self._persona.id}-{moment}-m{self._numbers[1]}",
            "action": chosen.action,
            "parameters": dict(chosen.parameters),
            "observation_id": now.observation["id"],
            "reasoning": chosen.reasoning or "as a model thought",
        }


def _answered(thought: Mapping[str, Any]) -> bool:
    """Whether a model has said something.

    Raises:
        _Unpaid: there was no budget to ask one.
    """
    if thought.get("code") == "budget":
        raise _Unpaid(asleep=bool(thought.get("asleep")))
    return thought.get("code") is None
