"""The audit log: every decision about somebody, chained by hashes, so that no row can be changed or left out unseen.

A row's hash is SHA-256 over its own values and the hash of the row before (Haber and Stornetta, "How to time-stamp a digital
document", 1991). The head of the chain is also noted where snapshots are, in the log and in the metrics: whoever cuts the end
of the table must change those too.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from mqttown_orchestrator.statements import Statement

__all__ = ["FIRST", "Audit", "Verified", "row_hash", "verify"]

FIRST: Final = "0" * 64
"""What the first row names as the hash before it."""


def row_hash(row: Mapping[str, Any]) -> str:
    """Hash of a row: hexadecimal SHA-256 over its values as JSON with sorted keys, `prev_hash` among them.

    Args:
        row: `n`, `wall` (with time zone), `tick`, `kind`, `agent`, `owner`, `what` and `prev_hash`.
    """
    wall = row["wall"].astimezone(UTC).isoformat(timespec="microseconds")
    values = [row["n"], wall, row["tick"], row["kind"], row["agent"], row["owner"], row["what"], row["prev_hash"]]
    return hashlib.sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Audit:
    """Makes the next rows. There is one writer, so it knows the end of the chain by heart.

    Args:
        n: number of the last row; 0 for none.
        head: its hash.

    Attributes:
        n, head: of the last row that has been made.
    """

    def __init__(self, n: int = 0, head: str = FIRST) -> None:
        self.n = n
        self.head = head
        self._noted: list[tuple[str, str | None, str | None, dict[str, Any]]] = []

    def note(self, kind: str, agent: str | None = None, owner: str | None = None, **what: Any) -> None:
        """Keep a decision for the next transaction.

        Args:
            kind: of the decision, like `moderation`.
            agent: whom it is about.
            owner: the agent's.
            **what: JSON values without floating-point numbers, which a database may write differently.
        """
        self._noted.append((kind, agent, owner, what))

    def statements(self, tick: int) -> list[Statement]:
        """What has been noted, as rows at the end of the chain; they go into the transaction that is written next."""
        noted, self._noted = self._noted, []
        return [self._append(tick, *entry) for entry in noted]

    def head_statement(self, tick: int) -> Statement:
        """Note the end of the chain beside a snapshot."""
        sql = "INSERT INTO town.audit_heads (tick, n, hash) VALUES ($1, $2, $3) ON CONFLICT (tick) DO NOTHING"
        return sql, (tick, self.n, self.head)

    def _append(self, tick: int, kind: str, agent: str | None, owner: str | None, what: dict[str, Any]) -> Statement:
        row = {
            "n": self.n + 1, "wall": datetime.now(UTC), "tick": tick, "kind": kind, "agent": agent, "owner": owner,
            "what": what, "prev_hash": self.head,
        }  # fmt: skip
        self.n, self.head = self.n + 1, row_hash(row)
        # A retried transaction writes the same rows again.
        sql = (
            "INSERT INTO town.audit (n, wall, tick, kind, agent, owner, what, prev_hash, hash) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (n) DO NOTHING"
        )
        return sql, (*row.values(), self.head)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of the chain came to.

    Attributes:
        rows: how many are as they were written, from the first on.
        head: hash of the last of them.
        first_bad: number of the first row that is not, or None.
        detail: what is wrong with it.
    """

    ok: bool
    rows: int
    head: str
    first_bad: int | None = None
    detail: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As a plain mapping."""
        return asdict(self)


def verify(rows: Iterable[Mapping[str, Any]], heads: Mapping[int, str]) -> Verified:
    """Recompute the chain.

    Args:
        rows: of `town.audit` in the order of `n`, `what` read from JSON.
        heads: hash by row number, as noted elsewhere.
    """
    n, head = 0, FIRST
    for row in rows:
        fault = _fault(row, n, head, heads)
        if fault is not None:
            return Verified(ok=False, rows=n, head=head, first_bad=n + 1, detail=fault)
        n, head = n + 1, row["hash"]
    if (cut := max(heads, default=0)) > n:
        detail = f"rows {n + 1} to {cut} are cut off: the head of row {cut} is noted elsewhere"
        return Verified(ok=False, rows=n, head=head, first_bad=n + 1, detail=detail)
    return Verified(ok=True, rows=n, head=head)


def _fault(row: Mapping[str, Any], n: int, head: str, heads: Mapping[int, str]) -> str | None:
    if row["n"] != n + 1:
        return f"row {n + 1} is missing"
    if row["prev_hash"] != head:
        return "it does not follow from the row before"
    if row["hash"] != row_hash(row):
        return "its values are not those that were hashed"
    if heads.get(n + 1, row["hash"]) != row["hash"]:
        return "another hash was noted elsewhere for this row: the chain has been made anew"
    return None
