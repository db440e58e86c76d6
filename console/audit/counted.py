"""Do the counters say what the events say, and was any event counted twice?"""

from collections.abc import Iterator, Mapping

from console.audit.chain import first_few
from console.audit.findings import Check, Finding
from console.audit.tables import Cell, Sum, Tables

_NOTHING = Sum(0, 0)


def check_counted(tables: Tables) -> list[Finding]:
    """Counters against events, flushes against events, dedup state against events."""
    findings = [
        *_check_cells(tables),
        *_check_totals(tables),
        *_check_corrections(tables),
        *_check_flushes(tables),
        *_check_duplicates(tables),
        *_check_state(tables),
    ]
    if not any(finding.check == "counters" for finding in findings):
        total = sum(one.count for one in tables.counted.values())
        findings.append(_fine("counters", "equal", f"{total:,} clicks and impressions, in events and in counters"))
    if not any(finding.check == "events" for finding in findings):
        total = sum(tables.events_of_chain.values())
        findings.append(_fine("events", "complete", f"{total:,} events, as many as the flushes say"))
    if not any(finding.check == "dedup" for finding in findings):
        findings.append(_fine("dedup", "unique", "no event of a spool twice, none above the dedup state"))
    return findings


def name_links(finding: Finding, differing: Mapping[str, tuple[int, int]]) -> Finding:
    """The finding with the links that differ: in counters, in events."""
    named = first_few(
        [f"{link} ({counted:,} in counters, {events:,} in events)" for link, (counted, events) in differing.items()]
    )
    return Finding(
        severity=finding.severity,
        check=finding.check,
        name=finding.name,
        where=finding.where,
        what=f"{finding.what}: {named}" if named else finding.what,
        advice=finding.advice,
        runbook=finding.runbook,
    )


def where_of(cell: Cell) -> str:
    """A cell as a finding names it."""
    return " ".join((cell.day, cell.traffic_class, cell.impression_kind or "clicks"))


def _check_cells(tables: Tables) -> Iterator[Finding]:
    for cell in sorted({*tables.counted, *tables.events}):
        counted, events = tables.counted.get(cell, _NOTHING), tables.events.get(cell, _NOTHING)
        if counted == events:
            continue
        if counted.count != events.count:
            name = "more_counted" if counted.count > events.count else "fewer_counted"
            what = f"{counted.count:,} in the counters, {events.count:,} in the events"
        else:
            name = "misplaced"
            what = f"{counted.count:,} in both, but not at the same links and minutes"
        yield Finding(
            severity="broken",
            check="counters",
            name=name,
            where=where_of(cell),
            what=what,
            advice="see which side is wrong: the flushes tell how many events there must be;"
            " `clicktally audit --deep` names the links",
            runbook="counters-differ.md",
        )


def _check_totals(tables: Tables) -> Iterator[Finding]:
    for link, (known, counted) in sorted(tables.totals.items()):
        yield Finding(
            severity="broken",
            check="counters",
            name="totals_differ",
            where=f"link {link}",
            what=f"platforms' totals say {known:,}, their counted differences come to {counted:,}",
            advice="see whether partitions were added to the topic impressions, or rows were changed",
            runbook="counters-differ.md",
        )


def _check_corrections(tables: Tables) -> Iterator[Finding]:
    for link, more in sorted(tables.unbalanced.items()):
        yield Finding(
            severity="broken",
            check="counters",
            name="corrections_unbalanced",
            where=f"link {link}",
            what=f"corrections of classes add or take away {more:,}, and may only move",
            advice="rows were changed: delete the corrections (topic 'recount') of the link, and their heads, and"
            " run `clicktally reclassify` again",
            runbook="counters-differ.md",
        )


def _check_flushes(tables: Tables) -> Iterator[Finding]:
    for place, stored in sorted(tables.events_of_chain.items()):
        stretches = tables.chains[place].stretches
        events_of_flushes = sum(one.events for one in stretches)
        late = sum(one.late for one in stretches)
        # A late event may be old enough to have left `events` by its TTL, which goes by the event's own time.
        if events_of_flushes - late <= stored <= events_of_flushes:
            continue
        yield Finding(
            severity="broken",
            check="events",
            name="missing" if stored < events_of_flushes else "too_many",
            where=f"{place} {stretches[0].first}..",
            what=f"the flushes counted {events_of_flushes:,} events, the table has {stored:,} of the same offsets",
            advice="events are missing: restore the table, or rebuild it from Kafka"
            if stored < events_of_flushes
            else "rows were added to events, or deleted from the counters",
            runbook="events-differ.md",
        )


def _check_duplicates(tables: Tables) -> Iterator[Finding]:
    for at, copies in sorted(tables.duplicates.items()):
        yield Finding(
            severity="broken",
            check="dedup",
            name="duplicate",
            where=f"{at.topic}-{at.partition} spool {at.spool}",
            what=f"{copies:,} events more than there are seqs: counted twice",
            advice="see whether two producers use one spool id, or the dedup state was lost",
            runbook="duplicate-events.md",
        )


def _check_state(tables: Tables) -> Iterator[Finding]:
    for at, (highest, applied) in sorted(tables.forgotten.items()):
        yield Finding(
            severity="broken",
            check="dedup",
            name="state_behind",
            where=f"{at.topic}-{at.partition} spool {at.spool}",
            what=f"seq {highest:,} is among the events, the dedup state ends at {applied:,}: a resend counts again",
            advice="restore counters and events from the same backup",
            runbook="duplicate-events.md",
        )


def _fine(check: Check, name: str, what: str) -> Finding:
    return Finding(severity="ok", check=check, name=name, where="events", what=what)
