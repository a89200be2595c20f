"""The residents' behaviour tree: what comes before what.

One tree serves all minds of a process: its leaves hold nothing between two decisions, so a mind only lends it its turn. (A tree
of its own for each of 10,000 residents would take 200 MB.)
"""

from collections.abc import Callable, Iterator
from collections.abc import Sequence as Several
from typing import Final

from py_trees.behaviour import Behaviour
from py_trees.common import Status
from py_trees.composites import Selector, Sequence

from mqttown_agents.leaves import body, duty, leisure, meeting, reply, talk, trade
from mqttown_agents.turn import Choice, Turn

__all__ = ["Leaf", "Tree"]

_Decide = Callable[[Turn], Choice | None]
_Ask = Callable[[Turn], bool]

_TALK: Final[tuple[_Decide, ...]] = (
    reply.reply,
    trade.hand_over,
    talk.greet,
    talk.pass_on,
    meeting.invite,
    trade.give_spare,
    trade.offer_to_buy,
    talk.ask,
    talk.remark,
)
_BODY: Final[tuple[_Decide, ...]] = (body.eat, body.buy_meal, body.go_to_eat)
_REST: Final[tuple[_Decide, ...]] = (
    leisure.go_on,
    duty.work,
    meeting.keep_appointment,
    body.sleep,
    leisure.claim,
    leisure.treat,
    leisure.stay,
    leisure.go_out,
    leisure.go_home,
    leisure.let_time_pass,
)


class Tree:
    """The tree, ready to decide any resident's turn.

    Args:
        talk: whether residents speak at all.

    Attributes:
        talks: likewise.
        turn: whose turn it is.
        choice: what the last leaf has come to.
    """

    def __init__(self, *, talk: bool = True) -> None:
        self.talks = talk
        self.turn: Turn | None = None
        self.choice: Choice | None = None
        branches: list[_Quick | _First | _When] = []
        if talk:
            branches.append(_When("in company", _Condition(self, "in company", _in_company), self._first("talk", _TALK)))
        branches.append(_When("hungry", _Condition(self, "hungry", body.hungry), self._first("body", _BODY)))
        self._root = _First("resident", [*branches, *(Leaf(self, decide) for decide in _REST)])

    def decide(self, turn: Turn) -> Choice:
        """What the resident whose turn it is does next."""
        self.turn, self.choice = turn, None
        self._root.tick_once()
        self.turn = None
        choice = self.choice
        if choice is None:  # The last leaf always chooses.
            raise AssertionError("no leaf has come to a choice")
        return choice

    def _first(self, name: str, decisions: tuple[_Decide, ...]) -> "_First":
        return _First(name, [Leaf(self, decide) for decide in decisions])


class _Quick(Behaviour):
    """A leaf that is done at once: never running, nothing to set up or to clean up.

    py_trees writes debug lines for each tick of a behaviour, even into the void, walks through generators, and resets those
    that may still be running; without that a decision takes half the time. So here a whole tick is one call of `update`.
    """

    def __init__(self, tree: "Tree", name: str) -> None:
        super().__init__(name)
        self._tree = tree

    def tick(self) -> Iterator[Behaviour]:
        """As `Behaviour.tick`, for a leaf that is done at once."""
        self.status = self.update()
        yield self

    def stop(self, new_status: Status) -> None:
        """As `Behaviour.stop`, for a leaf that has nothing to stop."""
        self.status = new_status


class _First(Selector):
    """A selector of quick children: the first that succeeds."""

    def __init__(self, name: str, children: "Several[_Quick | _First | _When]") -> None:
        super().__init__(name, memory=False, children=children)
        self._asked = tuple(child.update for child in children)

    def update(self) -> Status:
        """Ask the children in turn."""
        for ask in self._asked:
            if ask() is Status.SUCCESS:
                return Status.SUCCESS
        return Status.FAILURE

    def tick(self) -> Iterator[Behaviour]:
        """As `Selector.tick`, for children that are done at once."""
        self.status = self.update()
        yield self


class _When(Sequence):
    """A sequence of two: something holds, and then something is done."""

    def __init__(self, name: str, condition: "_Condition", then: _First) -> None:
        super().__init__(f"when {name}", memory=False, children=[condition, then])
        self._holds, self._then = condition.update, then.update

    def update(self) -> Status:
        """Ask whether it holds, and only then go on."""
        return self._then() if self._holds() is Status.SUCCESS else Status.FAILURE

    def tick(self) -> Iterator[Behaviour]:
        """As `Sequence.tick`, for children that are done at once."""
        self.status = self.update()
        yield self


class Leaf(_Quick):
    """A leaf that succeeds with a choice, or fails without one."""

    def __init__(self, tree: "Tree", decide: _Decide) -> None:
        super().__init__(tree, decide.__name__)
        self._decide = decide

    def update(self) -> Status:
        """Come to a choice if one can."""
        turn = self._tree.turn
        choice = self._decide(turn) if turn is not None else None
        if choice is None:
            return Status.FAILURE
        self._tree.choice = choice
        return Status.SUCCESS


class _Condition(_Quick):
    """A leaf that succeeds while something holds."""

    def __init__(self, tree: "Tree", name: str, holds: _Ask) -> None:
        super().__init__(tree, name)
        self._holds = holds

    def update(self) -> Status:
        turn = self._tree.turn
        return Status.SUCCESS if turn is not None and self._holds(turn) else Status.FAILURE


def _in_company(turn: Turn) -> bool:
    """Whether there is somebody to talk to, something to say, and breath left to do so."""
    if turn.now.doing == "sleeping" or not turn.now.company or not turn.notebook.may_talk():
        return False
    return bool(turn.notebook.owed or turn.notebook.proposals or talk.talkative_with(turn))
