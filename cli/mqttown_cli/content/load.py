"""A town's folder as checked models: which file is read from where."""

import gzip
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel

from mqttown_cli.content.models import FILES, Crowd, Items, Jobs, Kinds, People, Places, Prose, Town, Weather
from mqttown_cli.content.problem import ContentError, Problem, nearest
from mqttown_cli.content.source import Source, read_source
from mqttown_cli.content.validate import validate
from mqttown_orchestrator.rulebook import Conduct, Moderation

__all__ = ["MAP_FILE", "RULES", "Content", "content_folder", "find_town", "load", "load_rules"]

MAP_FILE: Final = "map.json.gz"
_OPTIONAL: Final = ("jobs", "people", "places")
"""Without these a town is lived in by made residents alone."""
RULES: Final = ("moderation", "conduct")
"""What a town allows; changed at any time, so no part of the compiled town."""
_MAP_PARTS: Final = ("town", "districts", "buildings", "streets", "drawing")


@dataclass
class Content:
    """What the files of a town say; None for a file with mistakes, or an optional one that is not there."""

    folder: Path
    map: dict[str, Any] | None = None
    town: Town | None = None
    items: Items | None = None
    kinds: Kinds | None = None
    places: Places | None = None
    jobs: Jobs | None = None
    people: People | None = None
    crowd: Crowd | None = None
    weather: Weather | None = None
    moderation: Moderation | None = None
    conduct: Conduct | None = None
    prose: list[tuple[Source, Prose]] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def content_folder() -> Path:
    """Find the content that comes with mqttown: in the wheel, or in the checkout."""
    packaged = Path(__file__).resolve().parents[1] / "content_files"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "content"


def find_town(name: str) -> Path:
    """Find a town's folder.

    Args:
        name: a name under `content/towns`, or a folder.

    Raises:
        ContentError: there is none.
    """
    towns = content_folder() / "towns"
    for folder in (towns / name, Path(name)):
        if folder.is_dir():
            return folder
    known = [folder.name for folder in towns.iterdir() if folder.is_dir()] if towns.is_dir() else []
    near, allowed = nearest(name, known)
    raise ContentError([Problem(name, 1, 1, "", "no such town", f"{allowed}, or a town's folder", near)])


def load(folder: Path) -> Content:
    """Read all files of a town, collecting every mistake in `problems`.

    What the town lacks comes from `content/general` or `content/rules`; prose from its own `prose` folder, or the shared one.
    """
    content = Content(folder)
    _load_files(folder, content, [name for name in FILES if name != "prose"])
    _load_prose(folder, content)
    content.map = _load_map(folder / MAP_FILE, content.problems)
    return content


def load_rules(folder: Path) -> Content:
    """Read a town's rules alone."""
    content = Content(folder)
    _load_files(folder, content, RULES)
    return content


def _load_files(folder: Path, content: Content, names: Iterable[str]) -> None:
    for name in names:
        file = _place_of(folder, f"{name}.yaml")
        if file is None:
            if name not in _OPTIONAL:
                content.problems.append(Problem(str(folder / f"{name}.yaml"), 1, 1, "", "this file is missing"))
            continue
        source, read = _read(file, FILES[name], content.problems)
        if source is not None:
            content.sources[name] = source
            setattr(content, name, read)


def _place_of(folder: Path, name: str) -> Path | None:
    for place in (folder / name, content_folder() / "general" / name, content_folder() / "rules" / name):
        if place.exists():
            return place
    return None


def _read(file: Path, model: type[BaseModel], problems: list[Problem]) -> tuple[Source | None, BaseModel | None]:
    try:
        source = read_source(file)
    except ContentError as error:
        problems.extend(error.problems)
        return None, None
    return source, validate(source, model, problems)


def _load_prose(folder: Path, content: Content) -> None:
    prose = folder / "prose" if (folder / "prose").is_dir() else content_folder() / "prose"
    files = sorted(prose.glob("*.yaml"))
    if not files:
        content.problems.append(Problem(str(prose), 1, 1, "", "there is no prose here", "files NAME.yaml"))
    for file in files:
        source, read = _read(file, Prose, content.problems)
        if source is not None and read is not None:
            content.prose.append((source, cast("Prose", read)))


def _load_map(file: Path, problems: list[Problem]) -> dict[str, Any] | None:
    try:
        town_map = json.loads(gzip.decompress(file.read_bytes()))
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        problems.append(Problem(str(file), 1, 1, "", f"can't be read: {error}", "a map made by `mqttown town import`"))
        return None
    missing = [part for part in _MAP_PARTS if not isinstance(town_map, dict) or part not in town_map]
    if missing:
        problems.append(Problem(str(file), 1, 1, "", f"lacks {', '.join(missing)}", "a map made by `mqttown town import`"))
        return None
    return cast("dict[str, Any]", town_map)
