"""What the documents name is there, and what is there is documented."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mqttown_cli.access_page import access_page
from mqttown_cli.lazy import COMMANDS
from mqttown_cli.pages import PROCESSES, commands_page, settings_page
from mqttown_contract import topics
from mqttown_contract.documents import documents
from mqttown_contract.errors import CODES, TopicError
from mqttown_contract.events import EVENT_KINDS
from mqttown_contract.verbs import VERBS
from mqttown_orchestrator.command_forms import FORMS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md"), *ROOT.glob("requirements/*.md")])
TOP = (
    "sdk",
    "cli",
    "broker",
    "orchestrator",
    "agents",
    "runtime",
    "memory",
    "dashboard",
    "content",
    "docs",
    "tests",
    "benchmarks",
    "examples",
    "scripts",
)
BUILT = ("dashboard/mqttown_dashboard/static",)
"""Made by the build, so not in a fresh checkout."""


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_paths_and_links_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    paths = {path for path in re.findall(r"`([\w./-]+/[\w./-]*)`", text) if path.startswith(tuple(f"{top}/" for top in TOP))}
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith(("http", "#"))}
    missing = [path for path in sorted(paths) if not path.startswith(BUILT) and not (ROOT / path).exists()]
    assert missing == []
    assert [link for link in sorted(links) if link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_topics_are_of_the_wire(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for topic in re.findall(r"mqttown/v1/[\w{}/+-]+", text):
        plain = re.sub(r"\{\w+\}", "some", topic).replace("+", "some").rstrip("/")
        if plain.count("/") < 4 or plain.endswith("/some"):  # the beginning of a topic, or a filter over channels
            continue
        try:
            topics.parse(plain)
        except TopicError as error:
            pytest.fail(f"{topic}: {error}")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_are_there(page: Path) -> None:
    spoken = re.findall(r"(?:`|\.venv/bin/)mqttown ([a-z]+)", page.read_text(encoding="utf-8"))
    assert [command for command in spoken if command not in COMMANDS] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_settings_are_there(page: Path) -> None:
    spoken = re.findall(r"MQTTOWN_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8"))
    known = set(re.findall(r"MQTTOWN_[A-Z_]*[A-Z]", settings_page())) | {"MQTTOWN_CHROMIUM"}
    assert sorted(set(spoken) - known) == []


def test_pages_made_from_the_code_are_current() -> None:
    folder = ROOT / "docs" / "contract"
    wanted = {**documents(), "settings.md": settings_page(), "commands.md": commands_page(), "access.md": access_page()}
    for name, text in wanted.items():
        assert (folder / name).read_text(encoding="utf-8") == text, f"{name} is not current; run `mqttown contract`"


def test_everything_is_documented() -> None:
    reference = documents()["reference.md"]
    for name in [*VERBS, *CODES, *EVENT_KINDS]:
        assert f"`{name}`" in reference
    wire = (ROOT / "docs" / "wire.md").read_text(encoding="utf-8")
    assert [name for name in [*VERBS, *CODES] if f"`{name}" not in wire] == []
    assert len(PROCESSES) == 8
    assert all(f"`mqttown {command}" in commands_page() for command in COMMANDS)


def test_commands_of_services_are_told_with_their_parameters() -> None:
    page = (ROOT / "docs" / "parts.md").read_text(encoding="utf-8").partition("| command | parameters |")[2].partition("\n\n")[0]
    told = set()
    for row in page.splitlines()[2:]:
        names, parameters = (re.findall(r"`([^`]*)`", cell) for cell in row.split("|")[1:3])
        fields = {
            field if info.is_required() else f"{field}?" for name in names for field, info in FORMS[name].model_fields.items()
        }
        assert set(re.findall(r"\w+\??", " ".join(parameters))) == fields, names
        told.update(names)
    assert told == set(FORMS)


def test_every_command_says_what_it_does() -> None:
    from mqttown_cli.__main__ import app  # noqa: PLC0415

    for command in COMMANDS:
        done = CliRunner().invoke(app, [command, "--help"])
        assert done.exit_code == 0, done.output


def test_no_document_names_a_registry_or_this_machine() -> None:
    foreign = re.compile(r"pypi\.org|registry\.npmjs|deb\.debian|/work/|/tmp/|files\.pythonhosted")
    assert [named(page) for page in PAGES if foreign.search(page.read_text(encoding="utf-8"))] == []
