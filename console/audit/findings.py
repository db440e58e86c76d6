"""What an audit says: findings, how bad they are, and where one reads what to do."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, get_args

import msgspec

Severity = Literal["ok", "unchecked", "warning", "broken"]
Check = Literal[
    "migrations",
    "chain",
    "log",
    "counters",
    "events",
    "dedup",
    "breakdowns",
    "link_days",
    "dead_letters",
    "spools",
]

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
CHECKS: Final[tuple[Check, ...]] = get_args(Check)
DOCUMENT_VERSION: Final = 1

RUNBOOKS: Final = "docs/runbooks"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing seen. `name` is from a closed set and stays the same over releases; `where` tells the place.

    `runbook` is a file below docs/runbooks/, empty where there is nothing to do.
    """

    severity: Severity
    check: Check
    name: str
    where: str
    what: str
    advice: str = ""
    runbook: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes two findings of two looks the same one; the numbers in `what` may differ."""
        return (self.check, self.name, self.where)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON document of `clicktally audit --json`."""

    version: int = DOCUMENT_VERSION
    status: Severity
    checked_at: str
    since: str
    findings: list[Finding]


def worst(findings: Iterable[Finding]) -> Severity:
    """The severity of the whole: that of the worst finding, ok where there is none."""
    return max((finding.severity for finding in findings), key=SEVERITIES.index, default="ok")


def exit_status(findings: Sequence[Finding]) -> int:
    """1: something is broken. 2: nothing seen is, but something could not be checked. 0: neither."""
    severities = {finding.severity for finding in findings}
    return 1 if "broken" in severities else 2 if "unchecked" in severities else 0


def confirmed(first: Sequence[Finding], second: Sequence[Finding]) -> list[Finding]:
    """Of the second look's findings, those that the first look had too, and what needs no second opinion.

    What moves while the stream runs cannot stay wrong at the same place; what is wrong does.
    """
    seen = {finding.identity for finding in first}
    return [finding for finding in second if finding.severity in {"ok", "unchecked"} or finding.identity in seen]
