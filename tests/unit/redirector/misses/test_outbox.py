from pathlib import Path

import msgspec
import pytest

from redirector.misses import outbox as module
from redirector.misses.outbox import Outbox
from redirector.serve.counts import Counts
from redirector.serve.misses import Misses
from redirector.serve.misses_keeper import MissesKeeper
from schemas.misses import Miss, MissedMinute


def missed(minute: int, *, id: str = "a") -> MissedMinute:  # noqa: A002 - the field's name
    return MissedMinute(id=id, minute=minute, rows=[Miss(reason="unknown", requests=3, domain="d", slug="s")])


def test_what_was_put_waits_whole_and_the_oldest_first(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    assert outbox.waiting() == []
    for minute in (20, 3, 100):
        assert outbox.put(missed(minute))
    read = [msgspec.json.decode(path.read_bytes(), type=MissedMinute) for path in outbox.waiting()]
    assert read == [missed(3), missed(20), missed(100)]


def test_when_nobody_takes_what_is_there_no_more_is_put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 2)
    outbox = Outbox(tmp_path)
    assert [outbox.put(missed(minute)) for minute in range(3)] == [True, True, False]
    outbox.waiting()[0].unlink()
    assert outbox.put(missed(3))


async def test_what_cannot_be_kept_is_counted_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "misses").touch()
    misses, counts = Misses(), Counts()
    keeper = MissesKeeper(misses, Outbox(tmp_path), counts, clock=lambda: now_ms)
    for minute in range(3):
        misses.add("unknown", "go.example", "/a", "", minute * 60_000)
        now_ms = (minute + 1) * 60_000
        await keeper.keep()
    assert (counts.misses_kept, counts.misses_lost) == (0, 3)
    assert len(caplog.records) == 1
    (tmp_path / "misses").unlink()
    misses.add("unknown", "go.example", "/a", "", now_ms)
    await keeper.finish()
    assert (counts.misses_kept, counts.misses_lost) == (1, 3)
