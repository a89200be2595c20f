"""Wealth exchange after Drăgulescu & Yakovenko (2000): everybody hands money to somebody, by chance alone."""

from mqttown_cli.laboratory.rulekit.me import Act, Me
from mqttown_cli.laboratory.rulekit.packs import hall
from mqttown_cli.laboratory.rulekit.played import Played

__all__ = ["Boltzmann"]


class Boltzmann(Played):
    """In each step some agents give somebody an amount. The town refuses whoever does not have it: "You have 3 cents.".

    Drăgulescu and Yakovenko draw one pair at a time. Where all give in each step, giving is evener than being given to, and the
    Gini coefficient stays some percent below; with a quarter of them the two can't be told apart.

    Args:
        seed: of world and agents.
        agents: how many.
        wealth: what each begins with, cents.
        most: the amount is drawn from 1 to this, cents.
        lively: chance that an agent gives in a step; with 1, and `most` 1, it is Mesa's tutorial.
        record: whether tables are kept.
    """

    def __init__(
        self, *, seed: int, agents: int = 100, wealth: int = 100, most: int = 200, lively: float = 0.25, record: bool = True
    ) -> None:
        super().__init__(hall(agents, wealth), seed, record=record)
        self.most, self.lively = most, lively
        self._ids = list(self.agents)

    def act(self, me: Me) -> Act | None:
        """Give an amount by chance to anybody by chance; whoever draws themselves keeps it."""
        if not me.chance(self.lively):
            return None
        to, amount = me.choice(self._ids), 1 + me.below(self.most)
        return None if to == me.id else me.give(to, amount)
