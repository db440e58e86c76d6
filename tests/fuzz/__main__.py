"""`make fuzz N=1000000`: N malformed lines for every door. The same SEED gives the same lines."""

import argparse
import random
import sys
import time

from tests.fuzz.targets import TARGETS

AT_ONCE = 2000


def main() -> None:
    """Until every door had its lines; a failure names the seed that brings it back."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("-n", type=int, default=1_000_000, help="lines for every door")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    sys.stdout.write(f"seed {arguments.seed}\n")
    for name, target in TARGETS.items():
        began = time.monotonic()
        for number, done in enumerate(range(0, arguments.n, AT_ONCE)):
            target(arguments.seed + 1000 * number + number % 2, min(AT_ONCE, arguments.n - done))
        sys.stdout.write(
            f"{name}: {arguments.n} lines in {time.monotonic() - began:.0f} s, no crash, books balanced\n"
        )


if __name__ == "__main__":
    main()
