"""Compiles a town and its rules into files: `python -m mqttown_cli.content TOWN RESIDENTS SEED FILE RULES_FILE`."""

import json
import sys
from pathlib import Path

from mqttown_cli.content.compile import compile_town, find_town
from mqttown_cli.content.problem import ContentError
from mqttown_cli.content.rules import write_rules

__all__ = ["main"]


def main(town: str, residents: str, seed: str, file: str, rules_file: str) -> int:
    """Write the compiled town, whole or not at all; tell on standard output what it is, or what is wrong with it."""
    try:
        compiled = compile_town(find_town(town), int(residents), int(seed))
        write_rules(find_town(town), Path(rules_file))
    except ContentError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    place = Path(file)
    fresh = place.with_suffix(".new")
    fresh.write_text(json.dumps(compiled, ensure_ascii=False), encoding="utf-8")
    fresh.replace(place)
    about = {
        "id": compiled["town"]["id"],
        "name": compiled["town"]["name"],
        "districts": len(compiled["districts"]),
        "places": len(compiled["buildings"]),
        "residents": len(compiled["people"]),
    }
    sys.stdout.write(json.dumps(about, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
