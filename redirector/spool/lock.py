"""Who owns a directory: a file held with flock, which the kernel lets go when its owner dies."""

import fcntl
import os
from pathlib import Path


def take_lock(path: Path, *, create: bool) -> int | None:
    """The descriptor that holds the lock until it is closed, or None when another process holds it.

    flock belongs to one host: a directory on a network file system must not be shared between hosts.
    Raises FileNotFoundError when the file is absent and not to be created.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
