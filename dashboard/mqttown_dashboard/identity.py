"""Who sends a request: a bearer token read as a caller with a role."""

from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import SecretStr

from mqttown_dashboard.portal import API_KEY_PREFIX, Portal, SignedIn
from mqttown_dashboard.secret import same
from mqttown_dashboard.settings import Settings
from mqttown_dashboard.tokens import TokenError, Tokens

__all__ = ["NOBODY", "SCOPES", "Caller", "Identity", "Role", "Scope"]

Role = Literal["anyone", "agent", "owner", "researcher", "operator", "service"]
Scope = Literal["read", "agents", "operate", "account"]
SCOPES: Final[dict[str, str]] = {
    "read": "see what the account may see",
    "agents": "register agents, make and revoke their keys",
    "operate": "what operators may do",
}
"""What an API key can be made for. `account` (password, sessions, API keys) needs a session."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request.

    Attributes:
        role: `anyone` is nobody in particular.
        name: the account; the role where a token of the operator's settings is used; the agent's user name for an agent.
        scopes: None for all.
        session: of a person that has signed in.
        key: of an agent, with which the door speaks for it.
    """

    role: Role
    name: str = ""
    scopes: frozenset[str] | None = None
    session: str | None = None
    key: str = field(default="", repr=False)

    def may(self, scope: Scope) -> bool:
        """Whether its key, if it came by one, was made for this."""
        return self.scopes is None or scope in self.scopes


NOBODY: Final = Caller("anyone")


class Identity:
    """Reads bearer tokens.

    Args:
        settings: with the tokens of operator, researchers and the metrics' reader.
        portal: accounts.
        tokens: signs and reads access tokens.
    """

    def __init__(self, settings: Settings, portal: Portal, tokens: Tokens) -> None:
        self._known: tuple[tuple[Role, SecretStr | None], ...] = (
            ("operator", settings.operator_token),
            ("researcher", settings.researcher_token),
            ("service", settings.metrics_token),
        )
        self._portal = portal
        self._tokens = tokens

    async def caller(self, token: str) -> Caller | None:
        """Whose token this is; None if it is none of ours: it may be an agent's.

        Raises:
            TokenError: it looks like one of ours and is not good.
        """
        for role, secret in self._known:
            if secret is not None and same(secret.get_secret_value(), token):
                # A token out of the settings has no account, so nothing to sign out of and no keys.
                return Caller(role, role, frozenset({"read", "agents", "operate"}))
        if token.startswith(API_KEY_PREFIX):
            return _as_caller(await self._portal.holder(token), "this API key is not valid, or no longer")
        if token.count(".") == 2:
            claims = self._tokens.read(token)
            return _as_caller(await self._portal.session(claims.session, claims.account), "this session is over; sign in again")
        return None


def _as_caller(found: SignedIn | None, otherwise: str) -> Caller:
    if found is None:
        raise TokenError(otherwise)
    return Caller(found.role, found.account, found.scopes, found.session)
