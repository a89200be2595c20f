"""A lockstep town: each observation is answered by one action before the next tick, so a run depends on the seed alone."""

from mqttown_orchestrator.citizens import Citizen
from mqttown_orchestrator.town import Town

__all__ = ["Lockstep"]


class Lockstep:
    """Knows whom the next tick waits for.

    Attributes:
        on: whether the town runs in lockstep.
        patience: a tick waits at most so long, seconds.
        overdue: how many answers were not waited for any longer.
    """

    def __init__(self, town: Town, *, on: bool, patience: float) -> None:
        self.on = on
        self.patience = patience
        self.overdue = 0
        self._town = town
        self._owing: dict[str, Citizen] = {}
        self._absent = {citizen.id for citizen in town.citizens if on and (citizen.placement or "").startswith("host-")}

    def observed(self, citizen: Citizen) -> None:
        """An observation is on its way to a citizen."""
        if self.on and citizen.lockstep:
            citizen.owed += 1
            self._owing[citizen.id] = citizen

    def acted(self, citizen: Citizen) -> None:
        """A citizen has answered one observation."""
        if citizen.owed:
            citizen.owed -= 1
            if not citizen.owed:
                self._owing.pop(citizen.id, None)

    def greeted(self, citizen: Citizen) -> None:
        """A citizen has said hello: it owes nothing of before, and the first tick needn't wait for it."""
        self._absent.discard(citizen.id)
        self.excuse(citizen)

    def excuse(self, citizen: Citizen) -> None:
        """A citizen owes nothing any more: it has gone, or begins anew."""
        citizen.owed = 0
        self._owing.pop(citizen.id, None)

    @property
    def unborn(self) -> int:
        """Hosted citizens whose first hello a lockstep town waits for before its first tick, without limit."""
        return len(self._absent)

    @property
    def owing(self) -> int:
        """Citizens who have not answered yet."""
        return len(self._owing)

    def give_up(self) -> None:
        """Go on without those who have not answered."""
        for citizen in list(self._owing.values()):
            self.overdue += citizen.owed
            self.excuse(citizen)
