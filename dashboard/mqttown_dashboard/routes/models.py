"""`/minds`, `/models` and `/me/model-keys`: how residents may think here, with which models, and owners' own keys for providers."""

from datetime import datetime
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from mqttown_contract.persona import MindKind
from mqttown_dashboard.access import ANYONE, Account, Person
from mqttown_dashboard.forms import Form
from mqttown_dashboard.problems import ProblemError, problems
from mqttown_dashboard.state import StateOf

__all__ = ["router"]

router = APIRouter(tags=["models"])
Provider = Annotated[
    str, Path(min_length=1, max_length=48, pattern=r"^[a-z0-9][a-z0-9_.-]*$", description="of the registry of models")
]


class ModelView(BaseModel):
    """A model."""

    provider: str
    context: int = Field(description="tokens")
    price_in: int = Field(description="millionths of a unit of money for a million tokens of prompt")
    price_out: int = Field(description="the same for a million tokens of answer")


class Models(BaseModel):
    """What minds may think with; empty in a town without a gateway."""

    providers: list[str]
    models: dict[str, ModelView]
    tiers: dict[str, list[str]] = Field(description="`full`, `small`, `tiny`: the models that are tried, in order")


class ModelKeyForm(Form):
    """A key for a provider."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"key": "sk-do-not-use-this-one"}]})

    key: Annotated[SecretStr, Field(min_length=8, max_length=500)]


class ModelKeyView(BaseModel):
    """What is shown of a key; the key itself is never told again."""

    provider: str
    last_four: str
    created: datetime


class TestView(BaseModel):
    """Whether a key works."""

    works: bool
    detail: str | None = Field(description="what the provider said, if it does not")


@router.get("/minds", summary="Kinds of minds to be had here", dependencies=[ANYONE])
async def minds(state: StateOf) -> list[MindKind]:
    """`model` takes a gateway, `code` takes containers (`mqttown up --sandbox`); none at all where nobody is hosted."""
    if not await state.hosting.there():
        return []
    held = {"routine": True, "model": await state.spending.there(), "code": await state.hosting.keeps_containers()}
    return [kind for kind in get_args(MindKind) if held[kind]]


@router.get("/models", summary="Models to think with", dependencies=[ANYONE])
async def models(state: StateOf) -> Models:
    """With their prices; which of them is asked depends on the tier of a resident's mind."""
    told: dict[str, Any] | None = await state.model_keys.registry()
    return Models(providers=[], models={}, tiers={}) if told is None else Models.model_validate(told)


@router.get("/me/model-keys", summary="My keys for providers", responses=problems(401, 403, 503))
async def keys(state: StateOf, caller: Account) -> list[ModelKeyView]:
    """One a provider at most."""
    owned = await state.model_keys.owned(caller.name)
    return [ModelKeyView(provider=key.provider, last_four=key.last_four, created=key.created) for key in owned]


@router.put("/me/model-keys/{provider}", summary="Give a key for a provider", responses=problems(401, 403, 409, 413, 422, 503, 504))
async def give(provider: Provider, form: ModelKeyForm, state: StateOf, caller: Person) -> ModelKeyView:
    """In place of the former one. It is sealed for the gateway at once, and can't be read again: not by you, nor by the portal."""
    wrong = await state.model_keys.keep(caller.name, provider, form.key.get_secret_value())
    if wrong is not None:
        raise ProblemError(409, "not_possible", f"{wrong[:1].upper()}{wrong[1:]}.", path="body.key")
    kept = next(key for key in await state.model_keys.owned(caller.name) if key.provider == provider)
    return ModelKeyView(provider=kept.provider, last_four=kept.last_four, created=kept.created)


@router.post("/me/model-keys/{provider}/test", summary="Test a key", responses=problems(401, 403, 422, 503, 504))
async def test(provider: Provider, state: StateOf, caller: Person) -> TestView:
    """The smallest call that the provider takes, one token, at your cost."""
    wrong = await state.model_keys.test(caller.name, provider)
    return TestView(works=wrong is None, detail=wrong)


@router.delete(
    "/me/model-keys/{provider}", status_code=204, summary="Forget a key", responses=problems(401, 403, 404, 422, 503, 504)
)
async def forget(provider: Provider, state: StateOf, caller: Person) -> None:
    """Your residents then think with the town's own key, if it has one."""
    if await state.model_keys.remove(caller.name, provider) is not None:
        raise ProblemError(404, "unknown_key", f"You have no key for {provider!r}.", path="path.provider")
