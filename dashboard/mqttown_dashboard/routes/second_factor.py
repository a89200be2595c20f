"""`/me/second-factor`: a code beside the password."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from mqttown_dashboard.access import Account, Person
from mqttown_dashboard.forms import Form
from mqttown_dashboard.problems import ProblemError, problems
from mqttown_dashboard.shield import address_of
from mqttown_dashboard.state import StateOf

__all__ = ["router"]

router = APIRouter(prefix="/me/second-factor", tags=["sessions"])


class CodeForm(Form):
    """A code of the app."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"code": "492039"}]})

    code: Annotated[SecretStr, Field(min_length=6, max_length=8)]


class SecondFactorView(BaseModel):
    """Whether a code is needed to sign in."""

    in_force: bool


class SecretView(BaseModel):
    """What an app makes codes from; told once."""

    secret: str = Field(description="Base32")
    uri: str = Field(description="otpauth://…, for a QR code")


@router.get("", summary="Whether I have a second factor", responses=problems(401, 403))
async def see(state: StateOf, caller: Account) -> SecondFactorView:
    """One account, one second factor."""
    return SecondFactorView(in_force=await state.second_factor.in_force(caller.name))


@router.post("", status_code=201, summary="Begin with a second factor", responses=problems(401, 403, 409, 503))
async def begin(state: StateOf, caller: Person) -> SecretView:
    """It is in force once a code of it was shown by `PUT`."""
    secret, uri = await state.second_factor.begin(caller.name, state.town.name)
    return SecretView(secret=secret, uri=uri)


@router.put("", status_code=204, summary="Put it in force", responses=problems(401, 403, 413, 422, 429))
async def confirm(form: CodeForm, state: StateOf, caller: Person, request: Request) -> None:
    """By a code, which shows that the app has the secret."""
    state.throttle.sign_in(address_of(request.scope), caller.name)
    if not await state.second_factor.confirm(caller.name, form.code.get_secret_value()):
        state.throttle.failed(caller.name)
        raise ProblemError(403, "not_allowed", "This is no code of it, or no longer.", path="body.code")


@router.delete("", status_code=204, summary="Take it away", responses=problems(401, 403, 413, 422, 429))
async def remove(form: CodeForm, state: StateOf, caller: Person, request: Request) -> None:
    """By a code of it."""
    state.throttle.sign_in(address_of(request.scope), caller.name)
    if not await state.second_factor.passes(caller.name, form.code.get_secret_value()):
        state.throttle.failed(caller.name)
        raise ProblemError(403, "not_allowed", "This is no code of it, or no longer.", path="body.code")
    await state.second_factor.remove(caller.name)
