"""`--seed` runs one simulated run again, `--seeds` so many of them."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="simulate this seed alone")
    parser.addoption("--seeds", type=int, default=100, help="simulate so many seeds")
