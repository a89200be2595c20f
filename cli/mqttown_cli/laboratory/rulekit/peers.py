"""The same rules in Mesa, which is not typed, to compare with: each class takes the parameters of its namesake here."""

from typing import Any

import mesa
from mesa.examples.basic.schelling.model import Schelling as MesasSchelling

from mqttown_cli.laboratory.rulekit.sir import random_edges

__all__ = ["Boltzmann", "Schelling", "Sir"]


class Giver(mesa.Agent):  # type: ignore[misc]
    """Gives an amount by chance to anybody by chance, if it has it."""

    def __init__(self, model: "Boltzmann") -> None:
        super().__init__(model)
        self.wealth = model.wealth

    def step(self) -> None:
        """Give."""
        if self.random.random() >= self.model.lively:
            return
        to, amount = self.random.choice(self.model.everybody), self.random.randint(1, self.model.most)
        if to is not self and self.wealth >= amount:
            self.wealth -= amount
            to.wealth += amount


class Boltzmann(mesa.Model):  # type: ignore[misc]
    """Wealth exchange; with `most` and `lively` 1 it is Mesa's tutorial."""

    def __init__(self, *, seed: int, agents: int = 100, wealth: int = 100, most: int = 200, lively: float = 0.25) -> None:
        super().__init__(seed=seed)
        self.wealth, self.most, self.lively = wealth, most, lively
        Giver.create_agents(self, agents)
        self.everybody = list(self.agents)

    def step(self) -> None:
        """Everybody gives, in an order by chance."""
        self.agents.shuffle_do("step")


class Schelling(MesasSchelling):  # type: ignore[misc]
    """Mesa's own example, unchanged but for the names of its parameters."""

    def __init__(
        self, *, seed: int, width: int = 20, height: int = 20, density: float = 0.8, minority: float = 0.5, homophily: float = 0.4
    ) -> None:
        super().__init__(height=height, width=width, density=density, minority_pc=minority, homophily=homophily, seed=seed)
        self.running = self.happy < len(self.agents)

    def likeness(self, agent: Any) -> float | None:
        """Share of somebody's neighbours who are of their group; None without neighbours."""
        near = [other.type for other in agent.cell.get_neighborhood(radius=1).agents]
        return near.count(agent.type) / len(near) if near else None


class Person(mesa.Agent):  # type: ignore[misc]
    """Susceptible, ill or recovered."""

    def __init__(self, model: "Sir", number: int) -> None:
        super().__init__(model)
        self.state = "ill" if number < model.ill else "susceptible"
        self.contacts: list[Person] = []
        self.exposed = False

    def fall_ill(self) -> None:
        """Fall ill of what the last step brought."""
        if self.exposed and self.state == "susceptible":
            self.state = "ill"
        self.exposed = False

    def cough(self) -> None:
        """Expose some contacts, and perhaps get well."""
        if self.state != "ill":
            return
        for other in self.contacts:
            if self.random.random() < self.model.spread:
                other.exposed = True
        if self.random.random() < self.model.recovery:
            self.state = "recovered"


class Sir(mesa.Model):  # type: ignore[misc]
    """An epidemic on a random graph; the graph of a seed is the same as here."""

    def __init__(
        self, *, seed: int, agents: int = 200, contacts: float = 6.0, spread: float = 0.1, recovery: float = 0.3, ill: int = 5
    ) -> None:
        super().__init__(seed=seed)
        self.spread, self.recovery, self.ill = spread, recovery, ill
        people = [Person(self, number) for number in range(agents)]
        for one, other in random_edges(agents, contacts / (agents - 1), seed):
            people[one].contacts.append(people[other])
            people[other].contacts.append(people[one])

    def step(self) -> None:
        """Everybody at once: those who were exposed fall ill, then those who are ill cough."""
        self.agents.do("fall_ill")
        self.agents.do("cough")
        self.running = any(one.state == "ill" or (one.exposed and one.state == "susceptible") for one in self.agents)

    def count(self, state: str) -> int:
        """How many are `susceptible`, `ill` or `recovered`."""
        return sum(one.state == state for one in self.agents)
