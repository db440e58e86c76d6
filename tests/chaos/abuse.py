"""What strangers and broken clients do while everything else goes on: it must cost nobody else an event.

- user agents of 512 random characters, another one with each click
- other bytes under an Idempotency-Key that was counted
- bodies that break off: less than Content-Length says, gzip without its end
- clients that ask for much and read nothing
- tokens that are none
"""

import asyncio
import gzip
import random
import string
from typing import Final

import msgspec

from tests.chaos.client import Answer, Connection
from tests.chaos.ledger import Item, Ledger, Post
from tests.tokens import AS_WRITER

DOMAIN: Final = "go.example"
ABUSED_LINKS: Final = ("abused-1", "abused-2", "abused-3")
"""Links of their own: what came of a request without an answer is uncertain, and shall blur no other count."""

_TIMEOUT_S: Final = 2.0
_UA_CHARS: Final = 512
_UNREAD_REQUESTS: Final = 40
_VISIBLE: Final = string.printable[:95]
_HALF: Final = 0.5
_REDIRECT: Final = 302
_ACCEPTED: Final = 202
_UNAVAILABLE: Final = 503
_COUNT_NOTHING: Final = {422, _UNAVAILABLE}
_NO_BODY: Final = {400, _UNAVAILABLE}
_NOT_LET_IN: Final = {401, 429, _UNAVAILABLE}


class Abuse:
    """Clients that nobody invited, each act noted in the ledger for what may have been counted."""

    def __init__(self, rng: random.Random, port: int, ledger: Ledger) -> None:
        self._rng = rng
        self._port = port
        self._ledger = ledger
        self._connection = Connection(port, timeout_s=_TIMEOUT_S)

    async def act(self) -> None:
        """One act of any kind."""
        await self._rng.choice(
            (self._click_as_a_stranger, self._change_a_keyed_body, self._break_off, self._read_nothing, self._guess)
        )()

    async def close(self) -> None:
        """Drop the connection."""
        await self._connection.close()

    async def _click_as_a_stranger(self) -> None:
        for _ in range(self._rng.randint(1, 20)):
            link = self._rng.choice(ABUSED_LINKS)
            agent = "".join(self._rng.choices(_VISIBLE, k=_UA_CHARS)).strip() or "x"
            answer = await self._connection.get(DOMAIN, f"/{link}", user_agent=agent)
            answered = answer is not None and answer.status == _REDIRECT
            self._ledger.note(
                "click", f"{DOMAIN}/{link}", answered=answered, counted=answer is not None and answer.counted
            )

    async def _change_a_keyed_body(self) -> None:
        """The right bytes, other bytes, the right bytes again: the first and the last count once together."""
        key = f"abuse-{self._rng.getrandbits(64):x}"
        item = Item(f"{DOMAIN}/{self._rng.choice(ABUSED_LINKS)}", self._rng.randint(1, 9), "counted")
        right = Post(key, [item])
        changed = [[item, item], [msgspec.structs.replace(item, count=item.count + 1)]]
        other = Post(key, self._rng.choice(changed))
        for post in (right, other, right):
            answer = await self._connection.post(DOMAIN, "/v1/impressions", _encoded(post), key)
            if answer is None:
                post.maybe += 1
            elif answer.status == _ACCEPTED:
                post.acknowledged += 1
            elif answer.status not in _COUNT_NOTHING:
                self._surprise("other bytes under a key", answer)
        self._ledger.settle(right)
        self._ledger.settle(other)

    async def _break_off(self) -> None:
        """Nothing of such a body counts, so nothing of it is noted."""
        body = _encoded(Post("", [Item(f"{DOMAIN}/{ABUSED_LINKS[0]}", 1, "counted")] * 200))
        packed = gzip.compress(body)
        cut = packed[: self._rng.randrange(1, len(packed))]
        head = f"POST /v1/impressions HTTP/1.1\r\nHost: {DOMAIN}\r\n{AS_WRITER}\r\n"
        if self._rng.random() < _HALF:
            whole = f"{head}Content-Encoding: gzip\r\nContent-Length: {len(cut)}\r\n\r\n".encode() + cut
            answer = await self._connection.send(whole)
            if answer is not None and answer.status not in _NO_BODY:
                self._surprise("a gzip body without its end", answer)
            return
        _, writer = await self._open()
        if writer is not None:
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2])
            await asyncio.sleep(self._rng.uniform(0, 0.2))
            writer.transport.abort()

    async def _read_nothing(self) -> None:
        """Much is asked for, and the answers stay in the kernel; what was asked for may be counted."""
        link = self._rng.choice(ABUSED_LINKS)
        _, writer = await self._open()
        if writer is None:
            return
        request = f"GET /{link} HTTP/1.1\r\nHost: {DOMAIN}\r\nUser-Agent: Mozilla/5.0\r\n\r\n".encode()
        self._ledger.note("click", f"{DOMAIN}/{link}", answered=False, count=_UNREAD_REQUESTS)
        writer.write(request * _UNREAD_REQUESTS)
        await asyncio.sleep(self._rng.uniform(0, 0.5))
        writer.transport.abort()

    async def _guess(self) -> None:
        body = _encoded(Post("", [Item(f"{DOMAIN}/{ABUSED_LINKS[0]}", 1_000_000, "counted")]))
        token = f"ct_{self._rng.getrandbits(64):016x}_{self._rng.getrandbits(256):064x}"
        head = f"POST /v1/impressions HTTP/1.1\r\nHost: {DOMAIN}\r\nAuthorization: Bearer {token}\r\n"
        answer = await self._connection.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        if answer is not None and answer.status not in _NOT_LET_IN:
            self._surprise("a token that is none", answer)

    async def _open(self) -> tuple[asyncio.StreamReader | None, asyncio.StreamWriter | None]:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await asyncio.open_connection("127.0.0.1", self._port)
        except (OSError, TimeoutError):
            return None, None

    def _surprise(self, what: str, answer: Answer) -> None:
        self._ledger.surprises.append(f"{what}: {answer.status} {answer.body[:200]!r}")


def _encoded(post: Post) -> bytes:
    return msgspec.json.encode(
        [{"link": item.link, "kind": "rendered", "count": item.count} for item in post.items]
    )
