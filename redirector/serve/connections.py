"""The open connections of a process, and the one scan that closes the slow among them."""

from typing import Final, Protocol

from redirector.serve.counts import Counts


class Connection(Protocol):
    """One client, in whichever lane."""

    def overdue(self, now_s: float) -> bool:
        """Whether the client has let us wait longer than it may."""

    def abort(self) -> None:
        """Cut the connection without waiting for what is still to be written."""

    def stop(self) -> None:
        """Finish what is being answered, then close; an idle connection at once."""


class Connections:
    """Knows each connection from its first byte to its last; `now_s` is the scan's own coarse clock."""

    def __init__(self, counts: Counts, now_s: float, *, most: int = 2**31) -> None:
        """At most `most` are to be open at a time."""
        self._counts: Final = counts
        self._most: Final = most
        self.open: Final[set[Connection]] = set()
        self.now_s = now_s
        self.stopping = False

    @property
    def full(self) -> bool:
        """Whether as many are open as may be."""
        return len(self.open) >= self._most

    def refused(self) -> None:
        """Count a client that there was no room for."""
        self._counts.connections_refused += 1

    def scan(self, now_s: float) -> None:
        """Cut the overdue. Called about every second: a connection costs a comparison, no timer."""
        self.now_s = now_s
        for connection in [one for one in self.open if one.overdue(now_s)]:
            self._counts.slow_closed += 1
            connection.abort()

    def stop(self) -> None:
        """Let every connection end by itself."""
        self.stopping = True
        for connection in list(self.open):
            connection.stop()

    def abort(self) -> int:
        """Cut what is left; returns how many that were."""
        left = list(self.open)
        for connection in left:
            connection.abort()
        return len(left)
