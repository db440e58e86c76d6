"""What idempotency keys cost a stream worker: memory a key, CPU a key, CPU a flush.

    python -m bench.keys [-n 1000000]

100 keyed requests a second come to 17,280,000 keys in the 48 hours that they are remembered.
"""

import argparse
import json
import resource
import time
from typing import Final

from schemas.idempotency import KEY_TTL_S, key_spool
from stream.dedup import DedupState

_A_SECOND: Final = 100
_FLUSHES: Final = 64


def measure(keys: int) -> dict[str, float]:
    """One state filled key by key, looked up, and swept as flushes do; times are CPU times."""
    spools = [key_spool("token", str(number), b"%d" % number) for number in range(keys)]
    state = DedupState([], 1_790_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    for spool in spools:
        if not state.last_seq(spool):
            state.advance(spool, 1)
    filled = time.process_time()
    taken_bytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    for spool in spools[::10]:
        state.last_seq(spool)
    looked_up = time.process_time()
    for _ in range(_FLUSHES):
        state.forget_expired()
    swept = time.process_time()
    in_two_days = _A_SECOND * KEY_TTL_S
    return {
        "keys": keys,
        "bytes_a_key": round(taken_bytes / keys, 1),
        "us_a_new_key": round((filled - began) / keys * 1e6, 2),
        "us_a_lookup": round((looked_up - filled) / len(spools[::10]) * 1e6, 2),
        "ms_a_flush": round((swept - looked_up) / _FLUSHES * 1e3, 3),
        "gb_at_100_a_second": round(taken_bytes / keys * in_two_days / 1e9, 2),
        "ms_a_flush_at_100_a_second": round((swept - looked_up) / _FLUSHES * 1e3 * in_two_days / keys, 3),
    }


def main() -> None:
    """One line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.keys", description=__doc__)
    parser.add_argument("-n", type=int, default=1_000_000, help="keys")
    print(json.dumps(measure(parser.parse_args().n)))


if __name__ == "__main__":
    main()
