"""What posts' totals cost a stream worker: memory a post and a further period, CPU a snapshot.

python -m bench.snapshots [-n 100000]
"""

import argparse
import json
import resource
import time
from typing import Final

from schemas.snapshots import Snapshot
from stream.columns import EventColumns
from stream.snapshots import SnapshotFold
from stream.state import Counted, KeptSnapshot, StateFold, TimeBounds

_NOW_MS: Final = 1_790_000_000_000
_DAY_MS: Final = 86_400_000
_DAYS: Final = 100
_AT_ONCE: Final = 500
_BOUNDS: Final = TimeBounds(max_skew_ms=300_000, max_age_ms=90 * _DAY_MS, allowed_lateness_ms=60_000)


def _snapshot(post: int, start_ms: int = 0, end_ms: int = 0) -> Snapshot:
    return Snapshot(
        link=f"go.example/{post // 3:07d}",
        platform="google-ads",
        post=f"{190_000_000_000_000_000 + post}",
        series="impressions/day@v26",
        observed_ms=_NOW_MS,
        total=post,
        start_ms=start_ms,
        end_ms=end_ms,
    )


def _held_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _observe(fold: StateFold, snapshots: list[Snapshot]) -> float:
    """CPU seconds."""
    columns = EventColumns()
    began = time.process_time()
    for snapshot in snapshots:
        fold.observe(Counted(columns, 0, [KeptSnapshot(snapshot, 0, 0, _NOW_MS, "")]))
    took = time.process_time() - began
    fold.take_rows()
    return took


def measure(posts: int) -> dict[str, float]:
    """Lives of many posts, then days of a few."""
    fold = SnapshotFold(_BOUNDS)
    lives_s, before = 0.0, _held_bytes()
    for start in range(0, posts, _AT_ONCE):
        lives_s += _observe(fold, [_snapshot(post) for post in range(start, min(start + _AT_ONCE, posts))])
    bytes_a_post = (_held_bytes() - before) / posts
    few = posts // 10
    starts = [_NOW_MS - day * _DAY_MS for day in range(_DAYS)]
    days_s, before = 0.0, _held_bytes()
    for post in range(posts, posts + few):
        days_s += _observe(fold, [_snapshot(post, start, start + _DAY_MS) for start in starts])
    bytes_of_days = _held_bytes() - before - few * bytes_a_post
    return {
        "posts": posts,
        "bytes_a_post": round(bytes_a_post, 1),
        "us_a_post": round(lives_s / posts * 1e6, 2),
        "bytes_a_period": round(bytes_of_days / (few * _DAYS), 1),
        "us_a_period": round(days_s / (few * _DAYS) * 1e6, 2),
    }


def main() -> None:
    """One line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.snapshots", description=__doc__)
    parser.add_argument("-n", type=int, default=100_000, help="posts")
    print(json.dumps(measure(parser.parse_args().n)))


if __name__ == "__main__":
    main()
