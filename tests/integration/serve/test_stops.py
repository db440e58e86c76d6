"""How a serve process ends, and what it refuses to start with."""

import signal
from pathlib import Path

import pytest

from tests.integration.serve_process import DEADLINE_S, Serve, answered, get, post, running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_and_seals_its_spool(serve: Serve, number: signal.Signals) -> None:
    with serve.connect() as idle, serve.connect() as kept, serve.connect() as half:
        kept.send(get())
        assert kept.answer().status == 302
        half.send(get()[:-2])
        assert answered(serve, get()).status == 302
        serve.child.send_signal(number)
        assert idle.is_closed()
        assert kept.is_closed()
        half.send(b"\r\n")
        answer = half.answer()
        assert (answer.status, answer.headers["connection"]) == (302, "close")
        assert half.is_closed()
    assert serve.child.wait(DEADLINE_S) == 0
    assert len(serve.events()) == 3


def test_it_does_not_wait_for_ever_for_a_slow_client(tmp_path: Path, fast_lane: bool) -> None:
    with running(tmp_path, fast_lane=fast_lane, stop_timeout_s=0.3) as serve, serve.connect() as slow:
        slow.send(post(b"[" * 100)[:-50])
        assert answered(serve, get()).status == 302
        assert serve.terminate() == 0


def test_the_settings_are_checked_before_anything_starts(tmp_path: Path) -> None:
    serve = Serve(tmp_path, trusted_proxies="nonsense")
    assert serve.child.wait(DEADLINE_S) == 2
    serve = Serve(tmp_path, prot=1)
    assert serve.child.wait(DEADLINE_S) == 2
