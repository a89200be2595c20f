"""Files with secrets."""

from pathlib import Path

import pytest

from mqttown.private import write_private


def test_only_the_owner_may_read_it_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    for content in ('{"key": "käse"}', "{}"):
        write_private(file, content)
        assert file.read_text(encoding="utf-8") == content
        assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_what_was_there_stays_if_it_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    write_private(file, "known")
    (tmp_path / "secrets.json.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_private(file, "fresh")
    assert file.read_text(encoding="utf-8") == "known"
