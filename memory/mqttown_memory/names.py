"""What people call the ids of the town: agents, buildings, items and jobs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import orjson

from mqttown_contract.events import Event

__all__ = ["Names"]


@dataclass(slots=True)
class Names:
    """Public names by id; an id without a name stands for itself."""

    agents: dict[str, str] = field(default_factory=dict)
    buildings: dict[str, str] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_town(cls, compiled: Mapping[str, Any]) -> Self:
        """Read the names out of a compiled town."""
        return cls(
            agents={person["id"]: person["name"] for person in compiled["people"]},
            buildings={building["id"]: building["name"] for building in compiled["buildings"]},
            items={item["id"]: item["name"] for item in compiled["items"]},
            jobs={job["id"]: job["title"] for job in compiled["jobs"]},
        )

    @classmethod
    def of_file(cls, file: Path) -> Self:
        """Read the names out of a compiled town's file.

        Raises:
            FileNotFoundError: there is none.
        """
        return cls.of_town(orjson.loads(file.read_bytes()))

    def learn(self, events: Iterable[Event]) -> None:
        """Take the names of those who register."""
        for event in events:
            if event.kind == "registered" and event.agent:
                self.agents[event.agent] = event.data["name"]

    def agent(self, agent: str) -> str:
        """An agent's public name."""
        return self.agents.get(agent, agent)

    def building(self, building: str) -> str:
        """A building's name."""
        return self.buildings.get(building, building)

    def item(self, item: str) -> str:
        """An item's name."""
        return self.items.get(item, item)

    def job(self, job: str) -> str:
        """A job's title."""
        return self.jobs.get(job, job)
