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

    def __init__(self, counts: Counts, now_s: float) -> None:
        self._counts: Final = counts
        self.open: Final[set[Connection]] = set()
        self.now_s = now_s
        self.stopping = False

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
