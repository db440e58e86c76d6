"""A port is given to one at a time, in this process and in all others of this user."""

import socket
import subprocess
import sys

import pytest

from deploy.local import ports
from deploy.local.ports import free_hundred, free_port

_OTHER = """
import sys
from deploy.local import ports

ports.PORTS = range(int(sys.argv[1]), int(sys.argv[2]))
print(ports.free_port())
"""


def given_to_another(first: int, beyond: int) -> str:
    """What a process gets that may choose from these ports: the port, or the last line of its error."""
    done = subprocess.run(
        [sys.executable, "-c", _OTHER, str(first), str(beyond)], capture_output=True, text=True, check=False
    )
    return (done.stdout or done.stderr).strip().splitlines()[-1]


def test_no_port_is_given_twice() -> None:
    given = [free_port() for _ in range(100)]
    assert len(set(given)) == 100
    assert set(given) <= set(ports.PORTS)


def test_a_port_that_somebody_was_given_is_given_to_no_other_process() -> None:
    port = free_port()
    assert given_to_another(port, port + 1) == f"OSError: no free port from {port} to {port}"


def test_a_port_is_free_again_when_the_process_that_was_given_it_has_ended() -> None:
    port = int(given_to_another(ports.PORTS[0], ports.PORTS[-1] + 1))
    assert given_to_another(port, port + 1) == str(port)


def test_a_port_is_not_given_while_somebody_listens_or_when_it_is_not_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = int(given_to_another(ports.PORTS[0], ports.PORTS[-1] + 1))
    monkeypatch.setattr(ports, "PORTS", range(port, port + 1))
    with socket.create_server(("127.0.0.1", port)), pytest.raises(OSError, match="no free port"):
        free_port()
    with pytest.raises(OSError, match="no free port"):
        free_port(other_than=port)
    assert free_port() == port


@pytest.fixture
def hundred(monkeypatch: pytest.MonkeyPatch) -> int:
    """One that this process was given, and the only one there is from now on."""
    first = free_hundred()
    monkeypatch.setattr(ports, "HUNDREDS", range(first, first + 1, 100))
    return first


def test_no_hundred_is_given_twice_and_no_port_of_it_to_another_process(hundred: int) -> None:
    with pytest.raises(OSError, match=f"no hundred of free ports from {hundred} to {hundred + 99}"):
        free_hundred()
    for port in (hundred, hundred + 99):
        assert given_to_another(port, port + 1) == f"OSError: no free port from {port} to {port}"


@pytest.mark.parametrize("taken", [0, 99])
def test_a_hundred_is_not_given_while_somebody_listens_on_any_of_it(
    hundred: int, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    monkeypatch.setattr(ports, "_given", set())
    with socket.create_server(("127.0.0.1", hundred + taken)), pytest.raises(OSError, match="no hundred"):
        free_hundred()
    assert free_hundred() == hundred
