"""`/sessions` and `/me/api-keys`: how people and their programs show who they are."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request

from mqttown_dashboard.access import ANYONE, Account, Person
from mqttown_dashboard.forms import ApiKey, ApiKeyForm, NewApiKey, Refresh, Session, SignedInAnswer, SignIn
from mqttown_dashboard.problems import ProblemError, problems
from mqttown_dashboard.shield import address_of
from mqttown_dashboard.state import State, StateOf
from mqttown_dashboard.tokens import ACCESS_SECONDS, Claims

__all__ = ["router"]

router = APIRouter(tags=["sessions"])
KeyId = Annotated[str, Path(pattern="^[0-9a-f]{1,32}$", description="hexadecimal, as in the list")]


@router.post("/sessions", status_code=201, summary="Sign in", dependencies=[ANYONE], responses=problems(401, 413, 422, 429))
async def sign_in(
    form: SignIn, state: StateOf, request: Request, user_agent: Annotated[str | None, Header()] = None
) -> SignedInAnswer:
    """The answer to a wrong password and to an unknown name is the same, and takes as long."""
    address = address_of(request.scope)
    state.throttle.sign_in(address, form.name)
    known = await state.portal.password_hash(form.name)
    if not await state.passwords.fits(form.password.get_secret_value(), known):
        state.throttle.failed(form.name)
        raise ProblemError(401, "not_allowed", "Name and password do not fit together.", headers={"WWW-Authenticate": "Bearer"})
    if await state.second_factor.in_force(form.name):
        code = "" if form.code is None else form.code.get_secret_value()
        if not code:
            raise ProblemError(401, "second_factor", "A code of your second factor is needed.", path="body.code")
        if not await state.second_factor.passes(form.name, code):
            state.throttle.failed(form.name)
            raise ProblemError(401, "second_factor", "This is no code of your second factor, or no longer.", path="body.code")
    session, token = await state.portal.begin(form.name, _printable(form.client or user_agent or "unknown"), address)
    return _signed_in(state, form.name, session, token)


@router.post("/sessions/refresh", summary="A new pair of tokens", dependencies=[ANYONE], responses=problems(401, 413, 422, 429))
async def refresh(form: Refresh, state: StateOf) -> SignedInAnswer:
    """Changes a refresh token for a new one. If one comes a second time, its session is ended: somebody else had it."""
    found = await state.portal.refresh(form.refresh_token.get_secret_value())
    if found is None:
        raise ProblemError(
            401, "not_allowed", "This refresh token is not good, or no longer; sign in again.", path="body.refresh_token",
            headers={"WWW-Authenticate": "Bearer"},
        )  # fmt: skip
    account, session, token = found
    return _signed_in(state, account, session, token)


@router.get("/sessions", summary="Where I am signed in", responses=problems(401, 403))
async def sessions(state: StateOf, caller: Account) -> list[Session]:
    """Sessions that are not over, the newest first."""
    return [Session(**row, current=row["id"] == caller.session) for row in await state.portal.sessions(caller.name)]


@router.delete("/sessions/current", status_code=204, summary="Sign out", responses=problems(401, 403))
async def sign_out(state: StateOf, caller: Person) -> None:
    """Ends this session: its access token and its refresh token are good for nothing from now on."""
    await state.portal.end(caller.session or "", caller.name)


@router.delete("/sessions/{session}", status_code=204, summary="Sign out elsewhere", responses=problems(401, 403, 404, 422))
async def end(session: KeyId, state: StateOf, caller: Person) -> None:
    """Ends another session of the same account."""
    if not await state.portal.end(session, caller.name):
        raise ProblemError(404, "unknown_session", f"You have no session {session!r}.", path="path.session")


@router.get("/me/api-keys", summary="My API keys", responses=problems(401, 403))
async def api_keys(state: StateOf, caller: Account) -> list[ApiKey]:
    """Without the keys themselves, which nobody has but you."""
    return [ApiKey.model_validate(row) for row in await state.portal.keys(caller.name)]


@router.post("/me/api-keys", status_code=201, summary="Make an API key", responses=problems(401, 403, 409, 413, 422))
async def make_api_key(form: ApiKeyForm, state: StateOf, caller: Person) -> NewApiKey:
    """The key is told once: only its hash is kept."""
    if form.expires is not None and form.expires <= datetime.now(UTC):
        raise ProblemError(422, "bad_parameters", "This time has passed.", path="body.expires", allowed="a time to come")
    if "operate" in form.scopes and caller.role != "operator":
        raise ProblemError(
            403, "not_allowed", "Only operators may make a key to operate.", path="body.scopes", allowed=["read", "agents"]
        )
    made = await state.portal.make_key(caller.name, form.label, sorted(set(form.scopes)), form.expires)
    if made is None:
        raise ProblemError(409, "not_possible", "You have as many API keys as an account may have; revoke one first.")
    key, row = made
    return NewApiKey(**row, key=key)


@router.delete(
    "/me/api-keys/{key_id}", status_code=204, summary="Take an API key out of use", responses=problems(401, 403, 404, 422)
)
async def revoke_api_key(key_id: KeyId, state: StateOf, caller: Person) -> None:
    """At once."""
    if not await state.portal.revoke_key(key_id, caller.name):
        raise ProblemError(404, "unknown_key", f"You have no API key {key_id!r}.", path="path.key_id")


def _signed_in(state: State, account: str, session: str, token: str) -> SignedInAnswer:
    return SignedInAnswer(
        access_token=state.tokens.sign(Claims(account, session)), refresh_token=token, expires_in=ACCESS_SECONDS, session=session
    )


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:80]
