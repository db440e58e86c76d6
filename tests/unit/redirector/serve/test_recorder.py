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


def balance(counts: Counts, recorder: Recorder) -> None:
    assert counts.received == counts.appended + sum(counts.dropped.values()) + recorder.waiting


def test_one_turns_events_are_one_append_and_then_answered() -> None:
    spool, counts, settled = FakeSpool(), Counts(), []
    recorder = Recorder(spool, counts)
    recorder.settles(lambda kept: settled.append((kept, len(spool.lines))))
    for _ in range(3):
        recorder.add(click(recorder.next_seq()))
    balance(counts, recorder)
    assert (recorder.waiting, settled) == (3, [])
    recorder.settle()
    assert (spool.appends, settled, seqs(spool)) == (1, [(True, 3)], [1, 2, 3])
    balance(counts, recorder)


def test_what_is_recorded_at_once_comes_after_what_waited() -> None:
    spool = FakeSpool()
    recorder = Recorder(spool, Counts())
    recorder.add(click(recorder.next_seq()))
    assert recorder.record(click())
    assert recorder.record_all([click(), click(seq=7, spool="k1")], refused=True)
    assert seqs(spool) == [1, 2, 3, 7]


def test_a_full_spool_drops_all_of_a_turn_and_says_so() -> None:
    spool, counts = FakeSpool(room=0), Counts()
    settled: list[bool] = []
    recorder = Recorder(spool, counts)
    recorder.settles(settled.append)
    recorder.add(click(recorder.next_seq()))
    recorder.settle()
    assert settled == [False]
    assert not recorder.record(click())
    assert not recorder.record_all([click(), click()], refused=True)
    assert counts.dropped == {"spool_full": 2, "spool_error": 0, "refused": 2}
    assert recorder.trouble == ""
    balance(counts, recorder)


@pytest.mark.parametrize(("number", "trouble"), [(errno.EIO, True), (errno.ENOSPC, False)])
def test_a_broken_disk_is_told_from_a_full_one(number: int, trouble: bool) -> None:
    spool, counts = FakeSpool(room=0), Counts()
    spool.cause = OSError(number, "what the disk said")
    recorder = Recorder(spool, counts)
    recorder.record(click())
    assert counts.dropped["spool_error"] == trouble
    assert ("what the disk said" in recorder.trouble) == trouble
    spool.room = 1
    recorder.record(click())
    assert recorder.trouble == ""
    balance(counts, recorder)


def test_nothing_to_record_touches_nothing() -> None:
    spool = FakeSpool(room=0)
    assert Recorder(spool, Counts()).record_all([], refused=True)
