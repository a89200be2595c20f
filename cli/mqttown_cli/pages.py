"""Pages made from the code itself: the settings of every process, and the commands with their options."""

import importlib
from collections.abc import Iterator
from typing import Any, Final

import typer
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from mqttown_cli.__main__ import app

__all__ = ["PROCESSES", "commands_page", "settings_page"]

PROCESSES: Final = {
    "gate": "mqttown_broker.settings:GateSettings",
    "orchestrator": "mqttown_orchestrator.settings:Settings",
    "memory": "mqttown_memory.settings:MemorySettings",
    "host-1": "mqttown_runtime.settings:Settings",
    "gateway": "mqttown_runtime.gateway.settings:GatewaySettings",
    "jailer": "mqttown_runtime.sandbox.settings:JailerSettings",
    "doorkeeper": "mqttown_runtime.sandbox.settings:DoorkeeperSettings",
    "dashboard": "mqttown_dashboard.settings:Settings",
}
OTHERS: Final = {
    "MQTTOWN_LOG": "Every process: `json` makes its log one JSON object a line; the orchestrator's then tells traced actions.",
    "MQTTOWN_AGENT": "SDK: user name of the agent.",
    "MQTTOWN_KEY": "SDK: its key.",
    "MQTTOWN_DISTRICT": "SDK: its home district.",
    "MQTTOWN_RESIDENT": "A resident on a connection of its own: JSON file of who it is; `/agent/config/resident.json` without it.",
    "MQTTOWN_CREDENTIALS": "SDK: credentials file, instead of the one in the data directory.",
    "MQTTOWN_MQTT_CA": "SDK: PEM file of the authority behind the broker's certificate, or `system`; none is no TLS.",
    "MQTTOWN_MQTT_SOCKET": "SDK: path of a Unix socket that leads to the broker, in place of host and port; so in a sandbox.",
    "MQTTOWN_TOWN_KEY": "`mqttown broker check`: key of user `orchestrator` on the broker.",
    "MQTTOWN_NATS_SERVER": "Gate: another `nats-server` than the wheel's.",
    "MQTTOWN_MOSQUITTO": "Gate: another `mosquitto` than the one of a package.",
}
_MADE: Final = "Made from the code by `mqttown contract`; change the code, not this page.\n"


def settings_page() -> str:
    """All settings of all processes, as Markdown."""
    lines = ["# Settings", "", _MADE, "`mqttown up` sets these; whoever starts a process by hand sets them in its environment.", ""]
    for process, place in PROCESSES.items():
        module, _, name = place.partition(":")
        settings: type[BaseSettings] = getattr(importlib.import_module(module), name)
        lines += [f"## {process}", "", "| variable | default | meaning |", "|---|---|---|"]
        for field, info in settings.model_fields.items():
            lines.append(f"| `MQTTOWN_{field.upper()}` | {_default(info)} | {info.description} |")
        lines.append("")
    lines += ["## Others", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in OTHERS.items()]
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """All commands with arguments and options, as Markdown."""
    lines = [
        "# Commands",
        "",
        _MADE,
        "Every command ends with code 0 when it did what was asked, 1 when not, and 2 when it was not understood.",
        "",
    ]
    for path, command in _commands(typer.main.get_command(app), ()):
        lines += [f"## `{' '.join(('mqttown', *path))}`", "", (command.help or "").strip(), ""]
        rows = [_row(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            lines += ["| option | default | meaning |", "|---|---|---|", *rows, ""]
    return "\n".join(lines) + "\n"


def _commands(group: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if hasattr(command, "list_commands"):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name), command


def _row(parameter: Any) -> str:
    name = (
        "/".join([*parameter.opts, *parameter.secondary_opts])
        if parameter.param_type_name == "option"
        else str(parameter.name).upper()
    )
    default = "" if parameter.default is None or callable(parameter.default) else f"`{parameter.default}`"
    if isinstance(parameter.show_default, str):
        default = f"`{parameter.show_default}`"
    return f"| `{name}` | {default} | {getattr(parameter, 'help', None) or ''} |"


def _default(info: Any) -> str:
    if info.is_required():
        return "required"
    default = info.get_default(call_default_factory=True)
    if default is None or isinstance(default, SecretStr) or default in ({}, frozenset()):
        return ""
    return "the packaged page" if info.annotation.__name__ == "Path" else f"`{default}`"
