"""Part of a load in a process of its own, with a pipe for words between us."""

import asyncio
import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Final, Self

__all__ = ["Apart", "heard"]

WORD_SECONDS: Final = 900.0
"""Everybody's coming in is one word."""


class Apart:
    """A function that runs in a fresh process; `with` starts it, and kills it however it stands.

    Args:
        live: of a module; called there with its end of the pipe and then with `given`.
        given: what it needs; it is pickled.
    """

    def __init__(self, live: Callable[..., None], *given: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, self._there = context.Pipe()
        self._process = context.Process(target=live, args=(self._there, *given), daemon=True)

    def __enter__(self) -> Self:
        """Start."""
        self._process.start()
        self._there.close()  # so that its end is the end of the pipe
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, however it stands."""
        self._process.kill()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid or 0

    def tell(self, word: str) -> None:
        """Say a word to it."""
        self._pipe.send(word)

    async def said(self, word: str, seconds: float = WORD_SECONDS) -> Any:
        """Wait for a word, and what it gives with it.

        Raises:
            RuntimeError: it says something else.
            TimeoutError: it says nothing for so long.
        """
        spoken, value = await heard(self._pipe, seconds)
        if spoken != word:
            raise RuntimeError(f"it said {spoken}, not {word}")
        return value


async def heard(pipe: Connection, seconds: float = WORD_SECONDS) -> Any:
    """The next thing that comes through a pipe.

    Raises:
        TimeoutError: nothing does for so long.
    """
    # In a thread: an event loop would make the pipe non-blocking, and its messages are longer than it holds.
    return await asyncio.wait_for(asyncio.to_thread(pipe.recv), seconds)
