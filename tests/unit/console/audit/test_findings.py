"""Severity, exit status, and what a second look confirms."""

import io

import msgspec
import pytest
import typer
from rich.console import Console

from console.audit.command import seconds_ago, table_of
from console.audit.findings import Finding, Report, Severity, confirmed, exit_status, worst


def finding(severity: Severity, where: str = "here", what: str = "1 record") -> Finding:
    return Finding(
        severity=severity, check="chain", name="hole", where=where, what=what, advice="do", runbook="a.md"
    )


def test_the_exit_status_tells_broken_from_unchecked_from_fine() -> None:
    assert exit_status([]) == 0
    assert exit_status([finding("ok"), finding("warning")]) == 0
    assert exit_status([finding("warning"), finding("unchecked")]) == 2
    assert exit_status([finding("unchecked"), finding("broken")]) == 1


def test_the_worst_finding_names_the_status() -> None:
    assert worst([]) == "ok"
    assert worst([finding("warning"), finding("broken"), finding("ok")]) == "broken"
    assert worst([finding("unchecked"), finding("ok")]) == "unchecked"


def test_a_finding_is_confirmed_by_a_second_look_at_the_same_place() -> None:
    first = [finding("broken", "a", "1 record"), finding("broken", "b")]
    second = [finding("broken", "a", "9 records"), finding("broken", "c"), finding("ok", "d")]
    assert confirmed(first, second) == [second[0], second[2]]


def test_what_could_not_be_checked_needs_no_second_look() -> None:
    assert confirmed([], [finding("unchecked")]) == [finding("unchecked")]


@pytest.mark.parametrize(("text", "seconds"), [("90m", 5400), ("24h", 86_400), ("7d", 604_800)])
def test_how_far_back_is_said_with_its_unit(text: str, seconds: int) -> None:
    assert seconds_ago(text, kept_days=90) == seconds


@pytest.mark.parametrize("text", ["", "7", "7 weeks", "0d", "-1h", "89d"])
def test_how_far_back_is_refused_when_it_is_no_time_or_too_long(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        seconds_ago(text, kept_days=90)


def test_the_document_keeps_its_keys() -> None:
    report = Report(status="broken", checked_at="t", since="s", findings=[finding("broken")])
    assert msgspec.json.decode(msgspec.json.encode(report)) == {
        "version": 1,
        "status": "broken",
        "checked_at": "t",
        "since": "s",
        "findings": [
            {
                "severity": "broken",
                "check": "chain",
                "name": "hole",
                "where": "here",
                "what": "1 record",
                "advice": "do",
                "runbook": "a.md",
            }
        ],
    }


def test_the_table_can_be_read_at_80_columns() -> None:
    what = "12 events of the counters are missing in the table of events"
    wide = finding("broken", "clicks-3, 2026-11-27 10:00 to 11:00", what=what)
    report = Report(status="broken", checked_at="2026-11-27T10:00:00Z", since="2026-11-20", findings=[wide])
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(table_of(report))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    for whole in (
        "broken",
        "hole: 12 events of the counters are missing",
        "clicks-3, 2026-11-27",
        "docs/runbooks/a.md",
    ):
        assert whole in text


def test_the_table_has_the_worst_first_and_text_as_it_is() -> None:
    report = Report(
        status="broken",
        checked_at="t",
        since="s",
        findings=[finding("ok", "calm"), finding("broken", "go.example/[red]")],
    )
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(table_of(report))
    text = console.export_text()
    assert text.index("go.example/[red]") < text.index("calm")
    assert "docs/runbooks/a.md" in text
