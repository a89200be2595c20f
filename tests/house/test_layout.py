"""The layout of the code: sizes, names, exports, and where things may be spelled."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("sdk", "cli", "broker", "orchestrator", "agents", "runtime", "memory", "dashboard")
SERVICES = tuple(folder for folder in FOLDERS if folder != "sdk")
MAX_LINES = 400
MAX_FUNCTION_LINES = 60
LONG_FUNCTIONS = {
    ("up.py", "up"): "one typer option a line; its body is short",
}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}


def modules() -> list[Path]:
    return sorted(file for folder in FOLDERS for file in (ROOT / folder).glob("mqttown*/**/*.py"))


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", modules(), ids=named)
def test_a_file_is_short_and_says_what_it_knows(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES, "does it hold one noun?"
    assert ast.get_docstring(ast.parse(text)), "one line that says what this file knows"
    assert file.stem not in FORBIDDEN_NAMES


@pytest.mark.parametrize("file", modules(), ids=named)
def test_functions_fit_on_a_page(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (file.name, node.name) not in LONG_FUNCTIONS:
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{node.name} has {length} lines"


@pytest.mark.parametrize("file", modules(), ids=named)
def test_exports_are_declared_and_there(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    if len(tree.body) <= 1 or file.name == "__main__.py":
        return
    declared = next(
        (ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign) and _target(node) == "__all__"), None
    )
    assert declared is not None, "__all__ is missing"
    assert set(declared) <= set(_top_names(tree)), "__all__ names what is not there"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_package_holds_a_docstring_only(service: str) -> None:
    tree = ast.parse((ROOT / service / f"mqttown_{service}" / "__init__.py").read_text(encoding="utf-8"))
    assert len(tree.body) == 1
    assert ast.get_docstring(tree)


def test_topics_are_spelled_in_one_file() -> None:
    spelled = re.compile(r"mqttown/v1|/(in|out)/(observation|verdict|notice|hello|action|memory|think|thought)\b")
    guilty = [named(file) for file in modules() if file.name != "topics.py" and spelled.search(_code(file))]
    assert guilty == []


def test_folders_are_not_importable() -> None:
    for name in ("agents", "docker", "memory", "runtime", "content", "sdk", "broker", "cli", "dashboard", "orchestrator"):
        spec = importlib.util.find_spec(name)
        assert spec is None or not str(spec.origin or "").startswith(str(ROOT / name)), f"{name} resolves inside the checkout"


def test_content_and_docker_hold_no_python() -> None:
    found = {file for folder in ("content", "docker") for file in (ROOT / folder).rglob("*.py")}
    built = {file for file in found if ROOT / "docker" / "town" / "site" in file.parents}  # by docker/town/build; Git ignores it
    assert sorted(named(file) for file in found - built) == []


def test_locks_name_versions_and_hashes_but_no_index() -> None:
    for name in ("town", "test"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--index-url|--extra-index", text)
        assert all("==" in line for line in text.splitlines() if line and line[0] not in " #")
    lock = ROOT / "dashboard" / "web" / "package-lock.json"
    assert '"resolved"' not in lock.read_text(encoding="utf-8")


def _code(file: Path) -> str:
    """A module's code without comments and docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body[0] = ast.Pass()
    return ast.unparse(tree)


def _target(node: ast.Assign) -> str | None:
    target = node.targets[0]
    return target.id if isinstance(target, ast.Name) else None


def _top_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.ImportFrom(names=names) | ast.Import(names=names):
                yield from (alias.asname or alias.name for alias in names)
            case _:
                pass
