"""Which of the town's numbered messages have come, and whether one is missing."""

__all__ = ["Sequence"]


class Sequence:
    """Takes note of each `seq` since the last hello; keeps only what lies beyond the unbroken beginning."""

    def __init__(self) -> None:
        self._unbroken = 0
        self._beyond: set[int] = set()

    def take(self, seq: int) -> bool:
        """A message has come; say whether it is the first with its number. Number 1 answers a hello, and begins anew."""
        if seq == 1:
            self.clear()
        fresh = seq > self._unbroken and seq not in self._beyond
        if fresh:
            self._beyond.add(seq)
        while self._unbroken + 1 in self._beyond:
            self._unbroken += 1
            self._beyond.discard(self._unbroken)
        return fresh

    @property
    def broken(self) -> bool:
        """Whether a number is missing below one that has come."""
        return bool(self._beyond)

    def clear(self) -> None:
        """Forget all numbers: a new connection, or a new hello."""
        self._unbroken = 0
        self._beyond.clear()
