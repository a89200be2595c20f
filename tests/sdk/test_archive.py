"""Archives of code: what is taken, and every trick that is not."""

import contextlib
import gzip
import io
import stat
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqttown.archive import MAX_BYTES, MAX_FILES, MAX_NEEDS, MAX_PACKED_BYTES, ArchiveError, check

AGENT = b"print('hello')\n"


def zipped(files: dict[str, bytes], **how: int) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", how.get("packed", zipfile.ZIP_DEFLATED)) as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = how.get("mode", stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content, how.get("packed", zipfile.ZIP_DEFLATED))
    return written.getvalue()


def tarred(*entries: tarfile.TarInfo, content: bytes = AGENT, mode: str = "w:gz") -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode=mode) as archive:  # type: ignore[call-overload]
        for entry in entries:
            entry.size = len(content) if entry.isreg() else 0
            archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def entry(path: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(path)
    made.type, made.linkname = kind, target
    return made


def test_a_single_file() -> None:
    code = check("mira.py", AGENT)
    assert (dict(code.files), code.run, code.needs) == ({"agent.py": AGENT}, ("agent.py",), ())


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tgz"])
def test_a_project_with_a_folder_around_it(ending: str) -> None:
    toml = (
        b'[project]\nname = "mira"\ndependencies = ["mqttown>=0.1", "httpx[http2]>=0.27,<1", "numpy"]\n'
        b'[tool.mqttown]\nrun = "mira.live"\n'
    )
    files = {"mira-1/pyproject.toml": toml, "mira-1/src/mira/live.py": AGENT, "mira-1/src/mira/__init__.py": b""}
    if ending == "zip":
        packed = zipped(files)
    else:
        written = io.BytesIO()
        with tarfile.open(fileobj=written, mode="w" if ending == "tar" else "w:gz") as archive:  # type: ignore[call-overload]
            for path, content in files.items():
                made = tarfile.TarInfo(path)
                made.size = len(content)
                archive.addfile(made, io.BytesIO(content))
        packed = written.getvalue()
    code = check(f"mira.{ending}", packed)
    assert code.run == ("-m", "mira.live")
    assert code.needs == ("httpx[http2]>=0.27,<1", "numpy")
    with tarfile.open(fileobj=io.BytesIO(code.to_tar())) as plain:
        assert plain.getnames() == ["pyproject.toml", "src/mira/__init__.py", "src/mira/live.py"]
    assert code.to_tar() == check(f"mira.{ending}", packed).to_tar()


def test_requirements_are_read_without_a_pyproject() -> None:
    text = b"# what I need\nhttpx==0.28.1  # for nothing\n\nmqttown_contract\nattrs; python_version < '3.13'\n"
    assert check("a.zip", zipped({"agent.py": AGENT, "requirements.txt": text})).needs == (
        "httpx==0.28.1",
        "attrs; python_version < '3.13'",
    )


BAD_PATHS = [
    "../agent.py", "/etc/passwd", "a/../../b.py", "a//b.py", "./../x.py", "C:/x.py", "a\\..\\b.py", "x\ny.py", "a/./b.py",
    "a /b.py", "nul\x7f.py", "x" * 201 + ".py",
]  # fmt: skip


@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_path_that_leads_out_or_misleads(path: str) -> None:
    for name, packed in (("a.zip", zipped({"agent.py": AGENT, path: b"x"})), ("a.tgz", tarred(entry("agent.py"), entry(path)))):
        with pytest.raises(ArchiveError, match="is not allowed"):
            check(name, packed)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE]
)
def test_links_devices_pipes_and_holes_in_a_tar(kind: bytes) -> None:
    with pytest.raises(ArchiveError, match=r"is a link, a device or full of holes|no sound tar"):
        check("a.tar", tarred(entry("agent.py"), entry("out", kind, "/etc/passwd"), mode="w"))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip(kind: int) -> None:
    with pytest.raises(ArchiveError, match="is a link or a device"):
        check("a.zip", zipped({"agent.py": b"/etc/passwd"}, mode=kind | 0o777))


def test_bombs() -> None:
    zeros = bytes(MAX_BYTES + 1)
    with pytest.raises(ArchiveError, match=f"{MAX_BYTES} are allowed"):
        check("a.zip", zipped({"agent.py": AGENT, "zeros": zeros}))
    with pytest.raises(ArchiveError, match="are allowed"):
        check("a.tar.gz", tarred(entry("zeros"), content=zeros))
    with pytest.raises(ArchiveError, match="bytes come out of the archive"):
        check("a.tar.gz", gzip.compress(bytes(60 * 1024 * 1024)))
    with pytest.raises(ArchiveError, match=f"more than {MAX_FILES} entries"):
        check("a.zip", zipped({f"f{number}.py": b"" for number in range(MAX_FILES + 1)}))
    with pytest.raises(ArchiveError, match=f"{MAX_PACKED_BYTES} are allowed"):
        check("a.py", bytes(MAX_PACKED_BYTES + 1))


def test_a_zip_that_lies_about_its_size() -> None:
    packed = bytearray(zipped({"agent.py": bytes(5_000_000)}))
    place = packed.rindex(b"PK\x01\x02") + 24  # file_size in the central directory
    packed[place : place + 4] = (10).to_bytes(4, "little")
    with pytest.raises(ArchiveError, match="no sound zip"):
        check("a.zip", bytes(packed))


def test_a_password_and_an_unusual_packing() -> None:
    packed = bytearray(zipped({"agent.py": AGENT}))
    packed[packed.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ArchiveError, match="password"):
        check("a.zip", bytes(packed))
    with pytest.raises(ArchiveError, match="unusual"):
        check("a.zip", zipped({"agent.py": AGENT}, packed=zipfile.ZIP_LZMA))


def test_the_same_path_twice_and_a_file_for_a_folder() -> None:
    with pytest.raises(ArchiveError, match="twice"):
        check("a.zip", zipped({"agent.py": AGENT, "AGENT.py": AGENT}))
    with pytest.raises(ArchiveError, match="lies in what is a file"):
        check("a.zip", zipped({"agent.py": AGENT, "agent.py/x.py": AGENT}))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"main.py": AGENT}, "nothing to run"),
        ({"pyproject.toml": b"[tool.mqttown]\nrun = 'os; rm'"}, "name of a module"),
        ({"pyproject.toml": b"[tool.mqttown]\nrun = 'os'"}, "not in the archive"),
        ({"agent.py": AGENT, "pyproject.toml": b"[[["}, "can't be read"),
        ({"agent.py": AGENT, "pyproject.toml": b"x" * 70_000}, "65536 bytes"),
        ({"agent.py": AGENT, "requirements.txt": b"evil @ https://example.org/evil.whl"}, "not allowed"),
        ({"agent.py": AGENT, "requirements.txt": b"--index-url https://example.org"}, "not allowed"),
        ({"agent.py": AGENT, "requirements.txt": b"-r /etc/passwd"}, "not allowed"),
        ({"agent.py": AGENT, "requirements.txt": b"./local"}, "not allowed"),
        ({"agent.py": AGENT, "requirements.txt": b"git+https://example.org/x"}, "not allowed"),
        ({"agent.py": AGENT, "requirements.txt": b"a\n" * (MAX_NEEDS + 1)}, f"at most {MAX_NEEDS}"),
        ({"agent.py": AGENT, "pyproject.toml": b"[project]\ndependencies = 'all'"}, "must be a list"),
        ({"agent.py": AGENT, "pyproject.toml": b"[project]\ndependencies = [7]"}, "not allowed"),
    ],
)
def test_what_can_not_be_run(files: dict[str, bytes], words: str) -> None:
    with pytest.raises(ArchiveError, match=words):
        check("a.zip", zipped(files))


def test_no_archive_at_all() -> None:
    for name in ("a.zip", "a.tar", "a.tar.gz", "a.rar"):
        with pytest.raises(ArchiveError):
            check(name, b"nonsense" * 100)
    with pytest.raises(ArchiveError, match="ends too early"):
        check("a.tar.gz", tarred(entry("agent.py"))[:-12])


def taken_or_refused(name: str, content: bytes) -> None:
    with contextlib.suppress(ArchiveError):  # anything else that is raised fails the test
        check(name, content)


@given(st.binary(max_size=600), st.sampled_from(["a.zip", "a.tar", "a.tar.gz", "a.py"]))
def test_any_bytes_are_taken_or_refused(content: bytes, name: str) -> None:
    taken_or_refused(name, content)


@given(st.data(), st.sampled_from(["a.zip", "a.tar"]))
def test_a_broken_archive_is_taken_or_refused(data: st.DataObject, name: str) -> None:
    files = {"agent.py": AGENT, "more/x.txt": bytes(range(40))}
    packed = bytearray(zipped(files) if name == "a.zip" else tarred(entry("agent.py"), entry("more"), mode="w"))
    for _ in range(data.draw(st.integers(1, 5))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    taken_or_refused(name, bytes(packed))
