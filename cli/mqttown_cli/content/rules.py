"""The rules of a town as one JSON file: `python -m mqttown_cli.content.rules TOWN FILE`, for `mqttown up`, at every start."""

import sys
from pathlib import Path
from typing import Any

import orjson

from mqttown_cli.content.load import RULES, find_town, load_rules
from mqttown_cli.content.problem import ContentError

__all__ = ["compile_rules", "main", "write_rules"]


def compile_rules(town_dir: Path) -> dict[str, Any]:
    """Read a town's rules of speech and conduct.

    Raises:
        ContentError: they have mistakes; it carries all of them.
    """
    found = load_rules(town_dir)
    if found.problems:
        raise ContentError(found.problems)
    return {name: getattr(found, name).model_dump() for name in RULES}


def write_rules(town_dir: Path, file: Path) -> None:
    """Write them, whole or not at all.

    Raises:
        ContentError: they have mistakes; it carries all of them.
    """
    fresh = file.with_suffix(".new")
    fresh.write_bytes(orjson.dumps(compile_rules(town_dir)))
    fresh.replace(file)


def main(town: str, file: str) -> int:
    """Write the rules; tell on standard output what is wrong with them."""
    try:
        write_rules(find_town(town), Path(file))
    except ContentError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
