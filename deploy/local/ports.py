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

_given: Final[set[int]] = set()


def free_port(other_than: int = 0) -> int:
    """A TCP port that nobody listens on now, and that nobody else is given by this function while we live.

    Between the choice and the bind, and between a kill and a restart, nobody listens on it: another process must
    not be given it then, either. Raises OSError when there is none.
    """
    for port in random.sample(PORTS, len(PORTS)):
        if port != other_than and port not in _given and _reserve(port) and _is_free(port):
            _given.add(port)
            return port
    raise OSError(f"no free port from {PORTS[0]} to {PORTS[-1]}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _reserve(port: int) -> bool:
    """Lock the port's byte of a file that all of this user's processes share; a lock ends with its process."""
    try:
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):
        return False
    return True


@cache
def _reservations() -> int:
    """The file, opened once and never closed: that would end all of its locks."""
    path = Path(tempfile.gettempdir()) / f"clicktally-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
