"""The same count in Quix Streams: clicks per link and minute, windowed state in RocksDB, one event a record.

    <its own venv>/python bench/peers/quix_app.py BOOTSTRAP EVENTS STATE_DIR

Nothing reaches a database, nothing is classified or deduplicated. Stands alone: its venv has no clicktally.
"""

import sys
from typing import Any

from quixstreams import Application


def main() -> None:
    """Run until the events are counted."""
    bootstrap, wanted, state_dir = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    app = Application(
        broker_address=bootstrap,
        consumer_group="quix",
        auto_offset_reset="earliest",
        state_dir=state_dir,
        loglevel="ERROR",
    )
    clicks = app.topic("single-clicks", value_deserializer="json", key_deserializer="str")
    seen = 0

    def note(_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == 1:
            print("began", flush=True)
        if seen == wanted:
            print("done", flush=True)

    counted = app.dataframe(clicks).tumbling_window(60_000).count().current()
    counted.update(note)
    app.run()


if __name__ == "__main__":
    main()
