"""``python -m tests.clients``: fetch and build the foreign clients that `make test-clients` runs."""

import sys

from deploy.local.setup import SetupError
from tests.clients.places import PLACES, ensure_tools


def main() -> None:
    """Exit with 1 and what to do when something is missing that cannot be had from here."""
    try:
        ensure_tools()
        for place in PLACES:
            print(f"{place.__name__}: {place()}", flush=True)
    except SetupError as error:
        sys.exit(f"clients: {error}")


if __name__ == "__main__":
    main()
