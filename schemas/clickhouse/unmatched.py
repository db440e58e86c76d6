"""Totals in the table `snapshots` whose posts' links were not known, and what tells their links now.

Nothing is remembered of what was matched: the table itself says. A total is matched once a row of the same post,
series and period, as new or newer, has a link; so asking twice, or by two at once, sends what changes nothing.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.client import clickhouse_errors
from schemas.matching import Links, PostIndex, link_keys, snapshot_keys
from schemas.posts import named_post_keys
from schemas.snapshots import Snapshot

PAGE_ROWS: Final = 10_000
_KEYS_AT_ONCE: Final = 1_000
_QUERY_BYTES: Final = 4 * 1024 * 1024

_GROUPED: Final = {
    "platform": "platform",
    "post": "post",
    "series": "series",
    "start_ms": "toUnixTimestamp64Milli(start_at)",
    "end_ms": "toUnixTimestamp64Milli(end_at)",
}
_NEWEST: Final = {
    "observed_ms": "toUnixTimestamp64Milli(observed_at)",
    "total": "total",
    "published_ms": "toUnixTimestamp64Milli(published_at)",
    "source": "source",
    "account": "account",
    "profile": "profile",
    "permalink": "permalink",
    "other_ids": "other_ids",
    "urls": "urls",
    "side": "side",
    "is_retired": "is_retired",
    "provisional": "provisional",
}
_PAGE: Final = f"""
SELECT
    {", ".join(f"{expression} AS {name}_" for name, expression in _GROUPED.items())},
    maxIf(observed_at, link = '') AS unlinked_at,
    maxIf(observed_at, link != '') AS linked_at,
    argMaxIf(tuple({", ".join(_NEWEST.values())}), observed_at, link = '') AS newest
FROM snapshots
GROUP BY {", ".join(f"{name}_" for name in _GROUPED)}
HAVING unlinked_at > linked_at AND ({", ".join(f"{name}_" for name in _GROUPED)}) > %(after)s
ORDER BY {", ".join(f"{name}_" for name in _GROUPED)}
LIMIT {PAGE_ROWS}
"""  # noqa: S608 - constants
_BEFORE: Final = """
SELECT platform, post, argMax(link, observed_at) FROM snapshots
WHERE link != '' AND (platform, post) IN %(posts)s GROUP BY platform, post
"""
_ACCOUNTS: Final = "SELECT link, account FROM links FINAL WHERE NOT deleted AND link IN %(keys)s"
_WITH_POSTS: Final = """
SELECT link, account, post_id, post_url, channel FROM links FINAL
WHERE NOT deleted AND (post_id != '' OR post_url != '')
"""
_FIRST: Final = ("", "", "", -1, -1)


class Unmatched(NamedTuple):
    """A post's newest total without a link. `before` is the link that its post had in other totals, "" for none."""

    snapshot: Snapshot
    before: str


async def unmatched_pages(client: AsyncClient) -> AsyncIterator[list[Unmatched]]:
    """All unmatched totals, PAGE_ROWS at a time. Raises TransientClickHouseError, ClickHouseError."""
    after: tuple[object, ...] = _FIRST
    while True:
        with clickhouse_errors():
            page = await client.query(_PAGE, parameters={"after": after})
        rows = page.result_rows
        if not rows:
            return
        snapshots = [_snapshot(row) for row in rows]
        before = await _links_before(client, {(one.platform, one.post) for one in snapshots})
        yield [Unmatched(one, before.get((one.platform, one.post), "")) for one in snapshots]
        if len(rows) < PAGE_ROWS:
            return
        after = tuple(rows[-1][: len(_GROUPED)])


def _snapshot(row: Sequence[Any]) -> Snapshot:
    grouped = dict(zip(_GROUPED, row, strict=False))
    newest = dict(zip(_NEWEST, row[-1], strict=True))
    # Numbers of other types, and of a map, as the wire has them.
    return msgspec.convert({"type": "snapshot", **grouped, **newest}, Snapshot, strict=False)


async def _links_before(client: AsyncClient, posts: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    rows = await _rows_for(client, _BEFORE, "posts", posts)
    return {(platform, post): link for platform, post, link in rows}


async def _rows_for(client: AsyncClient, query: str, parameter: str, keys: Iterable[Any]) -> list[Any]:
    """The query's rows for all keys, so many at once as a query may be long."""
    rows: list[Any] = []
    ordered = sorted(keys)
    for start in range(0, len(ordered), _KEYS_AT_ONCE):
        with clickhouse_errors():
            result = await client.query(
                query,
                parameters={parameter: ordered[start : start + _KEYS_AT_ONCE]},
                settings={"max_query_size": _QUERY_BYTES},
            )
        rows += result.result_rows
    return rows


class LinksNow:
    """Links that some totals may have, with their accounts: a total of an account has none of another's."""

    def __init__(self, accounts: Mapping[str, str], posts: Mapping[str, PostIndex]) -> None:
        self._accounts = accounts
        self._posts = posts

    def of(self, account: str) -> Links:
        """The links of an account; of all accounts where it is empty."""
        return _AccountLinks(account, self, self._posts)

    def has(self, link: str, account: str) -> bool:
        """Whether there is such a link, and it is the account's."""
        return link in self._accounts and account in ("", self._accounts[link])


class _AccountLinks:
    def __init__(self, account: str, links: LinksNow, posts: Mapping[str, PostIndex]) -> None:
        self._account = account
        self._links = links
        self._posts = [posts[name] for name in ([account] if account else sorted(posts)) if name in posts]

    def has(self, key: str) -> bool:
        return self._links.has(key, self._account)

    def of_post(self, keys: Sequence[str]) -> str:
        return min(filter(None, (index.of_post(keys) for index in self._posts)), default="")


async def links_for(client: AsyncClient, totals: Sequence[Unmatched]) -> LinksNow:
    """What tells the links of these totals: the links that they name, or that name their posts.

    Raises TransientClickHouseError, ClickHouseError.
    """
    named = {key for one in totals for key in link_keys(one.snapshot.urls)} | {one.before for one in totals} - {""}
    wanted = {key for one in totals for key in snapshot_keys(one.snapshot)}
    accounts: dict[str, str] = dict(await _rows_for(client, _ACCOUNTS, "keys", named))
    posts: dict[str, PostIndex] = {}
    with clickhouse_errors():
        async with await client.query_rows_stream(_WITH_POSTS) as rows:
            async for link, account, post_id, post_url, channel in rows:
                if not wanted.isdisjoint(named_post_keys(post_id, post_url, channel)):
                    index = posts.setdefault(account, PostIndex())
                    index.add(link, post_id=post_id, post_url=post_url, channel=channel)
    return LinksNow(accounts, posts)
