"""Ports of the loopback for what is started beside other runs on the same machine."""

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

PORTS: Final = range(15_000, 32_000)
"""Below the kernel's ephemeral range, so that no outgoing connection takes one between kill and restart."""

HUNDREDS: Final = range(10_000, 15_000, 100)
"""First ports of hundreds, which are given as a whole."""

_given: Final[set[int]] = set()


def free_port(other_than: int = 0) -> int:
    """A TCP port that nobody listens on now, and that nobody else is given by this function while we live.

    Between the choice and the bind, and between a kill and a restart, nobody listens on it: another process must
    not be given it then, either. Raises OSError when there is none.
    """
    for port in random.sample(PORTS, len(PORTS)):
        if port != other_than and _give(port, 1):
            return port
    raise OSError(f"no free port from {PORTS[0]} to {PORTS[-1]}")


def free_hundred() -> int:
    """The first of a hundred ports, each as `free_port` gives one. Raises OSError when there are none."""
    for first in random.sample(HUNDREDS, len(HUNDREDS)):
        if _give(first, HUNDREDS.step):
            return first
    raise OSError(f"no hundred of free ports from {HUNDREDS[0]} to {HUNDREDS[-1] + HUNDREDS.step - 1}")


def _give(first: int, count: int) -> bool:
    if first in _given or not _reserve(first, count) or not all(map(_is_free, range(first, first + count))):
        return False
    _given.add(first)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _reserve(first: int, count: int) -> bool:
    """Lock the ports' bytes of a file that all of this user's processes share; a lock ends with its process."""
    try:
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, count, first)
    except (BlockingIOError, PermissionError):
        return False
    return True


@cache
def _reservations() -> int:
    """The file, opened once and never closed: that would end all of its locks."""
    path = Path(tempfile.gettempdir()) / f"clicktally-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
