"""The registry: which models there are, where, at what price, and in which order a tier tries them."""

import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

__all__ = ["MILLION", "Model", "Provider", "Registry", "RegistryError", "Tier", "Tiers", "read_registry"]

MILLION: Final = 1_000_000
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,47}$")]
Tier = Literal["full", "small", "tiny"]


class RegistryError(ValueError):
    """The registry's file has mistakes; the text says which, and where."""


class _Part(BaseModel):
    """What all parts of a registry share: a field that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Provider(_Part):
    """A server that speaks the OpenAI chat completions API."""

    base_url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] = Field(description="like https://…/v1")
    key_env: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")] | None = Field(
        default=None, description="environment variable with the town's own key; without it only owners' keys are used, or none"
    )
    at_once: Annotated[int, Field(ge=1, le=1000)] = Field(default=8, description="calls at the same time")
    calls_per_minute: Annotated[int, Field(ge=1)] | None = Field(default=None, description="calls begun a minute; null is no limit")
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = Field(default=60.0, description="of one call")

    @property
    def key(self) -> str | None:
        """The town's own key, out of the environment."""
        return os.environ.get(self.key_env) if self.key_env is not None else None


class Model(_Part):
    """One model of a provider."""

    provider: Name
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(description="as its provider calls it")
    context: Annotated[int, Field(ge=256)] = Field(description="tokens that prompt and answer may have together")
    bytes_per_token: Annotated[float, Field(ge=1, le=16)] = Field(
        default=3.0, description="how many bytes of a prompt make a token, about; what would not fit into the context is not sent"
    )
    price_in: Annotated[int, Field(ge=0)] = Field(description="millionths of a unit of money for a million tokens of prompt")
    price_out: Annotated[int, Field(ge=0)] = Field(description="the same for a million tokens of answer")
    calling: Literal["tools", "schema"] = Field(
        default="tools", description="how it is told of tools: as such, or by a JSON Schema for its answer where it knows none"
    )
    parameters: dict[str, Any] = Field(default_factory=dict, description="sent along: temperature, seed, tool_choice, …")

    def cost(self, tokens_in: int, tokens_out: int) -> int:
        """What so many tokens cost, in millionths of a unit of money, rounded up."""
        return -(-(tokens_in * self.price_in + tokens_out * self.price_out) // MILLION)


class Tiers(_Part):
    """Names of models by tier. The first is asked; each further one is for when those before it can't answer."""

    full: Annotated[list[Name], Field(min_length=1)]
    small: Annotated[list[Name], Field(min_length=1)]
    tiny: Annotated[list[Name], Field(min_length=1)]


class Registry(_Part):
    """All providers and models."""

    version: Annotated[int, Field(ge=1)] = Field(description="raised with every change, and kept with every call")
    providers: Annotated[dict[Name, Provider], Field(min_length=1)]
    models: Annotated[dict[Name, Model], Field(min_length=1)]
    tiers: Tiers

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for name, model in self.models.items():
            if model.provider not in self.providers:
                raise ValueError(f"models.{name}: no provider {model.provider!r}; there are: {', '.join(self.providers)}")
        for tier, chain in self.tiers.model_dump().items():
            for name in chain:
                if name not in self.models:
                    raise ValueError(f"tiers.{tier}: no model {name!r}; there are: {', '.join(self.models)}")
        return self

    def chain(self, tier: Tier) -> list[Model]:
        """The models to try for a tier, in their order."""
        names: list[str] = getattr(self.tiers, tier)
        return [self.models[name] for name in names]


def read_registry(file: Path) -> Registry:
    """Read a registry.

    Args:
        file: YAML.

    Raises:
        RegistryError: it can't be read, is no YAML, or has mistakes.
    """
    try:
        data = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
        return Registry.model_validate(data)
    except (OSError, UnicodeError, YAMLError, ValidationError) as error:
        raise RegistryError(f"{file}: {error}") from error
