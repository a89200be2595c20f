"""Sub-commands that are loaded when they are used: `mqttown up` stays small, and `mqttown --help` is not slow for one of them."""

import importlib
from typing import Any, Final

import typer
from typer.core import TyperGroup

__all__ = ["COMMANDS", "LazyCommands"]

COMMANDS: Final[dict[str, str]] = {
    "up": "mqttown_cli.up:up",
    "compose": "mqttown_cli.containers:compose",
    "agent": "mqttown_cli.agent:app",
    "host": "mqttown_cli.host:app",
    "broker": "mqttown_cli.broker:app",
    "mcp": "mqttown_cli.mcp_door:mcp",
    "tail": "mqttown_cli.tail:tail",
    "trace": "mqttown_cli.trace:trace",
    "pause": "mqttown_cli.control:pause",
    "resume": "mqttown_cli.control:resume",
    "step": "mqttown_cli.control:step",
    "speed": "mqttown_cli.control:speed",
    "quarantine": "mqttown_cli.control:quarantine",
    "release": "mqttown_cli.control:release",
    "permit": "mqttown_cli.control:permit",
    "held": "mqttown_cli.review:held",
    "flags": "mqttown_cli.review:flags",
    "audit": "mqttown_cli.audit:app",
    "verify": "mqttown_cli.verify:verify",
    "diff": "mqttown_cli.diff:diff",
    "backup": "mqttown_cli.backup:backup",
    "restore": "mqttown_cli.restore:restore",
    "export": "mqttown_cli.export:export",
    "record": "mqttown_cli.record:record",
    "town": "mqttown_cli.townpack.command:app",
    "content": "mqttown_cli.content.command:app",
    "bench": "mqttown_cli.bench.command:app",
    "conformance": "mqttown_cli.conformance.command:conformance",
    "intervene": "mqttown_cli.intervene:intervene",
    "experiment": "mqttown_cli.laboratory.command:app",
    "report": "mqttown_cli.laboratory.report.command:report",
    "measures": "mqttown_cli.laboratory.measures.command:measures",
    "contract": "mqttown_cli.contract:contract",
}
"""Name to where it is: a function, or a typer app with sub-commands of its own."""


class LazyCommands(TyperGroup):
    """The group `mqttown`."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  click's signature
        """Names in the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  click's signature
        """Load one."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        found: Any = getattr(importlib.import_module(module), attribute)
        if not isinstance(found, typer.Typer):
            app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
            app.command(name=cmd_name)(found)
            found = app
        command = typer.main.get_command(found)
        command.name = cmd_name
        return command
