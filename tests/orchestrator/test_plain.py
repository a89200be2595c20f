"""Names that pass for others, and names that only look foreign."""

import pytest

from mqttown_orchestrator.pipeline.plain import misleading


@pytest.mark.parametrize(
    "name",
    ["\u041elga", "Olga\u200b", "\u202eaglO", "\uff2f\uff2c\uff27\uff21", "Ol\u00adga", "M\u0131r\u0430", "a\u20dd", "a\x1b[2J"],
)
def test_a_name_that_passes_for_another(name: str) -> None:
    assert misleading(name)


@pytest.mark.parametrize(
    "name", ["Mira O'Neil", "Åsa Öberg", "Ольга", "中村 Kenji", "Dr. Γιώργος", "Zoë-Ann", "Jean²", "№ 5", "Otto 2"]
)
def test_a_name_that_is_ones_own(name: str) -> None:
    assert not misleading(name)
