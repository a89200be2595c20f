"""What people send about accounts, keys and their agents, and what they are answered."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr

from mqttown_contract.types import Id, Text
from mqttown_dashboard.portal import AccountRole

__all__ = [
    "AccountChange",
    "AccountView",
    "AgentForm",
    "AgentKey",
    "AgentKeyForm",
    "ApiKey",
    "ApiKeyForm",
    "Credentials",
    "Form",
    "NewApiKey",
    "NewCredentials",
    "Password",
    "PasswordChange",
    "Refresh",
    "Session",
    "SignIn",
    "SignUp",
    "SignedInAnswer",
    "Snippets",
    "Topics",
]

Password = Annotated[SecretStr, Field(min_length=10, max_length=200, description="10 to 200 characters, any")]
Attempt = Annotated[SecretStr, Field(min_length=1, max_length=200)]
AccountName = Annotated[
    Id, Field(description="lower-case letters, digits, - and _; shown as the owner on the cards of one's agents")
]


class Form(BaseModel):
    """A body. A field that it does not know is refused."""

    model_config = ConfigDict(extra="forbid")


class SignUp(Form):
    """A new account."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "aino", "password": "seven grey trams"}]})

    name: AccountName
    password: Password


class SignIn(Form):
    """Name and password."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "aino", "password": "seven grey trams"}]})

    name: Annotated[Text, Field(min_length=1, max_length=48)]
    password: Attempt
    code: Annotated[SecretStr, Field(max_length=8)] | None = Field(
        default=None, description="of the second factor, if there is one"
    )
    client: Annotated[Text, Field(max_length=80)] | None = Field(default=None, description="what the session is called in the list")


class Refresh(Form):
    """A refresh token; good once."""

    refresh_token: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class PasswordChange(Form):
    """The present password, and another."""

    password: Attempt
    new_password: Password


class AccountView(BaseModel):
    """An account."""

    name: Id
    role: AccountRole
    created: datetime
    locked: datetime | None = Field(default=None, description="since when it may not sign in")


class AccountChange(Form):
    """What an operator changes."""

    role: AccountRole | None = None
    locked: bool | None = Field(default=None, description="a locked account can't sign in; its sessions end, its API keys rest")


class SignedInAnswer(BaseModel):
    """Tokens of a session; told once."""

    access_token: str = Field(description="`Authorization: Bearer …`, for 15 minutes")
    refresh_token: str = Field(description="good once, for the next pair; if it comes a second time the session ends")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  the name of a scheme
    expires_in: int = Field(description="seconds until the access token is over")
    session: str


class Session(BaseModel):
    """One sign-in."""

    id: str
    client: str = Field(description="as told at sign-in, else the program's User-Agent")
    address: str
    created: datetime
    seen: datetime = Field(description="to the minute")
    expires: datetime
    current: bool = Field(description="whether it is the one that asks")


class ApiKeyForm(Form):
    """An API key, for a program of one's own."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"label": "laptop", "scopes": ["read", "agents"]}]})

    label: Annotated[Text, Field(min_length=1, max_length=80)]
    scopes: Annotated[list[Literal["read", "agents", "operate"]], Field(min_length=1, max_length=3)] = Field(default=["read"])
    expires: AwareDatetime | None = Field(default=None, description="with time zone; never without it")


class ApiKey(BaseModel):
    """What is kept of an API key."""

    id: str = Field(description="also the beginning of the key, after `mqt_`")
    label: str
    last_four: str
    scopes: list[str]
    created: datetime
    expires: datetime | None


class NewApiKey(ApiKey):
    """A new API key; told once."""

    key: str


class AgentForm(Form):
    """A new external agent."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"id": "mira", "name": "Mira", "district": "kluuvi", "tagline": "Counts the trams."}]},
    )

    id: Id
    name: Annotated[Text, Field(min_length=1, max_length=80)] | None = Field(
        default=None, description="public name; made from the id without it"
    )
    district: Id | None = Field(default=None, description="home district; the town chooses one without it")
    tagline: Annotated[Text, Field(max_length=280)] | None = Field(default=None, description="one line for the public card")


class AgentKeyForm(Form):
    """A further key of an agent, or another one for a tag that has one."""

    tag: Id | None = Field(
        default=None, description="the agent then connects as `{agent}~{tag}`; without one its first key is changed"
    )


class AgentKey(BaseModel):
    """A key of an agent that is in use."""

    tag: str = Field(description="empty for the first")
    expires: datetime | None


class Topics(BaseModel):
    """The agent's own topics."""

    in_: str = Field(alias="in")
    hello: str
    action: str
    status: str
    memory: str


class Credentials(BaseModel):
    """All that a program needs to live in the town, as `mqttown agent new` writes it; told once."""

    host: str
    port: int
    ws_url: str
    username: str
    password: str
    ca: str | None = Field(default=None, description="file of the broker's certificate, or `system`; absent without TLS")
    client_id: str
    town: str
    district: str
    topics: Topics


class Snippets(BaseModel):
    """Programs to begin with, ready to be pasted and run; the key is in them."""

    python: str
    javascript: str
    shell: str


class NewCredentials(Credentials):
    """New credentials, with programs to begin with; told once."""

    snippets: Snippets
