"""All that changes in the town, in whole numbers: centimetres, cents, permille, ticks."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from mqttown_orchestrator.world.outdoors import Outdoors

__all__ = ["NEVER", "Body", "Decided", "Doing", "Need", "State", "Walk"]

NEVER: Final = 1 << 60
"""A tick that doesn't come."""

Doing = Literal["idle", "walking", "working", "eating", "sleeping"]

Decided = tuple[int, str, str, str, str | None, str | None]
"""A decided action: tick, event ids parted by spaces, code ("" if accepted), detail, path, allowed as JSON. Flat, because
an agent keeps 256 of them."""


@dataclass(slots=True)
class Need:
    """A need that changes evenly: `value` permille at tick `since`, and `rate` permille an hour from then on."""

    value: int
    since: int
    rate: int


@dataclass(slots=True)
class Walk:
    """A walk on its way.

    Attributes:
        to: building to go to, or None for a point in the open.
        why: `move_to` or `absent`.
        nodes: street nodes on the way, in order.
        points: start, each node, and goal, as [x, y] in cm.
        marks: how far along each point is, cm; the last is the length of the way.
        source: where it starts on the streets, as in `Body.anchors`.
        goal: where it ends on the streets.
    """

    to: str | None
    why: str
    nodes: list[int]
    points: list[list[int]]
    marks: list[int]
    source: list[list[int]]
    goal: list[list[int]]


@dataclass(slots=True)
class Body:
    """One agent in the world.

    Attributes:
        kind: `hosted` or `external`.
        home, job: ids, or None.
        building: where it is in, or None in the open.
        x, y: where it stands, or where its walk began, cm.
        anchors: its place on the streets: [node, cm to it], one, or two in the middle of an edge.
        doing, began, until, cause, subject: the present activity: since when, until when if known, the event that began it,
            and its item or job.
        waits_until: tick of the end of a `wait`.
        away_since: tick since which nobody drives it, or None.
        due: no later than the next tick at which something happens to it by itself.
        heard, seen: newest witnessed events, words and others, oldest first.
        decided: newest decided actions by id, oldest first.
    """

    id: str
    name: str
    kind: str
    home_district: str
    home: str | None
    job: str | None
    building: str | None
    x: int
    y: int
    anchors: list[list[int]]
    needs: dict[str, Need]
    doing: Doing = "idle"
    began: int = 0
    until: int | None = None
    cause: str | None = None
    subject: str | None = None
    walk: Walk | None = None
    inventory: dict[str, int] = field(default_factory=dict)
    waits_until: int | None = None
    away_since: int | None = None
    due: int = NEVER
    heard: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    decided: dict[str, Decided] = field(default_factory=dict)


@dataclass(slots=True)
class State:
    """The town at one tick.

    The order of every dict and list is part of the state: it is dumped, hashed and loaded with it.

    Attributes:
        bodies: agents by id.
        accounts: cents by account; the sum is always 0.
        owner: agent by building, where somebody owns it.
        stock: pieces by item, by building.
        inside: agents in a building, in the order in which they came in; neighbours in it stand next to each other.
        altered: what interventions have changed in the town as it was built (`altered.py`); empty where there were none, and then
            left out of the dump.
        dues: who is due at a tick; an entry holds only if the body's `due` agrees. Derived.
        holdings: buildings by owner. Derived.
        outdoors: who is in the open, and where. Derived.
    """

    tick: int
    weather: str
    bodies: dict[str, Body] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    owner: dict[str, str] = field(default_factory=dict)
    stock: dict[str, dict[str, int]] = field(default_factory=dict)
    inside: dict[str, list[str]] = field(default_factory=dict)
    altered: dict[str, Any] = field(default_factory=dict)
    dues: dict[int, list[str]] = field(default_factory=dict, compare=False, repr=False)
    holdings: dict[str, list[str]] = field(default_factory=dict, compare=False, repr=False)
    outdoors: Outdoors = field(default_factory=Outdoors, compare=False, repr=False)

    def wake_by(self, body: Body, tick: int) -> None:
        """See to it that `body` is looked at no later than at `tick`."""
        if tick < body.due:
            body.due = tick
            self.dues.setdefault(tick, []).append(body.id)

    def derive(self) -> None:
        """Make the derived parts anew, after loading."""
        self.dues = {}
        for body in self.bodies.values():
            if body.due != NEVER:
                self.dues.setdefault(body.due, []).append(body.id)
        self.holdings = {}
        for building, agent in self.owner.items():
            self.holdings.setdefault(agent, []).append(building)
        self.outdoors = Outdoors()
        for body in self.bodies.values():
            if body.building is None:
                self.outdoors.add(body.id)

    def put(self, body: Body, building: str | None) -> None:
        """Move `body` into a building, or into the open; the one place where this changes."""
        if body.building is None:
            self.outdoors.discard(body.id)
        else:
            there = self.inside[body.building]
            there.remove(body.id)
            if not there:
                del self.inside[body.building]
        self.enter(body, building)

    def enter(self, body: Body, building: str | None) -> None:
        """Put a new body into a building, or into the open."""
        body.building = building
        if building is None:
            self.outdoors.add(body.id)
        else:
            self.inside.setdefault(building, []).append(body.id)

    def take_out(self, body: Body) -> None:
        """Take a body out of the town for good."""
        self.put(body, None)
        self.outdoors.discard(body.id)
        del self.bodies[body.id]

    def account(self, name: str) -> int:
        """Cents in an account; one that was never used is empty."""
        return self.accounts.get(name, 0)

    def own(self, building: str, agent: str) -> None:
        """Make somebody the owner of a building that nobody owns."""
        self.owner[building] = agent
        self.holdings.setdefault(agent, []).append(building)

    def disown(self, agent: str) -> None:
        """Take from somebody all that they own."""
        for building in self.holdings.pop(agent, []):
            del self.owner[building]
