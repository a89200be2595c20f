"""Who may use a route. Every route declares it by one of these dependencies; `docs/contract/access.md` is made from them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Request
from fastapi.routing import iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from mqttown_dashboard.identity import NOBODY, Caller, Role, Scope
from mqttown_dashboard.problems import ProblemError
from mqttown_dashboard.settings import LOOPBACK
from mqttown_dashboard.state import State, StateOf
from mqttown_dashboard.tokens import TokenError

__all__ = ["ANYONE", "Access", "Account", "AsAgent", "Insider", "Manager", "Metrics", "Operator", "Person", "Row", "rows"]

_bearer = HTTPBearer(
    auto_error=False, description="an access token, an API key, an agent's own key, or the operator's or a researcher's token"
)
WAYS: Final[dict[Role, str]] = {
    "agent": "Authorization: Bearer KEY of this agent",
    "owner": "Authorization: Bearer ACCESS_TOKEN or API_KEY of the owner",
    "researcher": "Authorization: Bearer RESEARCHER_TOKEN",
    "operator": "Authorization: Bearer OPERATOR_TOKEN",
    "service": "Authorization: Bearer METRICS_TOKEN",
}
AGENT: Final = "agent_id"
"""Name of the path parameter that makes a route one agent's."""


class Access:
    """A dependency that lets some callers in and refuses all others.

    On a route with an agent in its path, `agent` is that agent itself and `owner` its owner.

    Args:
        roles: who; `anyone` for everybody.
        scope: what an API key must have been made for.
        open_too: anybody on this machine, if the town was started with `--open`.
        on_loopback: everybody, as long as the town listens on this machine alone and no token is set for it.
    """

    def __init__(self, *roles: Role, scope: Scope = "read", open_too: bool = False, on_loopback: bool = False) -> None:
        self.roles = roles
        self.scope = scope
        self.open_too = open_too
        self.on_loopback = on_loopback

    async def __call__(
        self, request: Request, state: StateOf, token: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Caller:
        """The caller.

        Raises:
            ProblemError: 404 for an unknown agent, 401 without a good token, 403 with one that does not open this.
        """
        if "anyone" in self.roles:
            return NOBODY
        agent = request.path_params.get(AGENT)
        if agent is not None:
            await state.known(agent)
        # A name that leads here from elsewhere (DNS rebinding) is not this machine's own address bar.
        if self.open_too and state.settings.open and request.url.hostname in LOOPBACK:
            return NOBODY
        if self.on_loopback and state.settings.metrics_token is None and state.settings.host in LOOPBACK:
            return NOBODY
        if token is None:
            raise self._refusal(401, "This is not for everybody; send a token.")
        try:
            caller = await state.identity.caller(token.credentials)
        except TokenError as error:
            raise self._refusal(401, f"{str(error).capitalize()}.") from error
        if caller is None and agent is not None and "agent" in self.roles:
            caller = await self._as_agent(state, agent, token.credentials)
        if caller is None:
            status = 401 if agent is None else 403
            raise self._refusal(status, f"This token does not open {agent or request.url.path}.")
        await self._check(state, caller, agent)
        return caller

    async def _check(self, state: State, caller: Caller, agent: str | None) -> None:
        if caller.role not in self.roles:
            raise self._refusal(403, f"This is not for a token of role {caller.role}.")
        if not caller.may(self.scope):
            raise self._refusal(403, f"This token was not made for {self.scope!r}.")
        if caller.role == "owner" and agent is not None and await state.history.owner(agent) != caller.name:
            raise self._refusal(403, f"{agent} is not yours.")

    @staticmethod
    async def _as_agent(state: State, agent: str, key: str) -> Caller | None:
        tag = await state.history.tag_of_key(agent, key)
        if tag is None:
            return None
        return Caller("agent", f"{agent}~{tag}" if tag else agent, key=key)

    def _refusal(self, status: int, detail: str) -> ProblemError:
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        allowed = [WAYS[role] for role in self.roles if role in WAYS]
        if self.open_too:
            allowed.append("a town started with --open, from this machine")
        return ProblemError(status, "not_allowed", detail, path="header.authorization", allowed=allowed, headers=headers)


ANYONE: Final = Depends(Access("anyone"))
"""For the `dependencies` of what everybody may use."""

Insider = Annotated[Caller, Depends(Access("agent", "owner", "researcher", "operator", open_too=True))]
"""May see the hidden side of the agent in the path."""
AsAgent = Annotated[Caller, Depends(Access("agent"))]
"""Is the agent in the path."""
Manager = Annotated[Caller, Depends(Access("owner", "operator", scope="agents"))]
"""May have agents; owns the one in the path."""
Account = Annotated[Caller, Depends(Access("owner", "researcher", "operator"))]
"""Has an account."""
Person = Annotated[Caller, Depends(Access("owner", "researcher", "operator", scope="account"))]
"""Has signed in."""
Operator = Annotated[Caller, Depends(Access("operator", scope="operate"))]
"""Looks after the town."""
Metrics = Depends(Access("service", "operator", on_loopback=True))
"""Reads metrics."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of access."""

    method: str
    path: str
    access: Access


def rows(app: FastAPI) -> Iterator[Row]:
    """Every route of the application with who may use it.

    Raises:
        LookupError: a route declares nothing.
    """
    for route in iter_route_contexts(app.routes):
        methods: set[str] | None = route.methods
        if methods is None:  # the files of the page
            continue
        dependant = getattr(route, "dependant", None)
        declared = [access for access in _accesses(dependant) if access is not None]
        if not declared:
            raise LookupError(f"{sorted(methods)} {route.path} does not say who may use it; see mqttown_dashboard.access")
        for method in sorted(methods - {"HEAD", "OPTIONS"}):
            yield Row(method, str(route.path), declared[-1])


def _accesses(dependant: Any) -> Iterator[Access]:
    for part in getattr(dependant, "dependencies", ()):
        if isinstance(part.call, Access):
            yield part.call
        else:
            yield from _accesses(part)
