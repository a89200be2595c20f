"""SECURITY.md lists the attacks that are tried, no more and no fewer."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_table_and_the_attacks_are_the_same() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "security-table"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_there_are_enough_attacks_and_each_has_a_name_of_its_own() -> None:
    rows = re.findall(r"^\| \d+ \| .* \| `(test_\w+)` \|", (ROOT / "SECURITY.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) >= 45
    assert len(rows) == len(set(rows))
    assert [name for name in rows if sum(name in other for other in rows) > 1] == [], "-k must choose one"
