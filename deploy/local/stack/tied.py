"""``python -m deploy.local.stack.tied MODULE …``: run a module that gets SIGTERM when its parent is gone.

Otherwise a supervisor that is killed leaves its processes behind. The kernel keeps the wish across exec.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def tie() -> None:
    """Ask for SIGTERM at the parent's death; where the kernel is not Linux nothing happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def main() -> None:
    """Tie this process to its parent, then become the module."""
    parent = os.getppid()
    tie()
    if os.getppid() != parent:
        sys.exit("the parent is gone already")
    os.execv(sys.executable, [sys.executable, "-m", *sys.argv[1:]])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
