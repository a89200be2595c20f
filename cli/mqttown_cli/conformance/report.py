"""What was found: an outcome and its evidence for each rule, as a table for people and as JSON for machines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from rich.markup import escape
from rich.table import Table

from mqttown_cli.conformance.rules import Rule

__all__ = ["Finding", "Report"]

Outcome = Literal["pass", "fail", "not shown"]
_EVIDENCE: Final = 5
"""Messages kept for one rule."""
_LONGEST: Final = 600
"""Characters of one message."""
_COLOUR: Final = {"pass": "green", "fail": "bold red", "warn": "yellow"}


@dataclass(slots=True)
class Finding:
    """What is known about one rule."""

    rule: Rule
    outcome: Outcome = "not shown"
    detail: str = "nothing happened that would show it"
    evidence: list[str] = field(default_factory=list)

    @property
    def word(self) -> str:
        """`pass`, `fail`, `warn` (a SHOULD that is not kept) or `not shown`."""
        return "warn" if self.outcome == "fail" and self.rule.level == "SHOULD" else self.outcome


class Report:
    """Findings by rule. A failure stays one, whatever is seen later.

    Args:
        subject: who is judged.
        rules: all rules, by id.
    """

    def __init__(self, subject: str, rules: Mapping[str, Rule]) -> None:
        self.subject = subject
        self.findings = {name: Finding(rule) for name, rule in rules.items()}
        self.remarks: list[str] = []

    def passed(self, rule: str, detail: str = "", *evidence: object) -> None:
        """The rule was kept, at least once."""
        self._note(rule, "pass", detail or self.findings[rule].rule.asks, evidence)

    def failed(self, rule: str, detail: str, *evidence: object) -> None:
        """The rule was broken."""
        self._note(rule, "fail", detail, evidence)

    def check(self, rule: str, kept: bool, detail: str, *evidence: object) -> bool:
        """Note `passed` or `failed` (with the detail); returns `kept`."""
        if kept:
            self.passed(rule, "", *evidence)
        else:
            self.failed(rule, detail, *evidence)
        return kept

    def unseen(self, rule: str, why: str) -> None:
        """Say why a rule could not be judged."""
        if self.findings[rule].outcome == "not shown":
            self.findings[rule].detail = why

    @property
    def ok(self) -> bool:
        """Whether no MUST is broken."""
        return not self.broken("MUST")

    def broken(self, level: str) -> list[str]:
        """Ids of the broken rules of a level."""
        return [name for name, found in self.findings.items() if found.outcome == "fail" and found.rule.level == level]

    def to_json(self) -> dict[str, Any]:
        """All findings."""
        rules = [
            {
                "id": name, "level": found.rule.level, "outcome": found.outcome, "asks": found.rule.asks, "detail": found.detail,
                "sentence": found.rule.sentence, "page": found.rule.page, "evidence": found.evidence,
            }
            for name, found in self.findings.items()
        ]  # fmt: skip
        return {
            "subject": self.subject,
            "ok": self.ok,
            "broken": self.broken("MUST"),
            "warned": self.broken("SHOULD"),
            "rules": rules,
            "remarks": self.remarks,
        }

    def table(self) -> Table:
        """For a terminal: what was found, rule by rule."""
        verdict = "conforms" if self.ok else "does not conform"
        table = Table(title=f"{self.subject}: {verdict}", title_justify="left", caption_justify="left")
        for column in ("rule", "", "outcome", "found"):
            table.add_column(column, no_wrap=column != "found")
        shown = {name: found for name, found in self.findings.items() if found.outcome != "not shown"}
        for name, found in shown.items():
            colour = _COLOUR[found.word]
            told = escape(found.detail)
            if found.outcome == "fail":
                told += f"\n[dim]{escape(found.rule.page)}: “{escape(found.rule.sentence)}”[/dim]"
                told += "".join(f"\n[dim]  {escape(one)}[/dim]" for one in found.evidence)
            table.add_row(name, found.rule.level, f"[{colour}]{found.word}[/{colour}]", told)
        hidden = ", ".join(name for name in self.findings if name not in shown)
        table.caption = f"not shown, since nothing happened that would: {hidden}" if hidden else None
        return table

    def _note(self, rule: str, outcome: Outcome, detail: str, evidence: tuple[object, ...]) -> None:
        found = self.findings[rule]
        if found.outcome == "fail" and outcome == "pass":
            return
        if found.outcome != outcome:
            found.evidence = []
        found.outcome, found.detail = outcome, detail
        found.evidence = [*found.evidence, *(_shown(one) for one in evidence)][-_EVIDENCE:]


def _shown(message: object) -> str:
    text = message.decode(errors="replace") if isinstance(message, bytes) else str(message)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
