"""`/accounts/forgotten` and `/me/mail`: where letters go, and the way back in for who has forgotten a password."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from mqttown_contract.types import Text
from mqttown_dashboard.access import ANYONE, Account, Person
from mqttown_dashboard.forms import Form, Password
from mqttown_dashboard.problems import ProblemError, problems
from mqttown_dashboard.shield import address_of
from mqttown_dashboard.state import State, StateOf

__all__ = ["router"]

router = APIRouter(tags=["accounts"])
Mail = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s\x00-\x1f\x7f]{1,64}@[A-Za-z0-9.-]{1,189}$")]


class MailForm(Form):
    """Where letters shall go."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"mail": "aino@example.org"}]})

    mail: Mail | None = Field(description="null for nowhere; then a forgotten password is forgotten for good")


class MailView(BaseModel):
    """Where letters go; nobody else is told."""

    mail: str | None
    sent: bool = Field(description="whether this town sends letters at all")


class Forgotten(Form):
    """Whose password."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "aino"}]})

    name: Annotated[Text, Field(min_length=1, max_length=48)]


class Recovered(Form):
    """The token of the letter, and another password."""

    token: Annotated[SecretStr, Field(min_length=1, max_length=200)]
    new_password: Password


@router.get("/me/mail", summary="Where letters to me go", responses=problems(401, 403))
async def mail(state: StateOf, caller: Account) -> MailView:
    """For a forgotten password, and for a budget of which most is spent."""
    return MailView(mail=await state.recovery.mail(caller.name), sent=state.letters.sends)


@router.put("/me/mail", status_code=204, summary="Say where letters go", responses=problems(401, 403, 413, 422))
async def set_mail(form: MailForm, state: StateOf, caller: Person) -> None:
    """In place of the former address."""
    await state.recovery.set_mail(caller.name, form.mail)


@router.post(
    "/accounts/forgotten",
    status_code=202,
    summary="Ask for a letter with a way back in",
    dependencies=[ANYONE],
    responses=problems(413, 422, 429, 503),
)
async def forgotten(form: Forgotten, state: StateOf, request: Request) -> None:
    """The answer is the same whether there is such an account or not, and whether it has an address or not."""
    if not state.letters.sends:
        raise ProblemError(503, "unavailable", "This town sends no letters; ask its operator.")
    state.throttle.letter(address_of(request.scope), form.name)
    if "\0" not in form.name and (address := await state.recovery.mail(form.name)) is not None:
        token = await state.recovery.begin(form.name)
        state.letters.send(address, f"A new password for {state.town.name}", _words(state, request, form.name, token))


@router.post(
    "/accounts/recovered",
    status_code=204,
    summary="Set another password by the token of a letter",
    dependencies=[ANYONE],
    responses=problems(403, 413, 422, 429),
)
async def recovered(form: Recovered, state: StateOf, request: Request) -> None:
    """Ends all sessions of the account. A token is good once, and for an hour."""
    state.throttle.letter(address_of(request.scope), "")
    hashed = await state.passwords.hash(form.new_password.get_secret_value())
    if await state.recovery.finish(form.token.get_secret_value(), hashed) is None:
        raise ProblemError(403, "not_allowed", "This token is not good, or no longer; ask for another letter.", path="body.token")


def _words(state: State, request: Request, name: str, token: str) -> str:
    # Not the host that the request names: whoever asks must not choose where the letter's link leads.
    settings = state.settings
    host = settings.public_host or settings.host
    scheme = "https" if settings.tls_cert is not None else request.url.scheme
    port = "" if settings.public_host else f":{request.url.port or settings.http_port}"
    return (
        f"Somebody, probably you, has asked for a new password of the account {name}.\n\n"
        f"{scheme}://{host}{port}/#/recover?token={token}\n\n"
        f"The token is good for an hour, and once. If it was not you, there is nothing to do."
    )
