"""What was asked when, which posts are gone, how far an account's list was read: one SQLite file.

Nothing is counted by it. Lost, every post is asked once more, which changes no count; shared by two pollers, each
asks for what the other did not.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS posts (
    platform TEXT NOT NULL, account TEXT NOT NULL, post TEXT NOT NULL,
    published_ms INTEGER NOT NULL, first_ms INTEGER NOT NULL, asked_ms INTEGER NOT NULL,
    gone INTEGER NOT NULL, counted INTEGER NOT NULL,
    kind TEXT NOT NULL, permalink TEXT NOT NULL, urls TEXT NOT NULL,
    PRIMARY KEY (platform, account, post)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS listed (
    platform TEXT NOT NULL, account TEXT NOT NULL, until_ms INTEGER NOT NULL,
    PRIMARY KEY (platform, account)) WITHOUT ROWID;
"""
_BUSY_S: Final = 30.0

_decode_urls: Final = msgspec.json.Decoder(tuple[str, ...]).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post as its platform's API names it. `kind` is the platform's own word, such as REELS; "" if not known.

    `first_ms` is when we heard of it, `asked_ms` when its numbers were last asked for (0: never); `counted`: it
    once had a number.
    """

    id: str
    published_ms: int = 0
    first_ms: int = 0
    asked_ms: int = 0
    gone: bool = False
    counted: bool = False
    kind: str = ""
    permalink: str = ""
    urls: tuple[str, ...] = ()

    @property
    def born_ms(self) -> int:
        """What its age is told from."""
        return self.published_ms or self.first_ms


class State:
    """The posts of one account; `with` it. Raises OSError for a file that cannot be used."""

    def __init__(self, path: Path, platform: str, account: str) -> None:
        self._account: Final = platform, account
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database: Final = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost readings, no counts
            self._database.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            raise OSError(f"CLICKTALLY_POLL_STATE_FILE {path} cannot be used: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._database.close()

    def posts(self) -> dict[str, Post]:
        """All that are known, by id."""
        rows = self._database.execute(
            "SELECT post, published_ms, first_ms, asked_ms, gone, counted, kind, permalink, urls FROM posts"
            " WHERE platform = ? AND account = ?",
            self._account,
        )
        return {row[0]: _post(row) for row in rows}

    def learn(self, posts: Iterable[Post], now_ms: int) -> None:
        """Of new posts everything; of known ones what was not known. When they were asked stays."""
        self._write(
            "INSERT INTO posts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " published_ms = max(published_ms, excluded.published_ms),"
            " kind = iif(excluded.kind = '', kind, excluded.kind),"
            " permalink = iif(excluded.permalink = '', permalink, excluded.permalink),"
            " urls = iif(excluded.urls = '[]', urls, excluded.urls)",
            [self._row(replace(post, first_ms=now_ms)) for post in posts],
        )

    def keep_asked(self, posts: Sequence[Post]) -> None:
        """Numbers were asked for and, where there were any, are in Kafka: keep the posts as they are."""
        self._write("INSERT OR REPLACE INTO posts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(self._row, posts))

    def listed_until_ms(self) -> int:
        """All posts published before are known; 0: the account's list was never read."""
        row = self._database.execute(
            "SELECT until_ms FROM listed WHERE platform = ? AND account = ?", self._account
        ).fetchone()
        return row[0] if row else 0

    def listed(self, until_ms: int) -> None:
        """The account's list was read to its end."""
        self._write("INSERT OR REPLACE INTO listed VALUES (?, ?, ?)", [(*self._account, until_ms)])

    def _write(self, statement: str, rows: Iterable[tuple[str | int, ...]]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany(statement, rows)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _row(self, post: Post) -> tuple[str | int, ...]:
        return (
            *self._account,
            post.id,
            post.published_ms,
            post.first_ms,
            post.asked_ms,
            post.gone,
            post.counted,
            post.kind,
            post.permalink,
            msgspec.json.encode(post.urls).decode(),
        )


def _post(row: tuple[str, int, int, int, int, int, str, str, str]) -> Post:
    return Post(
        id=row[0],
        published_ms=row[1],
        first_ms=row[2],
        asked_ms=row[3],
        gone=bool(row[4]),
        counted=bool(row[5]),
        kind=row[6],
        permalink=row[7],
        urls=_decode_urls(row[8]),
    )
