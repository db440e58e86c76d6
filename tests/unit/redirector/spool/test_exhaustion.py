"""A process that has no descriptor left still keeps events, or says that it did not."""

import errno
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from redirector.spool.writer import SpoolWriter
from schemas.spool import segment_path, segments, spools

LINE = b"x" * 99 + b"\n"
EXHAUSTED = """
import errno, os, resource, sys, time
from pathlib import Path
from redirector.spool.writer import SpoolFullError, SpoolWriter

writer = SpoolWriter.open(Path(sys.argv[1]), segment_bytes=250, cap_bytes=100_000, fsync=sys.argv[2])
writer.take_seq()
writer.append(b"x" * 99 + b"\\n")
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
taken = []
while True:
    try:
        taken.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        assert error.errno == errno.EMFILE
        break
kept, refused = 1, 0
for _ in range(20):
    time.monotonic = lambda at=[time.monotonic() + 1000]: at[0]  # the count of bytes is always out of date
    writer.take_seq()
    try:
        writer.append(b"x" * 99 + b"\\n")
    except SpoolFullError:
        refused += 1
    else:
        kept += 1
used = writer.used_bytes
for fd in taken:
    os.close(fd)
writer.take_seq()
writer.append(b"x" * 99 + b"\\n")
writer.close()
print(kept + 1, refused, used)
"""


@pytest.mark.parametrize("fsync", ["never", "always"])
def test_events_are_kept_when_descriptors_run_out_in_the_middle_of_a_segment(tmp_path: Path, fsync: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EXHAUSTED, str(tmp_path), fsync], capture_output=True, text=True, check=True
    )
    kept, refused, used = map(int, done.stdout.split())
    (spool,) = spools(tmp_path)
    assert (kept, refused, used) == (22, 0, 2100)
    assert b"".join(segment_path(spool, first).read_bytes() for first in segments(spool)) == LINE * 22
    assert len(segments(spool)) == 2


def test_a_directory_that_cannot_be_read_fails_no_append(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(_spool: Path) -> NoReturn:
        raise OSError(errno.EMFILE, "Too many open files")

    now = [0.0]
    monkeypatch.setattr("redirector.spool.writer.time.monotonic", lambda: now[0])
    monkeypatch.setattr("redirector.spool.writer.segments", unreadable)
    writer = SpoolWriter.open(tmp_path, segment_bytes=250, cap_bytes=100_000, fsync="never")
    for done in range(1, 8):
        now[0] += 1
        writer.take_seq()
        writer.append(LINE)
        assert writer.used_bytes == 100 * done
    writer.close()
