"""A backup of a running town becomes a town again, somewhere else, and proves that it is the same."""

import json
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.town, pytest.mark.timeout(240)]


def rewritten(backup: Path, copy: str, name: str, change: Callable[[bytes], bytes]) -> Path:
    """A copy of a backup in which one file is another."""
    place, new_backup = backup.with_name("member"), backup.with_name(copy)
    with tarfile.open(backup) as old, tarfile.open(new_backup, "w") as new:
        for entry in old:
            held = old.extractfile(entry)
            assert held is not None
            content = held.read()
            fresh = change(content) if entry.name == name else content
            entry.size = len(fresh)
            place.write_bytes(fresh)
            with place.open("rb") as out:
                new.addfile(entry, out)
    return new_backup


def test_a_backup_of_a_running_town_becomes_the_same_town(
    start_town: Callable[..., Any], connect: Callable[..., Any], tmp_path: Path
) -> None:
    first = start_town("--speed", "600", data=tmp_path / "a")
    credentials = first.new_agent("mira")
    mira = connect(credentials)
    mira.hello()
    verdict = mira.act("kept", "say", {"text": "before the backup"})
    assert verdict["status"] == "accepted"
    backup = tmp_path / "town.backup"
    told = first.cli("backup", str(backup)).stdout
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with tarfile.open(backup) as archive:
        held = archive.extractfile("manifest.json")
        assert held is not None
        manifest = json.load(held)
    assert manifest["state_hash"] in told
    assert {"database.dump", "town.json", "about.json", "secrets.json", "agents/mira.json"} <= set(manifest["files"])
    assert mira.act("later", "say", {"text": "after the backup"})["tick"] > manifest["tick"], "the town goes on meanwhile"
    again = first.cli("restore", str(backup), check=False)
    assert again.returncode == 1
    assert "is not empty" in again.stderr
    assert first.stop() == 0
    second = start_town("--speed", "600", data=restored(first, backup, tmp_path / "b", manifest))
    known = json.loads((second.data / "agents" / "mira.json").read_text(encoding="utf-8"))
    back = connect({**known, "port": second.mqtt_port})
    back.hello()
    assert back.act("kept", "say", {"text": "before the backup"})["events"] == verdict["events"], "decided stays decided"
    assert back.act("later", "say", {"text": "for the first time here"})["status"] == "accepted"
    assert second.stop() == 0
    assert json.loads(second.cli("verify", "--json").stdout)["ok"] is True


def restored(town: Any, backup: Path, data: Path, manifest: dict[str, Any]) -> Path:
    """Restore into a directory with the command line of another town."""
    here, town.data = town.data, data
    told = town.cli("restore", str(backup)).stdout
    verified = json.loads(town.cli("verify", "--json").stdout)
    assert (verified["ok"], verified["ticks"], verified["hash"]) == (True, manifest["tick"], manifest["state_hash"])
    assert manifest["state_hash"] in told
    damaged = rewritten(backup, "damaged", "town.json", lambda content: content.replace(b"Helsinki", b"Helsinkj"))
    other = rewritten(backup, "other", "manifest.json", lambda content: content.replace(b'"format": 1', b'"format": 9'))
    lying = rewritten(backup, "lying", "manifest.json", lambda content: content.replace(manifest["state_hash"].encode(), b"0" * 64))
    town.data = data.with_name("c")
    for archive, why in ((damaged, "damaged"), (other, "format"), (lying, "not at"), (data / "town.json", "no backup")):
        done = town.cli("restore", str(archive), check=False)
        assert (done.returncode, town.data.exists()) == (1, False)
        assert why in done.stderr.replace("\n", " "), done.stderr
    town.data = here
    return data
