"""The application that Faust's documentation teaches: one event a record, a windowed table in memory.

    python -m bench.peers.textbook_faust BOOTSTRAP EVENTS

Clicks per link and minute. It prints when it has its partitions and when it has counted so many events. It keeps
its counts in memory and a changelog topic: nothing reaches a database, nothing is classified or deduplicated.
"""

import sys
import tempfile
from typing import Any

import faust

SINGLE_TOPIC = "single-clicks"


class ClickRecord(faust.Record, serializer="json"):
    """A click, as Faust's models read it."""

    link: str
    time_ms: int
    ua: str = ""


def main() -> None:
    """Run until the events are counted; whoever started this ends it."""
    bootstrap, wanted = sys.argv[1], int(sys.argv[2])
    app = faust.App(
        "textbook",
        broker=f"kafka://{bootstrap}",
        store="memory://",
        datadir=tempfile.mkdtemp(prefix="textbook-faust-"),
        web_enabled=False,
        topic_partitions=1,
    )
    clicks = app.topic(SINGLE_TOPIC, value_type=ClickRecord, partitions=1)
    counts = app.Table("clicks_by_minute", default=int, partitions=1).tumbling(60.0, expires=600.0)
    seen = 0

    @app.agent(clicks)
    async def count(stream: Any) -> None:
        nonlocal seen
        async for click in stream:
            if not seen:
                print("began", flush=True)
            counts[click.link] += 1
            seen += 1
            if seen == wanted:
                print("done", flush=True)

    app.finalize()
    worker = faust.Worker(app, loglevel="ERROR", quiet=True, redirect_stdouts=False)
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()
