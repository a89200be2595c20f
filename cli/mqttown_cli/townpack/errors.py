"""What can be wrong with an extract."""

__all__ = ["ExtractError"]


class ExtractError(Exception):
    """The extract can't become a town; the text says what, where and what is allowed."""
