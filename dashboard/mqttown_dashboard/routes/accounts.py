"""`/accounts` and `/me`: who has an account, and what they may change of it."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request

from mqttown_contract.types import is_service_name
from mqttown_dashboard.access import ANYONE, Account, Operator, Person
from mqttown_dashboard.forms import AccountChange, AccountView, PasswordChange, SignUp
from mqttown_dashboard.history import cursor_of, parse_cursor
from mqttown_dashboard.models import Page
from mqttown_dashboard.problems import ProblemError, problems
from mqttown_dashboard.routes.paging import Cursor, Limit
from mqttown_dashboard.shield import address_of
from mqttown_dashboard.state import State, StateOf

__all__ = ["router"]

router = APIRouter(tags=["accounts"])
RESERVED: Final = frozenset({"operator", "researcher", "service", "town", "anyone", "agent", "owner", "admin"})


@router.post(
    "/accounts", status_code=201, summary="Make an account", dependencies=[ANYONE], responses=problems(403, 409, 413, 422, 429)
)
async def sign_up(form: SignUp, state: StateOf, request: Request) -> AccountView:
    """An owner's account. Its name is public: it is told on the cards of its agents."""
    if not state.settings.sign_up:
        raise ProblemError(403, "not_allowed", "This town makes no new accounts; ask its operator.")
    state.throttle.sign_up(address_of(request.scope))
    return await _make(state, form)


@router.post(
    "/accounts/invited", status_code=201, summary="Make an account for somebody", responses=problems(401, 403, 409, 413, 422)
)
async def invite(form: SignUp, state: StateOf, _: Operator) -> AccountView:
    """Like `POST /accounts`, by an operator, also where nobody else may."""
    return await _make(state, form)


async def _make(state: State, form: SignUp) -> AccountView:
    taken = ProblemError(409, "not_possible", f"The name {form.name!r} is taken.", path="body.name")
    if form.name in RESERVED or is_service_name(form.name):
        raise taken
    hashed = await state.passwords.hash(form.password.get_secret_value())
    if not await state.portal.sign_up(form.name, hashed):
        raise taken
    made = await state.portal.account(form.name)
    return AccountView.model_validate(made)


@router.get("/accounts", summary="All accounts", responses=problems(401, 403, 422))
async def accounts(state: StateOf, _: Operator, limit: Limit = 100, cursor: Cursor = None) -> Page[AccountView]:
    """In the order of their names."""
    after = parse_cursor(cursor, str)
    found = await state.portal.accounts(after[0] if after else "", limit + 1)
    shown = [AccountView.model_validate(row) for row in found[:limit]]
    return Page(items=shown, next=cursor_of(shown[-1].name) if len(found) > limit else None)


@router.patch("/accounts/{name}", summary="Change somebody's role, or lock them out", responses=problems(401, 403, 404, 413, 422))
async def change(
    name: Annotated[str, Path(min_length=1, max_length=48)], form: AccountChange, state: StateOf, _: Operator
) -> AccountView:
    """A lock ends all sessions of the account at once."""
    changed = await state.portal.change(name, role=form.role, locked=form.locked) if "\0" not in name else None
    if changed is None:
        raise ProblemError(404, "unknown_account", f"There is no account {name!r}.", path="path.name")
    return AccountView.model_validate(changed)


@router.get("/me", summary="My account", responses=problems(401, 403, 404))
async def me(state: StateOf, caller: Account) -> AccountView:
    """Name and role."""
    found = await state.portal.account(caller.name)
    if found is None:
        raise ProblemError(
            404, "unknown_account", "A token out of the town's settings has no account.", path="header.authorization"
        )
    return AccountView.model_validate(found)


@router.put("/me/password", status_code=204, summary="Change my password", responses=problems(401, 403, 413, 422, 429))
async def change_password(form: PasswordChange, state: StateOf, caller: Person, request: Request) -> None:
    """Ends all other sessions of the account."""
    state.throttle.sign_in(address_of(request.scope), caller.name)
    known = await state.portal.password_hash(caller.name)
    if not await state.passwords.fits(form.password.get_secret_value(), known):
        state.throttle.failed(caller.name)
        raise ProblemError(403, "not_allowed", "This is not the present password.", path="body.password")
    hashed = await state.passwords.hash(form.new_password.get_secret_value())
    await state.portal.change_password(caller.name, hashed, caller.session or "")
