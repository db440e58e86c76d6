"""Counters against events, cell by cell."""

from hypothesis import given
from hypothesis import strategies as st

from console.audit.chain import Chain, Place, Stretch
from console.audit.counted import check_counted, name_links
from console.audit.findings import Finding
from console.audit.tables import Cell, SpoolAt, Sum, Tables
from schemas.covered import Head

CELLS = st.builds(
    Cell,
    st.sampled_from(["2026-11-01", "2026-11-02"]),
    st.sampled_from(["human", "bot"]),
    st.sampled_from(["", "served"]),
)
SUMS = st.builds(Sum, st.integers(1, 10**9), st.integers(-(2**63), 2**63 - 1))
PLACE = Place("clicks@1", 0)


def wrong(tables: Tables) -> list[Finding]:
    return [one for one in check_counted(tables) if one.severity != "ok"]


@given(st.dictionaries(CELLS, SUMS))
def test_equal_cells_have_no_finding(cells: dict[Cell, Sum]) -> None:
    assert wrong(Tables(counted=cells, events=dict(cells))) == []


@given(st.dictionaries(CELLS, SUMS, min_size=1), st.integers(-5, 5).filter(bool), st.data())
def test_a_cell_that_differs_is_named(cells: dict[Cell, Sum], more: int, data: st.DataObject) -> None:
    cell = data.draw(st.sampled_from(sorted(cells)))
    counted = {**cells, cell: Sum(cells[cell].count + more, cells[cell].hashes)}
    (finding,) = wrong(Tables(counted=counted, events=cells))
    assert finding.name == ("more_counted" if more > 0 else "fewer_counted")
    assert finding.where.startswith(f"{cell.day} {cell.traffic_class}")
    assert finding.advice
    assert finding.runbook


@given(st.dictionaries(CELLS, SUMS, min_size=1), st.data())
def test_a_cell_that_one_side_lacks_differs(cells: dict[Cell, Sum], data: st.DataObject) -> None:
    cell = data.draw(st.sampled_from(sorted(cells)))
    less = {at: one for at, one in cells.items() if at != cell}
    assert [one.name for one in wrong(Tables(counted=cells, events=less))] == ["more_counted"]
    assert [one.name for one in wrong(Tables(counted=less, events=cells))] == ["fewer_counted"]


def test_the_same_number_at_other_links_is_misplaced() -> None:
    cell = Cell("2026-11-01", "human", "")
    (finding,) = wrong(Tables(counted={cell: Sum(5, 77)}, events={cell: Sum(5, 78)}))
    assert finding.name == "misplaced"
    assert "go.example/a (3 in counters, 2 in events)" in name_links(finding, {"go.example/a": (3, 2)}).what


def test_a_link_whose_totals_and_differences_differ_is_named_with_both() -> None:
    (finding,) = wrong(Tables(totals={"go.example/a": (890, 1790)}))
    assert (finding.check, finding.name, finding.where) == ("counters", "totals_differ", "link go.example/a")
    assert "890" in finding.what
    assert "1,790" in finding.what
    assert finding.runbook


def tables(events: int, *, flushed: int = 100, late: int = 0) -> Tables:
    chain = Chain(
        Head(9, 0), [Stretch(0, 4, events=flushed // 2), Stretch(5, 9, events=flushed - flushed // 2, late=late)]
    )
    return Tables(chains={PLACE: chain}, events_of_chain={PLACE: events})


def test_fewer_events_than_the_flushes_say_are_missing() -> None:
    (finding,) = wrong(tables(99))
    assert (finding.name, finding.where) == ("missing", "clicks@1-0 0..")
    assert [one.name for one in wrong(tables(101))] == ["too_many"]
    assert wrong(tables(100)) == []


def test_late_events_may_have_left_the_table_by_their_own_time() -> None:
    assert wrong(tables(97, late=3)) == []
    assert [one.name for one in wrong(tables(96, late=3))] == ["missing"]


def test_duplicates_and_a_state_that_is_behind_are_named_by_spool() -> None:
    at = SpoolAt("clicks", 0, "00aa")
    findings = wrong(Tables(duplicates={at: 2}, forgotten={at: (9, 4)}))
    assert [(one.name, one.where) for one in findings] == [
        ("duplicate", "clicks-0 spool 00aa"),
        ("state_behind", "clicks-0 spool 00aa"),
    ]
