"""An agent's code as one file: what may be in it, and how it is opened without trusting a word of it."""

import io
import re
import stat
import tarfile
import tomllib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["MAX_PACKED_BYTES", "ArchiveError", "Code", "check"]

MAX_PACKED_BYTES: Final = 5 * 1024 * 1024
MAX_BYTES: Final = 20 * 1024 * 1024
"""Of all files together, unpacked."""
MAX_FILES: Final = 1000
MAX_PATH: Final = 200
MAX_NEEDS: Final = 50
_TEXT_BYTES: Final = 65_536
_TAR_BYTES: Final = MAX_BYTES + MAX_FILES * 2048 + 10_240
"""Headers and padding included."""
_MODULE: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_NEED: Final = re.compile(
    r"(?P<name>[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)(\s*\[[A-Za-z0-9._, -]*\])?"
    r"(\s*(===|[<>=!~]=|[<>])\s*[A-Za-z0-9.*+!_-]+\s*(,\s*([<>=!~]=|[<>])\s*[A-Za-z0-9.*+!_-]+\s*)*)?(\s*;[^@]{1,200})?"
)
_OURS: Final = ("mqttown", "mqttown-contract")
"""In every container anyway."""


class ArchiveError(ValueError):
    """It is not taken; the message says why, and what would be."""


@dataclass(frozen=True, slots=True)
class Code:
    """An agent's code, opened.

    Attributes:
        files: content by path, `/` between its parts, in the order of the paths.
        run: how it is started: `("agent.py",)`, or `("-m", "module")`.
        needs: what it wants from the package index, as requirements.
    """

    files: Mapping[str, bytes]
    run: tuple[str, ...]
    needs: tuple[str, ...]

    def to_tar(self) -> bytes:
        """The same files as a plain archive with nothing else in it; the same bytes for the same files."""
        written = io.BytesIO()
        with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path, content in self.files.items():
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(content), 0o644
                archive.addfile(entry, io.BytesIO(content))
        return written.getvalue()


def check(name: str, content: bytes) -> Code:
    """Open an archive.

    One folder around everything is taken away. The code is started as `[tool.mqttown] run = "module"` in `pyproject.toml` says,
    else as `agent.py`. What it needs is read from `[project] dependencies` there, else from `requirements.txt`.

    Args:
        name: of the file, ending in `.py`, `.zip`, `.tar`, `.tar.gz` or `.tgz`.
        content: of the file.

    Raises:
        ArchiveError: it is too large, or holds what has no place in it: links, devices, paths that lead out, the same path twice,
            a password, or nothing to run.
    """
    if len(content) > MAX_PACKED_BYTES:
        raise ArchiveError(f"the archive has {len(content)} bytes; {MAX_PACKED_BYTES} are allowed")
    low = name.lower()
    if low.endswith(".py"):
        files = {"agent.py": content}
    elif low.endswith(".zip"):
        files = _gathered(_from_zip(content))
    elif low.endswith((".tar.gz", ".tgz")):
        files = _gathered(_from_tar(_inflated(content)))
    elif low.endswith(".tar"):
        files = _gathered(_from_tar(content))
    else:
        raise ArchiveError(f"{name[:80]!r} is no archive that is known here: .py, .zip, .tar, .tar.gz or .tgz is")
    files = _without_folder(files)
    project = _project(files)
    return Code(files, _run(project, files), _needs(project, files))


def _from_zip(content: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        entries = archive.infolist()
        _count(len(entries), sum(entry.file_size for entry in entries))
        for entry in entries:
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise ArchiveError(f"{entry.filename[:80]!r} is a link or a device; files and folders are allowed")
            if entry.flag_bits & 0x1:
                raise ArchiveError(f"{entry.filename[:80]!r} has a password")
            if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise ArchiveError(f"{entry.filename[:80]!r} is packed in an unusual way; deflate is allowed")
            if not entry.is_dir():
                with archive.open(entry) as file:
                    yield entry.filename, file.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, UnicodeError, ValueError) as error:
        if isinstance(error, ArchiveError):
            raise
        raise ArchiveError(f"that is no sound zip file: {error}") from error


def _inflated(content: bytes) -> bytes:
    """Unpack gzip, and stop where more comes out than may."""
    opening = zlib.decompressobj(wbits=31)
    try:
        plain = opening.decompress(content, _TAR_BYTES + 1)
    except zlib.error as error:
        raise ArchiveError(f"that is no sound gzip file: {error}") from error
    if len(plain) > _TAR_BYTES:
        raise ArchiveError(f"more than {MAX_BYTES} bytes come out of the archive; so many are allowed")
    if not opening.eof or opening.unused_data:
        raise ArchiveError("that is no sound gzip file: it ends too early, or more comes behind its end")
    return plain


def _from_tar(content: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            count = size = 0
            for entry in archive:
                count, size = count + 1, size + entry.size
                _count(count, size)
                if entry.isdir():
                    continue
                file = archive.extractfile(entry) if entry.isreg() and not entry.issparse() else None
                if file is None:
                    raise ArchiveError(f"{entry.name[:80]!r} is a link, a device or full of holes; files and folders are allowed")
                yield entry.name, file.read(MAX_BYTES + 1)
    except (tarfile.TarError, EOFError, OSError, UnicodeError, ValueError, OverflowError) as error:
        if isinstance(error, ArchiveError):
            raise
        raise ArchiveError(f"that is no sound tar file: {error}") from error


def _count(files: int, size: int) -> None:
    if files > MAX_FILES:
        raise ArchiveError(f"the archive has more than {MAX_FILES} entries; so many are allowed")
    if size > MAX_BYTES:
        raise ArchiveError(f"the archive's files have {size} bytes; {MAX_BYTES} are allowed")


def _gathered(entries: Iterator[tuple[str, bytes]]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    seen: set[str] = set()
    size = 0
    for raw, content in entries:
        path = _path(raw)
        size += len(content)
        _count(len(files) + 1, size)
        if path.casefold() in seen:
            raise ArchiveError(f"{path!r} is there twice")
        seen.add(path.casefold())
        files[path] = content
    for path in files:
        parents = path.casefold().split("/")[:-1]
        if any("/".join(parents[: depth + 1]) in seen for depth in range(len(parents))):
            raise ArchiveError(f"{path!r} lies in what is a file")
    return dict(sorted(files.items()))


def _path(raw: str) -> str:
    """A path that stays where it is unpacked, on every system."""
    parts = raw.removeprefix("./").split("/")
    if (
        not raw.isprintable()
        or len(raw.encode("utf-8", "surrogateescape")) > MAX_PATH
        or any(part in {"", ".", ".."} or part != part.strip() for part in parts)
        or any(letter in raw for letter in '\\:*?"<>|')
    ):
        raise ArchiveError(f"the path {raw[:80]!r} is not allowed: plain relative paths of at most {MAX_PATH} bytes are")
    return "/".join(parts)


def _without_folder(files: dict[str, bytes]) -> dict[str, bytes]:
    tops = {path.partition("/")[0] for path in files}
    if len(tops) != 1 or any("/" not in path for path in files):
        return files
    return {path.partition("/")[2]: content for path, content in files.items()}


def _project(files: Mapping[str, bytes]) -> dict[str, Any]:
    if "pyproject.toml" not in files:
        return {}
    if len(files["pyproject.toml"]) > _TEXT_BYTES:
        raise ArchiveError(f"pyproject.toml has more than {_TEXT_BYTES} bytes; so many are allowed")
    try:
        return tomllib.loads(files["pyproject.toml"].decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArchiveError(f"pyproject.toml can't be read: {error}") from error


def _table(project: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    found: Any = project
    for name in names:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}


def _run(project: Mapping[str, Any], files: Mapping[str, bytes]) -> tuple[str, ...]:
    module = _table(project, "tool", "mqttown").get("run")
    if module is None:
        if "agent.py" not in files:
            raise ArchiveError(
                'there is nothing to run: have an agent.py at the top, or [tool.mqttown] run = "your.module" in pyproject.toml'
            )
        return ("agent.py",)
    if not isinstance(module, str) or not _MODULE.fullmatch(module):
        raise ArchiveError("[tool.mqttown] run must be the name of a module, like my_agent or my_agent.live")
    place = module.replace(".", "/")
    if not any(f"{top}{place}{end}" in files for top in ("", "src/") for end in (".py", "/__main__.py")):
        raise ArchiveError(f"the module {module} that pyproject.toml wants to run is not in the archive, nor under src/")
    return ("-m", module)


def _needs(project: Mapping[str, Any], files: Mapping[str, bytes]) -> tuple[str, ...]:
    told: Any = _table(project, "project").get("dependencies")
    if told is None:
        lines = files.get("requirements.txt", b"")[:_TEXT_BYTES].decode("utf-8", "replace").splitlines()
        told = [text for line in lines if (text := line.partition("#")[0].strip())]
    if not isinstance(told, list) or len(told) > MAX_NEEDS:
        raise ArchiveError(f"its dependencies must be a list of at most {MAX_NEEDS}")
    needs = []
    for need in told:
        sane = isinstance(need, str) and need.isprintable() and len(need) <= MAX_PATH
        found = _NEED.fullmatch(need.strip()) if sane else None
        if found is None:
            raise ArchiveError(f"the dependency {str(need)[:80]!r} is not allowed: names with versions are, no URLs and no options")
        if re.sub(r"[-_.]+", "-", found["name"]).lower() not in _OURS:
            needs.append(need.strip())
    return tuple(needs)
