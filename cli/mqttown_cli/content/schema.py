"""JSON Schemas beside the content, made from the models, so that editors complete and check while one writes."""

import json
from pathlib import Path

from pydantic import BaseModel

from mqttown_cli.content.models import FILES
from mqttown_cli.laboratory.experiment import Experiment
from mqttown_runtime.gateway.registry import Registry

__all__ = ["schema_texts", "write_schemas"]


def schema_texts() -> dict[str, str]:
    """Make every schema: file name to text."""
    texts = {}
    models: dict[str, type[BaseModel]] = {**FILES, "models": Registry, "experiment": Experiment}
    for kind, model in models.items():
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(by_alias=True)}
        texts[f"{kind}.schema.json"] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return texts


def write_schemas(folder: Path) -> list[Path]:
    """Write all schemas into a folder and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, text in schema_texts().items():
        (folder / name).write_text(text, encoding="utf-8")
        files.append(folder / name)
    return files
