"""What commands change in the journal's tables, as SQL for `journal.py` to run."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

__all__ = ["Statement", "add_agent", "journal_command", "let_in", "permit", "quarantine", "retire", "shut_out"]

Statement = tuple[str, tuple[Any, ...]]
"""SQL and its arguments."""

_NEW_AGENT: Final = ("id", "name", "kind", "home_district", "owner", "tagline", "plan", "placement", "registered_tick")


def add_agent(row: Mapping[str, Any]) -> Statement:
    """A new row of `agents`."""
    marks = ", ".join(f"${number}" for number in range(1, len(_NEW_AGENT) + 1))
    return f"INSERT INTO town.agents ({', '.join(_NEW_AGENT)}) VALUES ({marks})", tuple(row[name] for name in _NEW_AGENT)  # noqa: S608  names of ours


def retire(agent: str, tick: int) -> Statement:
    """The agent has left for good."""
    return "UPDATE town.agents SET revoked_tick = $2 WHERE id = $1", (agent, tick)


def quarantine(agent: str, why: str | None) -> Statement:
    """The agent is held, and why; or not any more."""
    return "UPDATE town.agents SET quarantined = $2 WHERE id = $1", (agent, why)


def permit(agent: str, verbs: Sequence[str] | None) -> Statement:
    """The agent may use these verbs; None for all."""
    return "UPDATE town.agents SET allowed_actions = $2 WHERE id = $1", (agent, verbs)


def let_in(
    agent: str,
    tag: str,
    key_hash: str,
    home_district: str,
    *,
    mosquitto_hash: str | None = None,
    scope: str = "full",
    expires: datetime | None = None,
) -> Statement:
    """The agent may connect with this key, in place of a former one with that tag."""
    return (
        (
            "INSERT INTO town.credentials (agent, tag, key_hash, kind, home_district, mosquitto_hash, scope, expires) "
            "VALUES ($1, $2, $3, 'agent', $4, $5, $6, $7) ON CONFLICT (agent, tag) DO UPDATE SET key_hash = EXCLUDED.key_hash, "
            "mosquitto_hash = EXCLUDED.mosquitto_hash, scope = EXCLUDED.scope, expires = EXCLUDED.expires, revoked = NULL"
        ),
        (agent, tag, key_hash, home_district, mosquitto_hash, scope, expires),
    )


def shut_out(agent: str, tag: str | None) -> Statement:
    """The agent's key with this tag is of no use any more; None for all of them."""
    return (
        (
            "UPDATE town.credentials SET revoked = now() "
            "WHERE agent = $1 AND kind = 'agent' AND revoked IS NULL AND ($2::text IS NULL OR tag = $2)"
        ),
        (agent, tag),
    )


def journal_command(
    command_id: str, service: str, command: str, parameters: Mapping[str, Any], answer: Mapping[str, Any]
) -> Statement:
    """A command, without secrets, and its answer."""
    return (
        (
            "INSERT INTO town.commands (id, service, command, parameters, tick, status, detail, answer) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (service, id) DO NOTHING"
        ),
        (command_id, service, command, parameters, answer["tick"], answer["status"], answer["detail"], answer),
    )
