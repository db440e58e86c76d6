"""A worker is killed and a million events wait: seconds until the next one counts, and until it has caught up.

python -m bench.recovery [--events N] [--rounds N]
"""

import argparse
import os
import time
from typing import Final

from bench.counting import await_settled, check_sums
from bench.machine import LOAD_CORE, run_bench
from bench.results import Result, Rounds, publish
from bench.stack import clickhouse, fresh_database, kafka, query, scratch, worker
from bench.topics import fill
from bench.traffic import Traffic
from deploy.local.processes import ClickHouse

PARTITIONS: Final = 4
LINKS: Final = 100_000
_SETTLED: Final = "clicktally_stream_events_settled"
_STATIC: Final = "worker with a name of its own"
_DYNAMIC: Final = "worker without a name"


def run(events: int, rounds: int) -> Result:
    """With static group membership and without."""
    os.sched_setaffinity(0, {LOAD_CORE})
    measured = Rounds()
    with scratch() as place, clickhouse(place) as server:
        for number in range(rounds):
            for contestant, more in ((_STATIC, {"INSTANCE_ID": "bench"}), (_DYNAMIC, {})):
                name = f"r{number}{'s' if more else 'd'}"
                traffic = Traffic(links=LINKS, partitions=PARTITIONS)
                with kafka(place / name, partitions=PARTITIONS) as broker, fresh_database(server, name) as url:
                    # All of it waits from the beginning: a lag written after the kill would hide the wait for
                    # the dead worker's session.
                    filled = fill(broker.bootstrap, traffic, LINKS * 2 + events)
                    with worker(broker.bootstrap, url, place / "first.log", settings=more) as first:
                        first.until(lambda: first.metric(_SETTLED) > 0, "counting", every_s=0.05)
                        first.process.kill()
                        first.process.wait()
                    lag = filled.events - _durable(server, name)
                    started = time.monotonic()
                    with worker(broker.bootstrap, url, place / "second.log", settings=more) as second:
                        counting = second.until(lambda: second.metric(_SETTLED) > 0, "counting", every_s=0.1)
                        await_settled(second, lag, started)
                        caught_up = time.monotonic()
                    check_sums(server, name, filled)
                measured.add(
                    contestant,
                    lag_events=float(lag),
                    counting_after_s=counting - started,
                    caught_up_after_s=caught_up - started,
                )
    return Result(
        name="recovery",
        title=f"Recovery: a worker killed with about {events:,} events of lag over {LINKS:,} links",
        command="make bench-recovery",
        figures=measured.figures(),
        goals=[],
        leaves_out=[
            "the time a supervisor takes to start the process; from its start on, imports included.",
            "nothing arrives meanwhile but what waits already.",
        ],
        notes=[
            "Without CLICKTALLY_STREAM_INSTANCE_ID Kafka waits for the dead worker's session to end: 10 s.",
            "After each round counters and events held every event exactly once.",
        ],
    )


def _durable(server: ClickHouse, name: str) -> int:
    """Events that the flushes so far cover."""
    statement = f"SELECT sum(events) + sum(resent) + sum(dead_letters) FROM {name}.counters WHERE kind = 2"
    return int(query(server, statement))


def main() -> None:
    """Parse, run, publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.recovery", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    publish(run(arguments.events, arguments.rounds))


if __name__ == "__main__":
    run_bench(main)
