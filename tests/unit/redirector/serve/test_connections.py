from redirector.serve.connections import Connections
from redirector.serve.counts import Counts


class FakeConnection:
    def __init__(self, due_s: float) -> None:
        self.due_s = due_s
        self.ended = ""

    def overdue(self, now_s: float) -> bool:
        return now_s > self.due_s

    def abort(self) -> None:
        self.ended = "aborted"

    def stop(self) -> None:
        self.ended = "stopped"


def test_a_scan_cuts_the_overdue_and_counts_them() -> None:
    counts = Counts()
    connections = Connections(counts, 0.0)
    slow, quick = FakeConnection(5), FakeConnection(10)
    connections.open.update((slow, quick))
    connections.scan(6)
    assert (slow.ended, quick.ended) == ("aborted", "")
    assert (connections.now_s, counts.slow_closed) == (6, 1)


def test_stopping_asks_first_and_cuts_what_is_left() -> None:
    connections = Connections(Counts(), 0.0)
    one = FakeConnection(5)
    connections.open.add(one)
    connections.stop()
    assert (connections.stopping, one.ended) == (True, "stopped")
    assert connections.abort() == 1
    assert one.ended == "aborted"
