"""Rights in the schema of the runtime, whose processes may come up after us: taken when they are first needed."""

from pathlib import Path
from typing import Final, Literal

import asyncpg

from mqttown_dashboard.problems import ProblemError

__all__ = ["Part", "Rights"]

Part = Literal["hosting", "spending", "keys"]
_HERE: Final = Path(__file__).parent
_LAST_MADE: Final[dict[Part, str]] = {
    "hosting": "to_regprocedure('runtime.keep_archive(text, bytea)')",
    "spending": "to_regclass('runtime.calls')",
    "keys": "to_regclass('runtime.key_errands')",
}
"""Of the things that each part is made of."""
_WORDS: Final[dict[Part, str]] = {
    "hosting": "This town hosts nobody: its runtime is not there.",
    "spending": "This town has no model gateway, so nobody can think with a model.",
    "keys": "This town's gateway keeps no keys; its operator sets MQTTOWN_KEY_SECRETS for that.",
}


class Rights:
    """Which parts of the runtime are there for us.

    Args:
        url: of the database, as the user that owns everything.
        role: whether our connections take a role of their own, which then must be given the rights.
    """

    def __init__(self, url: str, *, role: bool) -> None:
        self._url = url
        self._role = role
        self._there: set[Part] = set()

    async def have(self, part: Part) -> bool:
        """Whether a part is there; if it is new, its rights are given."""
        if part in self._there:
            return True
        connection = await asyncpg.connect(self._url)
        try:
            if not await connection.fetchval(f"SELECT {_LAST_MADE[part]} IS NOT NULL"):
                return False
            if self._role:
                async with connection.transaction():
                    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('mqttown portal'))")
                    await connection.execute((_HERE / f"{part}.sql").read_text(encoding="utf-8"))
        finally:
            await connection.close()
        self._there.add(part)
        return True

    async def need(self, part: Part) -> None:
        """See that a part is there.

        Raises:
            ProblemError: 503, it is not.
        """
        if not await self.have(part):
            raise ProblemError(503, "unavailable", _WORDS[part])
