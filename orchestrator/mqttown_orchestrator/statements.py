"""What commands change in the journal's tables, as SQL for `journal.py` to run."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from mqttown_contract.permissions import Permissions

__all__ = [
    "Statement",
    "add_agent",
    "clear_flag",
    "enter_held",
    "flag",
    "hold",
    "journal_command",
    "let_in",
    "permit",
    "quarantine",
    "retire",
    "settle_held",
    "shut_out",
]

Statement = tuple[str, tuple[Any, ...]]
"""SQL and its arguments."""

_NEW_AGENT: Final = (
    "id", "name", "kind", "home_district", "owner", "tagline", "plan", "placement", "registered_tick", "allowed_actions",
    "permissions",
)  # fmt: skip


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


def permit(agent: str, permissions: Permissions) -> Statement:
    """The agent may do this."""
    limits = permissions.model_dump(exclude={"allowed_actions"}, exclude_none=True)
    return (
        "UPDATE town.agents SET allowed_actions = $2, permissions = $3 WHERE id = $1",
        (agent, permissions.allowed_actions, limits),
    )


def hold(number: int, agent: str, action_id: str, parameters: Mapping[str, Any], rule: str, says: str, score: int) -> Statement:
    """Words that wait for an operator."""
    sql = (
        "INSERT INTO town.held (id, agent, action_id, parameters, rule, says, score) VALUES ($1, $2, $3, $4, $5, $6, $7) "
        "ON CONFLICT (id) DO NOTHING"
    )
    return sql, (number, agent, action_id, parameters, rule, says, score)


def settle_held(number: int, status: str) -> Statement:
    """An operator has read held words: `passed` or `refused`."""
    return "UPDATE town.held SET status = $2, decided = now() WHERE id = $1 AND status = 'waiting'", (number, status)


def enter_held(number: int, tick: int) -> Statement:
    """Passed words have come into the world."""
    return "UPDATE town.held SET entered_tick = $2 WHERE id = $1", (number, tick)


def flag(number: int, tick: int, agent: str, owner: str | None, points: int, signs: Mapping[str, int]) -> Statement:
    """An operator is asked to look at an agent."""
    sql = (
        "INSERT INTO town.flags (id, tick, agent, owner, score, signs) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING"
    )
    return sql, (number, tick, agent, owner, points, signs)


def clear_flag(number: int) -> Statement:
    """An operator has looked at it."""
    return "UPDATE town.flags SET cleared = now() WHERE id = $1 AND cleared IS NULL", (number,)


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
