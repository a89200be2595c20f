"""Who may see what the wire hides: memories, knowledge, an agent's own messages."""

import secrets
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from mqttown_dashboard.problems import ProblemError
from mqttown_dashboard.settings import LOOPBACK
from mqttown_dashboard.state import State, StateOf

__all__ = ["Insider"]

_bearer = HTTPBearer(auto_error=False, description="an agent's own key, the operator's token or a researcher's token")
WAYS = [
    "Authorization: Bearer KEY of this agent",
    "Authorization: Bearer OPERATOR_TOKEN",
    "Authorization: Bearer RESEARCHER_TOKEN",
    "a town started with --open, from this machine",
]


async def insider(
    agent_id: str, request: Request, state: StateOf, token: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> str:
    """Let in the agent itself, the operator, researchers, and anybody on this machine if the town is open.

    Raises:
        ProblemError: 404 for an unknown agent, 401 without a token, 403 with a wrong one.
    """
    state.agent(agent_id)
    # A name that leads here from elsewhere (DNS rebinding) is not this machine's own address bar.
    if state.settings.open and request.url.hostname in LOOPBACK:
        return agent_id
    if token is None:
        raise ProblemError(
            401,
            "not_allowed",
            f"What {agent_id} knows, remembers and receives is hidden; send a token.",
            path="header.authorization",
            allowed=WAYS,
            headers={"WWW-Authenticate": "Bearer"},
        )
    if _is_staff(state, token.credentials) or await state.history.owns_key(agent_id, token.credentials):
        return agent_id
    raise ProblemError(403, "not_allowed", f"This token does not open {agent_id}.", path="header.authorization", allowed=WAYS)


def _is_staff(state: State, token: str) -> bool:
    def same(secret: SecretStr | None) -> bool:
        return secret is not None and secrets.compare_digest(secret.get_secret_value().encode(), token.encode())

    operator, researcher = same(state.settings.operator_token), same(state.settings.researcher_token)
    return operator or researcher


Insider = Annotated[str, Depends(insider)]
"""Id of an agent whose hidden side the caller may see."""
