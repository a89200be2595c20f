"""What differs between two versions of a persona."""

from collections.abc import Iterator, Mapping
from typing import Any

from mqttown_dashboard.resident_forms import DiffLine

__all__ = ["differences"]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[DiffLine]:
    """The fields that differ, each on its own; lists are compared as wholes."""
    return list(_lines(before, after, ""))


def _lines(before: Any, after: Any, path: str) -> Iterator[DiffLine]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from _lines(before.get(name), after.get(name), f"{path}.{name}".removeprefix("."))
    elif before != after:
        yield DiffLine(path=path, before=before, after=after)
