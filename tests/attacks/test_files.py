"""Attacks by files that an operator is talked into opening: backups and towns of others."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.town
MQTTOWN = str(Path(sys.executable).parent / "mqttown")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def members(town: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a true backup of the running town holds."""
    file = tmp_path_factory.mktemp("backup") / "town.backup"
    done = town.cli("backup", str(file))
    assert done.returncode == 0, done.stderr + done.stdout
    with tarfile.open(file) as tar:
        return {entry.name: (tar.extractfile(entry) or io.BytesIO()).read() for entry in tar.getmembers()}


@pytest.fixture
def restore(tmp_path: Path) -> Callable[[dict[str, bytes]], subprocess.CompletedProcess[str]]:
    """Restore a backup of these members; what it says."""

    def tried(parts: dict[str, bytes]) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "forged.backup"
        with tarfile.open(file, "w") as tar:
            for name, held in parts.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(held)
                tar.addfile(entry, io.BytesIO(held))
        command = [MQTTOWN, "restore", str(file), "--data", str(tmp_path / "into")]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return tried


def refused(done: subprocess.CompletedProcess[str], tmp_path: Path) -> None:
    assert done.returncode == 1
    assert "Traceback" not in done.stderr + done.stdout
    assert not (tmp_path / "into").exists()


def manifest_of(members: dict[str, bytes]) -> tuple[str, Any]:
    name = next(name for name in members if name.endswith(".json") and b'"files"' in members[name])
    return name, json.loads(members[name])


@pytest.mark.parametrize("outside", ["../outside", "/outside", "logs/../../outside", "..", "a\nb"])
def test_a_backup_that_writes_outside(members: dict[str, bytes], restore: Any, tmp_path: Path, outside: str) -> None:
    """Restore a backup whose manifest names files outside of the data directory.

    Refused with a sentence; nothing is written there, and no town is made.
    """
    name, manifest = manifest_of(members)
    target = outside.replace("/outside", f"{tmp_path}/outside") if outside.startswith("/") else outside
    manifest["files"][target] = "0" * 64
    refused(restore({**members, name: json.dumps(manifest).encode(), target: b"owned"}), tmp_path)
    assert not list(tmp_path.glob("outside*"))


def test_a_backup_with_other_content(members: dict[str, bytes], restore: Any, tmp_path: Path) -> None:
    """Restore a backup in which one byte of one file was changed, or a file taken out.

    Refused: its hash is not that of the manifest.
    """
    name, _ = manifest_of(members)
    victim = next(other for other in sorted(members) if other != name)
    changed = bytes([members[victim][0] ^ 1]) + members[victim][1:]
    refused(restore({**members, victim: changed}), tmp_path)
    refused(restore({other: held for other, held in members.items() if other != victim}), tmp_path)


def test_a_backup_that_is_none(members: dict[str, bytes], restore: Any, tmp_path: Path) -> None:
    """Restore junk, an empty archive, a manifest that is none, lacks fields or has fields of other types.

    Refused with a sentence, without a traceback.
    """
    name, manifest = manifest_of(members)
    for forged in (b"", b"[]", b"{}", b"null", b"\xff", json.dumps({"format": manifest["format"]}).encode(),
                   json.dumps({**manifest, "files": [1]}).encode(), json.dumps({**manifest, "tick": "soon"}).encode(),
                   json.dumps({**manifest, "mqttown": 7}).encode(), b"[" * 100_000):  # fmt: skip
        refused(restore({**members, name: forged}), tmp_path)
    refused(restore({}), tmp_path)
    junk = tmp_path / "junk"
    junk.write_bytes(os.urandom(4_096))
    command = [MQTTOWN, "restore", str(junk), "--data", str(tmp_path / "into")]
    refused(subprocess.run(command, capture_output=True, text=True, timeout=60, check=False), tmp_path)


def test_a_town_that_runs_code(tmp_path: Path) -> None:
    """Check a town of somebody else whose YAML asks its reader to run a program.

    Refused with file and line; nothing is run.
    """
    evil = tmp_path / "evil"
    shutil.copytree(ROOT / "content" / "towns" / "helsinki", evil)
    ran = tmp_path / "ran"
    for name in ("people", "jobs", "places", "town"):
        (evil / f"{name}.yaml").write_text(f'x: !!python/object/apply:os.system ["touch {ran}"]\n', encoding="utf-8")
    done = subprocess.run([MQTTOWN, "content", "check", str(evil)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert not ran.exists()
