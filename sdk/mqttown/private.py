"""Files with secrets, which their owner alone may read."""

import os
from pathlib import Path

__all__ = ["write_private"]


def write_private(file: Path, content: str) -> None:
    """Write a file whole or not at all, durably, and for nobody else's eyes (mode 0600).

    Args:
        file: what was there is replaced; `{file}.new` beside it must be free for us.
        content: ends up as UTF-8.

    Raises:
        OSError: the folder is not there, or has no room.
    """
    fresh = file.with_name(f"{file.name}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
