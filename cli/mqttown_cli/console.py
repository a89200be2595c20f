"""How commands speak: people on the terminal, and one way to fail."""

import asyncio
import json
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, TypeVar

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from mqttown.link import LinkError
from mqttown_cli.folder import DEFAULT_DATA, FolderError

__all__ = ["DataOption", "JsonOption", "console", "fail", "run", "show_json"]

Result = TypeVar("Result")
_CONTROLS: Final = (*range(9), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SPELT: Final = {code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" for code in _CONTROLS}


class _Console(Console):
    """Spells control characters out: what strangers have said must not steer the terminal of who looks at it."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(segment.text.translate(_SPELT), segment.style)


console = _Console(highlight=False, soft_wrap=True)
_errors = _Console(stderr=True, highlight=False, soft_wrap=True)

DataOption = Annotated[Path, typer.Option("--data", help="Directory of the town's data.", show_default=str(DEFAULT_DATA))]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object for machines.")]


def fail(sentence: object) -> NoReturn:
    """Say what is wrong on standard error and end with code 1."""
    _errors.print("mqttown:", sentence, style="red", markup=False)
    raise typer.Exit(1)


def show_json(value: Any) -> None:
    """Print one JSON object on a line of its own."""
    print(json.dumps(value, ensure_ascii=False))  # noqa: T201  rich would wrap and colour it


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's asynchronous part; what a person can mend ends in a sentence, not in a trace."""
    try:
        return asyncio.run(work)
    except (FolderError, LinkError) as error:
        fail(error)
