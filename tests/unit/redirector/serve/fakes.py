"""Stand-ins for what serve leans on."""

from redirector.serve.key_book import Counted
from redirector.spool.writer import SpoolFullError
from schemas.idempotency import KEY_TTL_S
from schemas.links import Link, NewerLinkError
from schemas.tokens import Token


class FakeSpool:
    """Keeps lines in memory; `room` is how many appends still succeed; `bug` is raised instead."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.lines: list[bytes] = []
        self.appends = 0
        self.cause: OSError | None = None
        self.bug: Exception | None = None
        self._seq = 0

    def take_seq(self) -> int:
        self._seq += 1
        return self._seq

    def append(self, lines: bytes) -> None:
        if self.bug is not None:
            raise self.bug
        if self.room == 0:
            raise SpoolFullError("no room") from self.cause
        self.room -= 1
        self.appends += 1
        assert lines.endswith(b"\n")
        self.lines += lines.splitlines()


class FakeTokens:
    """Tokens in memory."""

    def __init__(self, *tokens: Token) -> None:
        self.tokens = {token.id: token for token in tokens}
        self.loaded = True

    def ready(self) -> bool:
        return self.loaded

    def get(self, key: str) -> Token | None:
        return self.tokens.get(key)


class FakeKeys:
    """A key book in memory."""

    def __init__(self) -> None:
        self.counted: dict[bytes, Counted] = {}

    def find(self, name: bytes, now_s: int) -> Counted | None:
        counted = self.counted.get(name)
        return counted if counted is not None and now_s - counted.at_s <= KEY_TTL_S else None

    async def enter(self, name: bytes, counted: Counted) -> None:
        self.counted[name] = counted


class FakeLinks:
    """A link cache in memory that counts how often a link was found."""

    def __init__(self, *links: Link) -> None:
        self.links = {link.key: link for link in links}
        self.newer: set[str] = set()
        self.version_now = 1
        self.gets = 0
        self.loaded = True

    def ready(self) -> bool:
        return self.loaded

    def get(self, key: str) -> Link | None:
        self.gets += key in self.links
        if key in self.newer:
            raise NewerLinkError("the link is version 9, this release reads 2: upgrade it")
        return self.links.get(key)

    def has_domain(self, domain: str) -> bool:
        return any(key.startswith(f"{domain}/") for key in self.links)

    def version(self) -> int:
        return self.version_now

    def put(self, link: Link) -> None:
        self.links[link.key] = link
        self.version_now += 1
