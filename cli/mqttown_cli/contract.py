"""`mqttown contract`: writes the documents that are made from the wire contract, or checks that they are current."""

from pathlib import Path
from typing import Annotated

import typer

from mqttown_cli.access_page import access_page
from mqttown_cli.console import console, fail
from mqttown_cli.pages import commands_page, settings_page
from mqttown_contract.documents import documents

__all__ = ["contract"]


def contract(
    out: Annotated[Path, typer.Option(help="Folder for the documents.")] = Path("docs/contract"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; end with code 1 if a document is not current.")] = False,
) -> None:
    """Write JSON Schemas, the AsyncAPI document, and the pages of verbs and codes, settings, commands and access."""
    wanted = {**documents(), "settings.md": settings_page(), "commands.md": commands_page(), "access.md": access_page()}
    present = {str(file.relative_to(out)) for file in out.rglob("*") if file.is_file()}
    stale = sorted(name for name, text in wanted.items() if name not in present or (out / name).read_text(encoding="utf-8") != text)
    surplus = sorted(present - set(wanted))
    if check and (stale or surplus):
        fail(f"not current in {out}: {', '.join(stale + surplus)}; run `mqttown contract`")
    if not check:
        for name in stale:
            file = out / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(wanted[name], encoding="utf-8")
        for name in surplus:
            (out / name).unlink()
    console.print(f"{len(wanted)} documents in {out} are current")
