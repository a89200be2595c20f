"""A play as it was spoken: one JSON object a line for each packet that matters, and the same without what chance has chosen."""

import json
from typing import Any, Final

from mqttown_cli.conformance.tap import Passed

__all__ = ["Transcript"]

_TOLD: Final = frozenset({"CONNECT", "CONNACK", "SUBSCRIBE", "SUBACK", "PUBLISH", "DISCONNECT"})


class Transcript:
    """Packets of a play in order.

    Attributes:
        scene: what is played now.
    """

    def __init__(self) -> None:
        self.scene = ""
        self._entries: list[dict[str, Any]] = []

    def hear(self, passed: Passed) -> None:
        """Keep a packet."""
        if passed.packet.name in _TOLD:
            self._entries.append(
                {"scene": self.scene, "at": round(passed.at, 2), "from": passed.sender, "packet": passed.packet.name}
                | _plain(passed.packet.fields)
            )

    def of(self, scene: str) -> list[dict[str, Any]]:
        """The packets of one scene."""
        return [entry for entry in self._entries if entry["scene"] == scene]

    def lines(self, scene: str | None = None) -> str:
        """All packets, or those of a scene, as JSON Lines."""
        entries = self._entries if scene is None else self.of(scene)
        return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields as JSON: payloads as the object in them, else as text."""
    plain: dict[str, Any] = {}
    for name, value in fields.items():
        if not isinstance(value, bytes):
            plain[name] = value
            continue
        try:
            plain[name.replace("payload", "message")] = json.loads(value)
        except (ValueError, RecursionError):
            plain[name] = value[:200].decode(errors="replace")
    return plain
