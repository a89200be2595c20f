"""The circumstances of a run: versions of code and packages, the lock, the machine."""

import hashlib
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any, Final

__all__ = ["circumstances"]

_CODE: Final = Path(__file__).parents[3]
_VERSIONED: Final = ("mqttown", "mqttown-town", "rustworkx", "py-trees", "pydantic", "orjson", "polars", "numpy")


def circumstances() -> dict[str, Any]:
    """What a manifest says of code and machine; what is not known here is None."""
    installed = sorted({f"{one.metadata['Name']}=={one.version}" for one in distributions()})
    lock = _CODE / "requirements" / "town.txt"
    status = _git("status", "--porcelain", "--untracked-files=no")
    return {
        "versions": {name: version(name) for name in _VERSIONED} | {"python": platform.python_version()},
        "commit": _git("rev-parse", "HEAD"),
        "changed": None if status is None else bool(status),
        "lock_hash": hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else None,
        "packages_hash": hashlib.sha256("\n".join(installed).encode()).hexdigest(),
        "machine": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "implementation": platform.python_implementation(),
        },
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _git(*words: str) -> str | None:
    """What git says of the checkout that the code is in; None where it is in none."""
    if not (_CODE / ".git").exists():
        return None
    done = subprocess.run(["git", "-C", str(_CODE), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
