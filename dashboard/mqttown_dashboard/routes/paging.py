"""How lists are cut into pages."""

from collections.abc import Iterable
from typing import Annotated, TypeVar

from fastapi import Query

from mqttown_dashboard.history import cursor_of, parse_cursor
from mqttown_dashboard.models import Agent, Building, Page

__all__ = ["Cursor", "Limit", "page_after"]

Limit = Annotated[int, Query(description="at most so many items", ge=1, le=1000)]
Cursor = Annotated[str | None, Query(description="`next` of the page before", max_length=400)]


Item = TypeVar("Item", Agent, Building)


def page_after(items: Iterable[Item], cursor: str | None, limit: int) -> Page[Item]:
    """The page of `items`, in the order of their ids, that follows `cursor`.

    Raises:
        ProblemError: the cursor is none of ours.
    """
    after = parse_cursor(cursor, str)
    rest = sorted((item for item in items if after is None or item.id > after[0]), key=lambda item: item.id)
    shown = rest[:limit]
    return Page(items=shown, next=cursor_of(shown[-1].id) if len(rest) > limit else None)
