"""What a client's bytes cost: patterns that once made each of them dear, through both lanes, by CPU time."""

import asyncio
import random
import time
from typing import Final

from tests.fuzz.http import AT_ONCE, Redirector, turns

PACKET: Final = 65_536
MAX_BYTES: Final = 1 << 20
BUDGET_S_PER_BYTE: Final = 1e-7
"""A mebibyte may take a tenth of a second, on a busy machine; of empty lines it took a third on a quiet one."""
BUDGET_S: Final = 0.005
"""What a connection may take beside: five hundred chunks of a byte, which are let through, take 1.5 ms."""
LINES_A_CONNECTION: Final = 100
"""Of `make fuzz`: a connection here is as much work."""
_POST: Final = b"POST /v1/impressions HTTP/1.1\r\nHost: go.example\r\n"
_PATTERNS: Final = (
    b"\r\n\r\n",
    b"\r\n",
    b"0\r\n\r\n",
    b"1\r\n \r\n",
    b"GET /a HTTP/1.1\r\n",
    b"[[",
    b"\x00",
    b"\xff\xfe",
    b"{}\n",
)


def cost(seed: int, count: int) -> None:
    """`count` lines' worth of connections, none of which costs more CPU than its bytes may."""
    rng = random.Random(seed)
    for _ in range(max(1, count // LINES_A_CONNECTION // AT_ONCE)):
        stream = _stream(rng)
        fast = rng.random() < 0.5
        spent_s = min(asyncio.run(_spent_s(stream, fast=fast)) for _ in range(3))
        allowed_s = BUDGET_S + len(stream) * BUDGET_S_PER_BYTE
        assert spent_s < allowed_s, (seed, stream[:120], len(stream), spent_s, allowed_s)


async def _spent_s(stream: bytes, *, fast: bool) -> float:
    redirector = Redirector()
    client = redirector.client(fast=fast)
    began = time.process_time()
    for at in range(0, len(stream), PACKET):
        if not client.closed:
            client.protocol.data_received(stream[at : at + PACKET])
        await asyncio.sleep(0)
    if not client.closed:
        client.protocol.eof_received()
    await turns()
    spent_s = time.process_time() - began
    client.protocol.connection_lost(None)
    await turns()
    assert redirector.counts.outcomes["failed"] == 0, stream[:120]
    return spent_s


def _stream(rng: random.Random) -> bytes:
    size = rng.choice((1000, 60_000, MAX_BYTES - 1))
    body = (b"".join(rng.sample(_PATTERNS, rng.choice((1, 1, 2)))) * size)[:size]
    match rng.randrange(4):
        case 0:
            return _POST + b"Content-Length: %d\r\n\r\n" % size + body
        case 1:
            return _POST + b"Transfer-Encoding: chunked\r\n\r\n" + _chunks(rng, body)
        case 2:
            return _POST + b"Transfer-Encoding: chunked\r\n\r\n" + body
        case _:
            return body


def _chunks(rng: random.Random, body: bytes) -> bytes:
    size = rng.choice((1, 16, 1000, 60_000))
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
