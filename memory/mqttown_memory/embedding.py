"""How a text becomes a vector: the interface, and the static model that ships in a wheel.

A vector is kept in fixed point: each of its whole numbers is a component of the unit vector in units of 1/4000. The dot
product of two such vectors stays below 2^24, where float32 holds every whole number (Cauchy-Schwarz, for partial sums
too). So a fast float32 product is exact, whatever the order of its additions: the same memories get the same scores on every
machine, whichever linear algebra numpy was built with.
"""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["SCALE", "Embedding", "FixedPoint", "WordLlama", "fixed_point"]

SCALE: Final = 4000
"""Units in which the component 1.0 of a unit vector is kept."""

FixedPoint = npt.NDArray[np.int16]
"""Rows of fixed-point unit vectors, shape (texts, dimensions)."""


class Embedding(Protocol):
    """Turns texts into vectors whose dot product says how near in meaning the texts are."""

    @property
    def name(self) -> str:
        """Which model; vectors of two models can't be compared."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    @property
    def aside(self) -> bool:
        """Whether even one text takes so long that it is done in a thread."""

    def embed(self, texts: Sequence[str]) -> FixedPoint:
        """One fixed-point row for each text, shape (len(texts), dimensions)."""


def fixed_point(vectors: npt.ArrayLike) -> FixedPoint:
    """Bring rows to length one and into fixed point; a zero row stays zero.

    Args:
        vectors: any real numbers, shape (rows, dimensions).
    """
    rows = np.asarray(vectors, np.float64)
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    lengths[lengths == 0] = 1
    fixed: FixedPoint = np.rint(rows / lengths * SCALE).astype(np.int16)
    return fixed


class WordLlama:
    """The static model `l2_supercat_256` out of the wheel of `wordllama` (MIT), read from its two files.

    A text's vector is the mean of its tokens' vectors. The package itself is not imported: its loader looks for the tokenizer in
    a folder `tokenizer` while the wheel has `tokenizers`, and then asks the network; and it brings modules that we don't need. The
    weights are mapped, not read, so only the pages of words that occur take memory. Loaded at the first text.
    """

    name = "wordllama/l2_supercat_256"
    dimensions = 256
    aside = False
    _LONGEST: Final = 4000
    """Characters looked at; memories aren't longer."""
    _AT_ONCE: Final = 256
    """Texts whose sums are held in float64 at a time."""

    def __init__(self) -> None:
        self._tokenizer: Any = None
        self._weights: npt.NDArray[np.float16] | None = None

    def embed(self, texts: Sequence[str]) -> FixedPoint:
        """One fixed-point row for each text; a text without words gives zeros.

        Raises:
            ModuleNotFoundError: the wheel of wordllama is not installed.
        """
        if self._weights is None:
            self._load()
        assert self._weights is not None
        vectors: FixedPoint = np.zeros((len(texts), self.dimensions), np.int16)
        for first in range(0, len(texts), self._AT_ONCE):
            rows = np.zeros((min(self._AT_ONCE, len(texts) - first), self.dimensions))
            for row, text in zip(rows, texts[first : first + self._AT_ONCE], strict=True):
                tokens = self._tokenizer.encode(text[: self._LONGEST], add_special_tokens=False).ids
                # float16 sums are exact in float64, so the mean's direction does not depend on the order of additions.
                row[:] = self._weights[tokens].astype(np.float64).sum(axis=0)
            vectors[first : first + len(rows)] = fixed_point(rows)
        return vectors

    def _load(self) -> None:
        spec = find_spec("wordllama")
        if spec is None or not spec.submodule_search_locations:
            raise ModuleNotFoundError("the embedding model is missing; install it with: pip install wordllama")
        from tokenizers import Tokenizer  # noqa: PLC0415  only a process that embeds needs it

        folder = Path(next(iter(spec.submodule_search_locations)))
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        # Its cache would keep thousands of whole sentences, which hardly ever come again; without it is faster, too.
        self._tokenizer.model._resize_cache(0)  # noqa: SLF001  there is no public way
        self._weights = _mapped(folder / "weights" / "l2_supercat_256.safetensors", "embedding.weight")


def _mapped(file: Path, tensor: str) -> npt.NDArray[np.float16]:
    """Map one half-precision tensor of a safetensors file: eight bytes of header length, a JSON header, then the numbers."""
    with file.open("rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
        entry = json.loads(opened.read(size))[tensor]
    if entry["dtype"] != "F16":
        raise ValueError(f"{file}: {tensor} is {entry['dtype']}, not F16")
    start = 8 + size + entry["data_offsets"][0]
    return np.memmap(file, dtype="<f2", mode="r", offset=start, shape=tuple(entry["shape"]))
