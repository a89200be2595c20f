"""Who may enter Mosquitto and do what there: its password file and its access list, made from the credentials."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from mqttown_broker import grants
from mqttown_broker.credentials import Credential, mosquitto_hash
from mqttown_broker.grants import Grants
from mqttown_broker.remote import mosquitto_acl
from mqttown_contract import topics

__all__ = ["CLI_TAGS", "GATE", "SPECTATOR", "SPECTATORS", "Roster"]

SPECTATOR: Final = "Spectator"
"""User name of spectators, also with `~1` and so on behind it. A capital, so no agent and no service can have it."""
SPECTATORS: Final = 64
GATE: Final = "Gate"
CLI_TAGS: Final = tuple(f"{number:02x}" for number in range(256))
"""Tags by which the command line may come several times at once."""


class Roster:
    """The users of a Mosquitto, kept ready as text by name, so that a change of one costs that one.

    An agent's grants are `pattern` lines of Mosquitto with the user name in them, the same for all: a block for each of 10,000
    users would cost it two seconds a reload. A user with a tag, or with a key of a narrower scope, gets a block of its own.

    Args:
        town: id of the town.
        spectator_key: what spectators come in by.
        gate_key: what the gate itself listens to agents by, to count what they say.
    """

    def __init__(self, town: str, spectator_key: str, gate_key: str) -> None:
        self._town = town
        self._lines: dict[str, tuple[str, str]] = {}
        everybody = _spectators(town, spectator_key)
        listener = mosquitto_acl([(GATE, Grants((), (topics.agent_out(town, "+", "+", "+"),)))])
        self._fixed = (f"{everybody[0]}{GATE}:{mosquitto_hash(gate_key)}\n", everybody[1] + listener)
        agent = grants.of_agent(town, "+", "%u")
        self._patterns = "".join(
            [f"pattern write {one}\n" for one in agent.publish] + [f"pattern read {one}\n" for one in agent.subscribe]
        )

    def put(self, name: str, credentials: Mapping[str, Credential] | None, *, shut: bool = False) -> bool:
        """Take in the credentials of a name by tag, as they are now; return whether that changes a file.

        Args:
            name: the agent's or the service's.
            credentials: None where the name was never registered.
            shut: keep it out all the same.
        """
        made = ("", "") if shut or not credentials else self._lines_of(name, credentials)
        before = self._lines.get(name, ("", ""))
        if made == before:
            return False
        self._lines[name] = made
        return True

    def passwords(self) -> str:
        """The text of `password_file`."""
        return self._fixed[0] + "".join(line[0] for line in self._lines.values())

    def access(self) -> str:
        """The text of `acl_file`."""
        return self._patterns + self._fixed[1] + "".join(line[1] for line in self._lines.values())

    def _lines_of(self, name: str, credentials: Mapping[str, Credential]) -> tuple[str, str]:
        now = datetime.now(UTC)
        valid = {tag: one for tag, one in sorted(credentials.items()) if one.is_valid(now) and one.mosquitto_hash}
        users = {f"{name}~{tag}" if tag else name: one for tag, one in valid.items()}
        if name == "cli" and "" in valid:
            users |= {f"{name}~{tag}": valid[""] for tag in CLI_TAGS}
        passwords = "".join(f"{user}:{one.mosquitto_hash}\n" for user, one in users.items())
        return passwords, "".join(self._block(name, user, one) for user, one in users.items())

    def _block(self, name: str, user: str, credential: Credential) -> str:
        if credential.kind == "service":
            return mosquitto_acl([(user, grants.of_service(self._town, name))])
        district = credential.home_district or ""
        full = grants.of_agent(self._town, district, name)
        if user != name:
            return mosquitto_acl([(user, grants.narrowed(full, credential.scope))])
        if credential.scope == "full":
            return ""
        # The patterns grant all; what is denied in a block goes before them.
        every = grants.of_agent(self._town, "+", name)
        denied = every.publish if credential.scope == "listen" else every.subscribe
        return mosquitto_acl([(user, Grants((), (), denied))])


def _spectators(town: str, key: str) -> tuple[str, str]:
    users = (SPECTATOR, *(f"{SPECTATOR}~{number}" for number in range(1, SPECTATORS + 1)))
    hashed = mosquitto_hash(key)
    seen = grants.of_spectator(town)
    return "".join(f"{user}:{hashed}\n" for user in users), mosquitto_acl((user, seen) for user in users)
