"""The matcher's side of ClickHouse: a connection of its own, for a long look must not hold up the copiers."""

from collections.abc import AsyncIterator, Sequence

from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.unmatched import LinksNow, Unmatched, links_for, unmatched_pages
from stream.tables.not_there_yet import not_there_yet


class ClickHouseMatches:
    """The tables `snapshots` and `links`. Every method may raise TransientError and ClickHouseError."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def unmatched(self) -> AsyncIterator[list[Unmatched]]:
        """Newest totals without a link. A table that is not there yet will be: links are copied without it."""
        with not_there_yet("table snapshots"):
            async for page in unmatched_pages(self._client):
                yield page

    async def links_for(self, totals: Sequence[Unmatched]) -> LinksNow:
        """The links that may be theirs."""
        return await links_for(self._client, totals)
