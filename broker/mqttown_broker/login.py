"""Who is let in: the decision on one CONNECT, the same for every broker that asks us."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from mqttown_broker import grants
from mqttown_broker.credentials import Credential
from mqttown_broker.grants import Grants
from mqttown_contract.types import is_id, is_service_name

__all__ = ["Admission", "CredentialSource", "Login", "Refused", "admit", "is_known_service", "still_valid"]

_NOBODY: Mapping[str, Credential] = {}


class Refused(Exception):
    """A CONNECT is refused; the text says why, for the log."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a CONNECT says about its sender."""

    username: str
    key: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Admission:
    """A CONNECT that is let in. `credential` is None for a spectator."""

    login: Login
    grants: Grants
    credential: Credential | None


class CredentialSource(Protocol):
    """Where credentials come from."""

    def known(self, name: str) -> Mapping[str, Credential] | None:
        """The credentials of a name by tag, from memory; None for a name that was never registered."""

    async def read(self, name: str) -> Mapping[str, Credential] | None:
        """The same, from the truth. It may be as slow as a database.

        Raises:
            Refused: the truth is out of reach.
        """


async def admit(source: CredentialSource, town: str, login: Login) -> Admission:
    """Decide on a CONNECT.

    A good key is answered from memory. Anything else is looked up once more, so that a key works
    from the moment it is written, however late its announcement.

    Raises:
        Refused: not let in.
    """
    if not login.username:
        return Admission(login, _spectator(source, town, login), None)
    if login.client_id != login.username:
        raise Refused(f"client id {login.client_id!r} is not the user name {login.username!r}")
    name, tilde, tag = login.username.partition("~")
    if not is_id(name) or (tilde and not is_id(tag)):
        raise Refused(f"user name {login.username!r} is not NAME or NAME~TAG")
    try:
        credential = _check(source.known(name) or _NOBODY, login, tag)
    except Refused:
        credential = _check(await source.read(name) or _NOBODY, login, tag)
    if credential.kind == "service":
        return Admission(login, grants.of_service(town, name), credential)
    if credential.home_district is None:
        raise Refused(f"agent {name!r} has no home district")
    return Admission(login, grants.narrowed(grants.of_agent(town, credential.home_district, name), credential.scope), credential)


def is_known_service(source: CredentialSource, login: Login) -> bool:
    """Say whether one of our own services is sure to be let in: its key is good, and in memory."""
    name, _, tag = login.username.partition("~")
    if not is_service_name(name):
        return False
    try:
        return _check(source.known(name) or _NOBODY, login, tag).kind == "service"
    except Refused:
        return False


def still_valid(source: CredentialSource, admission: Admission) -> bool:
    """Say whether the credential that let a connection in is unchanged and valid now."""
    if admission.credential is None:
        return True
    name, _, tag = admission.login.username.partition("~")
    credential = _choose(source.known(name) or _NOBODY, tag)
    return credential is not None and credential.is_valid(datetime.now(UTC)) and credential == admission.credential


def _choose(credentials: Mapping[str, Credential], tag: str) -> Credential | None:
    """A tag's own credential where there is one, else the first one."""
    return credentials.get(tag) or credentials.get("")


def _check(credentials: Mapping[str, Credential], login: Login, tag: str) -> Credential:
    credential = _choose(credentials, tag)
    if credential is None:
        raise Refused(f"{login.username!r} is not registered")
    if not credential.opens_with(login.key):
        raise Refused(f"wrong key for {login.username!r}")
    if not credential.is_valid(datetime.now(UTC)):
        raise Refused(f"the key of {login.username!r} is revoked or expired")
    return credential


def _spectator(source: CredentialSource, town: str, login: Login) -> Grants:
    if login.key:
        raise Refused("a key without a user name")
    name = login.client_id.partition("~")[0]
    if is_service_name(name) or source.known(name) is not None:
        raise Refused(f"client id {login.client_id!r} belongs to a registered name")
    return grants.of_spectator(town)
