import errno

import msgspec
import pytest

from redirector.serve.counts import Counts
from redirector.serve.recorder import Recorder
from schemas.events import Click
from tests.unit.redirector.serve.fakes import FakeSpool


def click(seq: int = 0, spool: str = "") -> Click:
    return Click(time_ms=1, link="a/b", seq=seq, spool=spool)


def seqs(spool: FakeSpool) -> list[int]:
    return [msgspec.json.decode(line)["seq"] for line in spool.lines]


def balance(counts: Counts) -> None:
    assert counts.received == counts.appended + sum(counts.dropped.values())


def test_events_are_numbered_as_they_are_written_and_appended_in_one_write() -> None:
    spool, counts = FakeSpool(), Counts()
    recorder = Recorder(spool, counts)
    assert recorder.record([click(), click(), click()])
    assert recorder.record([click()])
    assert (spool.appends, seqs(spool)) == (2, [1, 2, 3, 4])
    balance(counts)


def test_an_event_with_a_number_of_its_own_keeps_it_and_takes_none() -> None:
    spool = FakeSpool()
    recorder = Recorder(spool, Counts())
    assert recorder.record([click(), click(seq=7, spool="k1"), click()], refused=True)
    assert seqs(spool) == [1, 7, 2]


def test_a_full_spool_drops_all_of_an_append_and_says_so() -> None:
    spool, counts = FakeSpool(room=0), Counts()
    recorder = Recorder(spool, counts)
    assert not recorder.record([click(), click()])
    assert not recorder.record([click(), click()], refused=True)
    assert counts.dropped == {"spool_full": 2, "spool_error": 0, "refused": 2}
    assert recorder.trouble == ""
    balance(counts)


@pytest.mark.parametrize(("number", "trouble"), [(errno.EIO, True), (errno.ENOSPC, False)])
def test_a_broken_disk_is_told_from_a_full_one(number: int, trouble: bool) -> None:
    spool, counts = FakeSpool(room=0), Counts()
    spool.cause = OSError(number, "what the disk said")
    recorder = Recorder(spool, counts)
    recorder.record([click()])
    assert counts.dropped["spool_error"] == trouble
    assert ("what the disk said" in recorder.trouble) == trouble
    spool.room = 1
    recorder.record([click()])
    assert recorder.trouble == ""
    balance(counts)


def test_whatever_is_raised_on_the_way_the_books_balance() -> None:
    spool, counts = FakeSpool(), Counts()
    spool.bug = RuntimeError("nobody foresaw this")
    with pytest.raises(RuntimeError):
        Recorder(spool, counts).record([click(), click()])
    assert counts.dropped["spool_error"] == 2
    balance(counts)


def test_nothing_to_record_touches_nothing() -> None:
    spool = FakeSpool(room=0)
    assert Recorder(spool, Counts()).record([], refused=True)
