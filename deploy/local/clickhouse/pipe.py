"""Let the engine write an answer into a pipe, in any of its formats, while somebody reads the other end.

chDB hands out an answer either whole in memory or block by block, each block a document of its own. A JSON or
Parquet document over many blocks is written by nobody but INTO OUTFILE.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, Final

_SIZE_BYTES: Final = 1 << 20


def piped(run: Callable[[str], Any], end: Callable[[], None], done: Callable[[Any], None]) -> Generator[bytes]:
    """What ``run(path)`` writes into the file at ``path``, piece by piece; ``done`` gets what it returns.

    Closing the generator calls ``end`` and waits until ``run`` is over. What ``run`` raises comes after the pieces.
    """
    reads, writes = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, _SIZE_BYTES)
    outcome: Future[Any] = Future()

    def write() -> None:
        try:
            outcome.set_result(run(f"/dev/fd/{writes}"))
        except BaseException as error:  # noqa: BLE001 - carried to whoever reads
            outcome.set_exception(error)
        finally:
            os.close(writes)

    thread = threading.Thread(target=write, name="piped")
    thread.start()
    try:
        while piece := os.read(reads, _SIZE_BYTES):
            yield piece
        done(outcome.result())
    finally:
        os.close(reads)
        if not outcome.done():
            end()
        thread.join()
