"""`python -m tests.chaos --seed 1 --rounds 60`: break everything under load, then recount. See docs/chaos.md."""

import argparse
import logging
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.report import report
from tests.chaos.rounds import play
from tests.chaos.stack import have_own_mounts
from tests.chaos.tamper import falsify, leave


def main() -> None:
    """Play the rounds, print a line for each and the JSON at the end; exit with 1 on any loss or double."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="decides everything random")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--only", default="", help="comma-separated faults instead of all kinds")
    parser.add_argument("--keep", action="store_true", help="keep logs and data even when all is well")
    parser.add_argument("--tamper", action="store_true", help="falsify the tables before the recount: it must fail")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    for talkative in ("aiokafka", "asyncio"):
        logging.getLogger(talkative).setLevel(logging.CRITICAL)
    own_mounts = have_own_mounts()
    place = Path(tempfile.mkdtemp(prefix=f"clicktally-chaos-{chosen.seed}-"))
    only = tuple(name for name in chosen.only.split(",") if name)
    keep = True
    try:
        played = play(
            place,
            seed=chosen.seed,
            rounds=chosen.rounds,
            own_mounts=own_mounts,
            only=only,
            tamper=falsify if chosen.tamper else leave,
        )
        keep = chosen.keep or not (played.clean or chosen.tamper)
    finally:
        if keep:
            print(f"logs and data: {place}", flush=True)
        else:
            shutil.rmtree(place, ignore_errors=True)
    for words in played.words:
        print(words, flush=True)
    if not played.clean:
        print(f"again: make chaos SEED={chosen.seed} ROUNDS={chosen.rounds}", flush=True)
    print(report(played), flush=True)
    sys.exit(0 if played.clean else 1)


if __name__ == "__main__":
    main()
