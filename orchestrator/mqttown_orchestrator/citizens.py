"""Who belongs to the town, and how each of them is connected. Bodies are in the world; this is the door."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mqttown_contract import topics
from mqttown_contract.errors import Refusal
from mqttown_contract.messages import Hello
from mqttown_contract.permissions import Permissions
from mqttown_orchestrator.witnessed import Witnessed

__all__ = ["Citizen", "Citizens", "Undecided"]


@dataclass(slots=True)
class Undecided:
    """An action that has come and has no verdict yet.

    Attributes:
        refusal: why the pipeline refused it; it is journaled and told with the tick all the same.
        tick: the tick that takes it; None while it waits for one.
        arrived: monotonic seconds.
        pending: whether a second opinion on its words is still to come; no tick takes it, or what came after it, until then.
        note: told with its verdict if it is accepted.
    """

    id: str
    action: str
    parameters: dict[str, Any]
    observation_id: str | None
    expires_tick: int | None
    reasoning: str | None
    traceparent: str | None
    refusal: Refusal | None
    arrived: float
    tick: int | None = None
    pending: bool = False
    note: str | None = None


@dataclass(slots=True)
class Citizen:
    """One agent at the door.

    Attributes:
        owner: public name of the owner, or None.
        plan: name of its rate limits.
        placement: the host that runs it (`host-1`), or None for a stranger.
        quarantined: why it is held, or None.
        asleep: whether it has no budget to think with, and its owner would rather have it sleep.
        permissions: what it may do; `allowed_actions` and `counted` are read from them.
        session: as its newest hello said.
        since, since_tick: when it came or went: UTC in ISO 8601, tick.
        seq: of the newest message to it since its hello.
        hello: one that waits for its answer.
        answered: when the last hello was answered, monotonic seconds.
        undecided: actions without a verdict by id, in order of arrival.
        owed: observations that it still has to answer with an action, in lockstep.
    """

    town: str
    id: str
    name: str
    kind: str
    home_district: str
    owner: str | None
    tagline: str | None
    plan: str
    placement: str | None
    registered_tick: int
    quarantined: str | None = None
    permissions: Permissions = field(default_factory=Permissions)
    online: bool = False
    asleep: bool = False
    session: str | None = None
    since: str = ""
    since_tick: int = 0
    detail: str = "full"
    lockstep: bool = False
    memory: int = 0
    seq: int = 0
    hello: Hello | None = None
    answered: float = float("-inf")
    undecided: dict[str, Undecided] = field(default_factory=dict)
    owed: int = 0
    witnessed: Witnessed = field(default_factory=Witnessed)
    observation_topic: str = field(init=False)
    verdict_topic: str = field(init=False)
    allowed_actions: tuple[str, ...] | None = field(init=False)
    counted: bool = field(init=False)

    def __post_init__(self) -> None:
        """Make once what the hot path needs."""
        self.permit(self.permissions)
        self.observation_topic = self.topic_in("observation")
        self.verdict_topic = self.topic_in("verdict")

    def permit(self, permissions: Permissions) -> None:
        """Set what it may do. `counted`: whether its actions or its money are."""
        self.permissions = permissions
        verbs = permissions.allowed_actions
        self.allowed_actions = None if verbs is None else tuple(verbs)
        self.counted = not permissions.unlimited

    def topic_in(self, channel: str) -> str:
        """Topic on which the town tells it something."""
        return topics.agent_in(self.town, self.home_district, self.id, channel)

    def topic(self, channel: str) -> str:
        """Public topic about it: `card` or `presence`."""
        return topics.agent(self.town, self.home_district, self.id, channel)

    def next_seq(self) -> int:
        """Number of the next message to it."""
        self.seq += 1
        return self.seq

    @property
    def presence(self) -> str:
        """`online`, `offline`, `asleep` or `suspended`."""
        if self.quarantined is not None:
            return "suspended"
        if self.asleep and self.online:
            return "asleep"
        return "online" if self.online else "offline"


class Citizens:
    """All citizens by id, in the order in which they were registered."""

    def __init__(self, town: str, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self._town = town
        self._by_id: dict[str, Citizen] = {}
        self.former: set[str] = set()
        for row in rows:
            if row["revoked_tick"] is None:
                self.add(row)
            else:
                self.former.add(row["id"])

    def add(self, row: Mapping[str, Any]) -> Citizen:
        """Take in a new citizen from its row in `town.agents`."""
        limits = row.get("permissions") or {}
        citizen = Citizen(
            town=self._town,
            **{name: row[name] for name in ("id", "name", "kind", "home_district", "owner", "tagline", "plan", "placement")},
            registered_tick=row["registered_tick"],
            quarantined=row.get("quarantined"),
            permissions=Permissions.model_validate({**limits, "allowed_actions": row.get("allowed_actions")}),
        )
        self._by_id[citizen.id] = citizen
        return citizen

    def remove(self, agent: str) -> Citizen:
        """Let a citizen go for good."""
        self.former.add(agent)
        return self._by_id.pop(agent)

    def get(self, agent: str) -> Citizen | None:
        """The citizen of that id, or None."""
        return self._by_id.get(agent)

    def __contains__(self, agent: str) -> bool:
        """Say whether somebody is a citizen."""
        return agent in self._by_id

    def __len__(self) -> int:
        """How many there are."""
        return len(self._by_id)

    def __iter__(self) -> Iterator[Citizen]:
        """All, in order."""
        return iter(self._by_id.values())
