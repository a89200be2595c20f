"""Owners' code on its way into a container: opened without rights, built without being run, with packages only where allowed."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mqttown.archive import ArchiveError
from mqttown_runtime.sandbox.unpack import unpack
from mqttown_runtime.sandbox.workshop import CodeError, build_code, code_image, drop_code


def zipped(files: dict[str, str]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return written.getvalue()


PROJECT = {
    "pyproject.toml": '[project]\nname = "x"\ndependencies = ["tiny-thing>=1"]\n[tool.mqttown]\nrun = "mira.live"\n',
    "src/mira/__init__.py": "",
    "src/mira/live.py": "import tiny_thing, mqttown, os; print(tiny_thing.WORD, os.getuid(), flush=True)",
}


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package index of one wheel, as the operator's pip is set up with."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    about = "Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1.0\n"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    info = "tiny_thing-1.0.dist-info"
    files = {"tiny_thing.py": "WORD = 'tiny'\n", f"{info}/METADATA": about, f"{info}/WHEEL": tags, f"{info}/RECORD": ""}
    (folder / "tiny_thing-1.0-py3-none-any.whl").write_bytes(zipped(files))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def test_a_project_with_a_package_runs_as_its_pyproject_says(jail: Any, wheels: None) -> None:
    content = zipped(PROJECT)
    archive = hashlib.sha256(content).hexdigest()
    with pytest.raises(CodeError, match=r"it needs tiny-thing>=1, and this town fetches no packages"):
        build_code(jail.engine.client, archive, "x.zip", content, packages=False)
    build_code(jail.engine.client, archive, "x.zip", content, packages=True)
    assert jail.engine.has_image(code_image(archive))
    cell = jail.cell("project")
    cell.make(64, {"agent.json": {}})
    jail.engine.create(cell, jail.limits, image=code_image(archive), generation=1)
    jail.engine.start("project")
    jail.engine.client.containers.get(jail.engine.name("project")).wait(timeout=60)
    assert jail.engine.logs("project").decode().split() == ["tiny", str(cell.number)]
    drop_code(jail.engine.client, archive)  # it is in use: nothing happens
    assert jail.engine.has_image(code_image(archive))
    jail.engine.remove("project")
    drop_code(jail.engine.client, archive)
    assert not jail.engine.has_image(code_image(archive))


def test_a_package_that_is_not_there_is_told(jail: Any, wheels: None) -> None:
    content = zipped({"agent.py": "", "requirements.txt": "no-such-thing\n"})
    with pytest.raises(CodeError, match=r"can't be had as wheels: ERROR: .*no-such-thing"):
        build_code(jail.engine.client, "0" * 64, "x.zip", content, packages=True)


def test_an_archive_is_opened_by_somebody_without_rights() -> None:
    run, needs, files = unpack("mira.py", b"print('hello')")
    assert (run, needs) == (("agent.py",), ())
    with tarfile.open(fileobj=io.BytesIO(files)) as tar:
        assert tar.getnames() == ["agent.py"]
    for name, content, words in (
        ("a.zip", zipped({"../../etc/cron.d/x": "evil", "agent.py": ""}), "is not allowed"),
        ("a.zip", b"no zip at all", "no sound zip"),
        ("a.rar", b"", "no archive that is known"),
    ):
        with pytest.raises(ArchiveError, match=words):
            unpack(name, content)


def test_that_somebody_can_do_nothing() -> None:
    probe = (
        "import os, sys\n"
        "from mqttown_runtime.sandbox import unpack\n"
        "unpack._give_up_all_rights()\n"
        "print(os.getuid(), os.getgid(), os.getgroups())\n"
        "attempts = os.fork, lambda: open('/etc/shadow'), lambda: os.setuid(0), lambda: bytearray(600 << 20)\n"
        "for attempt in attempts:\n"
        "    try: attempt()\n"
        "    except (OSError, MemoryError) as error: print(type(error).__name__)\n"
        "    else: print('HARM')\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert done.stdout.split() == [
        "65534",
        "65534",
        "[]",
        "BlockingIOError",
        "PermissionError",
        "PermissionError",
        "MemoryError",
    ]
