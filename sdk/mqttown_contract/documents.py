"""Documents made from the contract: JSON Schemas, an AsyncAPI 3 description, the page of verbs and codes."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from mqttown_contract.catalogue import CHANNELS, Channel
from mqttown_contract.errors import CODES
from mqttown_contract.events import EVENT_KINDS
from mqttown_contract.examples import CODE_EXAMPLES
from mqttown_contract.permissions import Permissions
from mqttown_contract.types import ID_PATTERN, MAX_PAYLOAD_BYTES
from mqttown_contract.verbs import VERBS

__all__ = ["asyncapi", "codes_page", "documents", "reference", "schemas"]

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_CORRELATION: Final = {"action": "$message.payload#/id", "verdict": "$message.payload#/action_id"}
_REPLIES: Final = {
    "agent_out_hello": ("agent_in_observation",),
    "agent_out_action": ("agent_in_verdict",),
    "agent_out_memory": ("agent_in_memory",),
    "agent_out_think": ("agent_in_thought",),
    "service_out_command": ("service_in_answer",),
}


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas by name: every message of the wire, `Permissions`, and `verb-{name}` for the parameters of each verb."""
    found = {
        channel.message.__name__: {"$schema": _DRAFT, **channel.message.model_json_schema(by_alias=True)} for channel in CHANNELS
    }
    found["Permissions"] = {"$schema": _DRAFT, **Permissions.model_json_schema()}
    return found | {f"verb-{verb.name}": {"$schema": _DRAFT, **verb.schema} for verb in VERBS.values()}


def asyncapi(version: str = "1.0.0") -> dict[str, Any]:
    """An AsyncAPI 3.0 document of the whole wire; operations are those of an agent or service author."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "mqttown",
            "version": version,
            "description": "A city whose residents are programs. UTF-8 JSON over MQTT 3.1.1; "
            f"a payload has at most {MAX_PAYLOAD_BYTES} bytes.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "tcp": {"host": "127.0.0.1:1883", "protocol": "mqtt", "protocolVersion": "3.1.1", "security": [{"$ref": _security()}]},
            "websocket": {
                "host": "127.0.0.1:9001",
                "pathname": "/mqtt",
                "protocol": "ws",
                "protocolVersion": "3.1.1",
                "security": [{"$ref": _security()}],
            },
        },
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {channel.name: _operation(channel) for channel in CHANNELS},
        "components": {
            "securitySchemes": {
                "key": {"type": "userPassword", "description": "User name `{agent}` or `{agent}~{tag}`, client id = user name."}
            },
            "messages": {channel.message.__name__: _message(channel) for channel in CHANNELS},
            "schemas": _definitions(),
        },
    }


def reference() -> str:
    """The page of verbs, codes and events, in Markdown."""
    lines = ["# Verbs, codes, events", "", "Made from the contract by `mqttown contract`; change the contract, not this page.", ""]
    lines += ["## Verbs", ""]
    for verb in VERBS.values():
        lines += [f"### `{verb.name}`", "", verb.summary, "", *_parameters(verb.schema)]
        lines += [
            "Takes time, and replaces the present activity." if verb.activity else "Takes no time; a present activity goes on.",
            "",
        ]
    lines += ["## Codes", "", "| code | meaning | what to do | same id, same verdict |", "|---|---|---|---|"]
    lines += [
        f"| `{code}` | {entry.meaning} | {entry.remedy} | {'yes' if entry.remembered else 'judged anew'} |"
        for code, entry in CODES.items()
    ]
    lines += ["", "## Events", "", "| kind | meaning | data |", "|---|---|---|"]
    for kind in EVENT_KINDS.values():
        data = "; ".join(f"`{name}`: {meaning}" for name, meaning in kind.data.items()) or "none"
        lines.append(f"| `{kind.name}` | {kind.meaning} | {data} |")
    lines += ["", "## Topics", "", "| topic | from | retained | what |", "|---|---|---|---|"]
    lines += [f"| `{c.address}` | {c.sender} | {'yes' if c.retained else 'no'} | {c.summary} |" for c in CHANNELS]
    return "\n".join(lines) + "\n"


def codes_page() -> str:
    """The page of codes, each with an example and the fix, in Markdown; a code's anchor is its name."""
    lines = [
        "# Why the town said no",
        "",
        "Made from the contract by `mqttown contract`; change the contract, not this page.",
        "",
        "Every rejection carries `code`, `detail` (a sentence), `path` (the field at fault), `allowed` (what would have been",
        "right) and, where waiting helps, `retry_after` in seconds.",
        "",
    ]
    for code, entry in CODES.items():
        example = CODE_EXAMPLES[code]
        again = (
            "The same `id` gets the same verdict again." if entry.remembered else "Not remembered: the same `id` is judged anew."
        )
        lines += [f"## {code}", "", f"{entry.meaning} {again}", ""]
        lines += [example.when, ""] if example.when else []
        at = f"`path` is `{example.path}`" if example.path else "`path` is null"
        said = f"; `detail`: “{example.detail}…”" if example.detail else ""
        right = json.dumps(example.instead, ensure_ascii=False)
        lines += ["Sent:", "", "```json", example.sent, "```", "", f"Answered with `{code}`; {at}{said}", ""]
        lines += [f"**The fix.** {entry.remedy}", "", "```json", right, "```", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def documents() -> dict[str, str]:
    """All documents: path below `docs/contract/` to text."""
    texts = {f"schemas/{name}.json": _text(schema) for name, schema in schemas().items()}
    return texts | {"asyncapi.json": _text(asyncapi()), "reference.md": reference(), "codes.md": codes_page()}


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=False) + "\n"


def _security() -> str:
    return "#/components/securitySchemes/key"


def _channel(channel: Channel) -> dict[str, Any]:
    levels = re.findall(r"\{(\w+)\}", channel.address)
    return {
        "address": channel.address,
        "description": channel.summary,
        "messages": {channel.message.__name__: {"$ref": f"#/components/messages/{channel.message.__name__}"}},
        "parameters": {level: {"description": f"id of the {level}: {ID_PATTERN}"} for level in levels},
    }


def _operation(channel: Channel) -> dict[str, Any]:
    theirs = channel.sender in {"agent", "service"}
    operation: dict[str, Any] = {
        "action": "send" if theirs else "receive",
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": channel.summary,
        "bindings": {"mqtt": {"qos": 1 if theirs else 0, "retain": channel.retained, "bindingVersion": "0.2.0"}},
    }
    for reply in _REPLIES.get(channel.name, ()):
        operation["reply"] = {"channel": {"$ref": f"#/channels/{reply}"}}
    return operation


def _message(channel: Channel) -> dict[str, Any]:
    name = channel.message.__name__
    message = {
        "name": name,
        "title": (channel.message.__doc__ or name).strip(),
        "payload": {"$ref": f"#/components/schemas/{name}"},
    }
    location = _CORRELATION.get(channel.name.rpartition("_")[2])
    return message | ({"correlationId": {"location": location}} if location else {})


def _definitions() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for channel in CHANNELS:
        schema = channel.message.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
        found |= schema.pop("$defs", {})
        found[channel.message.__name__] = schema
    return dict(sorted(found.items()))


def _parameters(schema: dict[str, Any]) -> list[str]:
    fields: dict[str, dict[str, Any]] = schema["properties"]
    if not fields:
        return ["No parameters.", ""]
    required = schema.get("required", [])
    rows = [
        f"| `{name}` | {field.get('type', 'any')} | {'yes' if name in required else 'no'} | {field.get('description', '')} |"
        for name, field in fields.items()
    ]
    return ["| parameter | type | required | meaning |", "|---|---|---|---|", *rows, ""]
