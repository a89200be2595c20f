"""The registry of models: what it says, and what is wrong with one."""

import json
from pathlib import Path

import pytest

from mqttown_runtime.gateway.registry import Registry, RegistryError, read_registry

GOOD = """
version: 3
providers: {here: {base_url: "http://127.0.0.1:1/v1"}}
models: {small: {provider: here, name: m, context: 4096, price_in: 150000, price_out: 600000}}
tiers: {full: [small], small: [small], tiny: [small]}
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "models.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_prices_are_exact_and_rounded_up(tmp_path: Path) -> None:
    model = read_registry(written(tmp_path, GOOD)).models["small"]
    assert model.cost(1_000_000, 0) == 150_000
    assert model.cost(1, 0) == 1
    assert model.cost(0, 0) == 0
    assert model.cost(1000, 200) == 150 + 120


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("provider: here", "provider: there"), "no provider 'there'; there are: here"),
        (("full: [small]", "full: [huge]"), "tiers.full: no model 'huge'"),
        (("price_in: 150000", "price_in: 0.15"), "price_in"),
        (("version: 3", "versoin: 3"), "versoin"),
        (("http://127.0.0.1:1/v1", "ftp://x"), "base_url"),
        (("version: 3", "version: [3"), "models.yaml"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    with pytest.raises(RegistryError) as found:
        read_registry(written(tmp_path, GOOD.replace(*change)))
    assert says in str(found.value)


def test_no_file_is_a_mistake_too(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="nowhere"):
        read_registry(tmp_path / "nowhere.yaml")


def test_what_comes_with_mqttown_is_one() -> None:
    registry = read_registry(Path(__file__).parents[2] / "content" / "models" / "models.yaml")
    assert all(model.price_in == model.price_out == 0 for model in registry.models.values())


def test_the_towns_own_registry_is_right_and_its_schema_current() -> None:
    content = Path(__file__).parents[2] / "content"
    assert read_registry(content / "models" / "models.yaml").chain("small")
    schema = json.loads((content / "schemas" / "models.schema.json").read_text(encoding="utf-8"))
    assert schema == {"$schema": "https://json-schema.org/draft/2020-12/schema", **Registry.model_json_schema()}
