"""Who may come in: as many clients as there are descriptors for, and 503 for the rest."""

import asyncio
import resource
from collections.abc import Callable
from email.utils import formatdate
from typing import Final, cast

from redirector.serve import answers
from redirector.serve.connections import Connections

_SPARE_SHARE: Final = 8
_SPARE_LEAST: Final = 64
"""Descriptors for spool, caches, metrics, and for those who are told that there is no room."""
_LINGER_S: Final = 2.0
"""How long a client that is refused may take to read why."""


def most_connections() -> int:
    """How many clients the limit of open files leaves room for: an eighth of it is spared, at least 64."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return 2**31
    return max(1, limit - max(_SPARE_LEAST, limit // _SPARE_SHARE))


class Admission:
    """Makes the protocol of each new connection."""

    def __init__(self, admitted: Callable[[], asyncio.Protocol], connections: Connections) -> None:
        self._admitted: Final = admitted
        self._connections: Final = connections
        self._leaving = 0

    def __call__(self) -> asyncio.Protocol:
        """For one client: a lane's protocol, or one that says that there is no room."""
        if not self._connections.full:
            return self._admitted()
        self._connections.refused()
        return _Refused(self)

    def begin_to_leave(self) -> bool:
        """Whether one more refused client may stay to read why; otherwise it is cut."""
        self._leaving += 1
        return self._leaving <= _SPARE_LEAST // 2

    def left(self) -> None:
        """A refused client is gone."""
        self._leaving -= 1


class _Refused(asyncio.Protocol):
    """Says 503, then waits a little for the client to read it: closing at once would take it back (a reset)."""

    def __init__(self, admission: Admission) -> None:
        self._admission: Final = admission
        self._cut: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        client = cast(asyncio.Transport, transport)
        if not self._admission.begin_to_leave():
            client.abort()
            return
        head = answers.head_bytes(answers.CROWDED) + formatdate(usegmt=True).encode()
        client.write(head + b"\r\nConnection: close\r\n\r\n" + answers.CROWDED.body)
        client.write_eof()
        self._cut = asyncio.get_running_loop().call_later(_LINGER_S, client.abort)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The client is gone."""
        self._admission.left()
        if self._cut is not None:
            self._cut.cancel()
