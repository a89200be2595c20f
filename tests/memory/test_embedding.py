import os
import subprocess
import sys

import numpy as np

from mqttown_memory.embedding import SCALE, WordLlama, fixed_point


def test_near_in_meaning_is_near_in_space() -> None:
    bread, loaf, ferry = WordLlama().embed(
        ["The baker sells bread.", "A fresh loaf from the bakery.", "The ferry left the harbour."]
    )
    assert bread.astype(int) @ loaf > bread.astype(int) @ ferry


def test_vectors_are_unit_vectors_in_fixed_point() -> None:
    vectors = WordLlama().embed(["one", "two words"])
    assert vectors.shape == (2, WordLlama.dimensions)
    assert np.allclose(np.linalg.norm(vectors.astype(float), axis=1), SCALE, rtol=1e-3)


def test_no_words_no_direction() -> None:
    assert not WordLlama().embed([""]).any()
    assert WordLlama().embed([]).shape == (0, WordLlama.dimensions)


def test_products_of_fixed_point_vectors_are_exact_in_float32() -> None:
    rng = np.random.default_rng(3)
    rows = fixed_point(np.concatenate([rng.normal(size=(200, 256)), np.eye(256)[:2], np.ones((1, 256))]))
    exact = rows.astype(np.int64) @ rows.astype(np.int64).T
    assert np.array_equal((rows.astype(np.float32) @ rows.astype(np.float32).T).astype(np.int64), exact)
    assert np.abs(exact).max() < 2**24


def test_it_needs_neither_the_package_nor_the_network() -> None:
    program = (
        "import socket, sys\n"
        "def none(*a, **k): raise OSError('no network')\n"
        "socket.socket.connect = none\n"
        "from mqttown_memory.embedding import WordLlama\n"
        "assert 'tokenizers' not in sys.modules\n"
        "print(WordLlama().embed(['hello']).any(), 'wordllama' in sys.modules)"
    )
    environment = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "HOME": "/nonexistent"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
