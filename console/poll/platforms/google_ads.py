"""Google Ads: the days of all ads in a trailing window, asked for again each round. Later days correct earlier."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from console.poll.accounts import GoogleAdsAccount
from console.poll.client import Client
from console.poll.platforms.asking import Numbers, PlatformPoller
from console.poll.platforms.google import AccessToken
from console.poll.settings import PollSettings
from console.poll.state import Post
from console.poll.verdicts import Refused, expected
from schemas.platforms import google_ads
from schemas.platforms.reading import ItemError, Unsaid
from schemas.platforms.times import zone_of

_SELECT: Final = (
    "SELECT segments.date, customer.time_zone, campaign.id, ad_group_ad.ad.id, ad_group_ad.ad.final_urls,"
    " metrics.impressions, metrics.clicks, metrics.cost_micros FROM ad_group_ad"
)
_MOST_PAGES: Final = 1_000


class _Customer(msgspec.Struct, rename="camel"):
    time_zone: str = ""


class _Row(msgspec.Struct):
    customer: _Customer | None = None


class _Page(msgspec.Struct, rename="camel"):
    results: list[_Row] = []
    next_page_token: str = ""


class GoogleAdsPoller(PlatformPoller[GoogleAdsAccount]):
    """One customer. Its time zone is asked for once: its days begin there."""

    platform = google_ads.PLATFORM
    of_whole_account = True

    def __init__(
        self,
        client: Client,
        account: GoogleAdsAccount,
        settings: PollSettings,
        warn: Callable[[str], None],
        token: AccessToken,
    ) -> None:
        super().__init__(client, account, settings, warn)
        self._token: Final = token
        self._zone: ZoneInfo | None = None

    async def numbers(self, posts: Sequence[Post]) -> Numbers:
        """The days of all ads; `posts` makes no difference."""
        del posts
        self.client.headers["Authorization"] = await self._token.bearer()
        zone = await self._time_zone()
        query = _query(window(self.now_ms, zone, self.settings.ads_days))
        if self.account.method == "searchStream":
            body = await self.client.post(self._path("searchStream"), _body(query))
            return self.numbers_of(google_ads.read, body, self._read_in(zone))
        return await self._paged(query, zone)

    async def _paged(self, query: str, zone: ZoneInfo) -> Numbers:
        whole, page_token = Numbers([], []), ""
        for _ in range(_MOST_PAGES):
            body = await self.client.post(self._path("search"), _body(query, page_token))
            part = self.numbers_of(google_ads.read, body, self._read_in(zone))
            whole.snapshots.extend(part.snapshots)
            whole.complaints.extend(part.complaints)
            page_token = expected(body, _Page, "Google Ads").next_page_token
            if not page_token:
                return whole
        raise Refused(f"Google Ads has more than {_MOST_PAGES:,} pages: lower CLICKTALLY_POLL_ADS_DAYS")

    def _read_in(self, zone: ZoneInfo) -> Unsaid:
        return self.unsaid(version=self.settings.google_ads_version, zone=zone)

    async def _time_zone(self) -> ZoneInfo:
        if self._zone is None:
            body = await self.client.post(
                self._path("search"), _body("SELECT customer.time_zone FROM customer LIMIT 1")
            )
            rows = expected(body, _Page, "Google Ads").results
            name = rows[0].customer.time_zone if rows and rows[0].customer else ""
            try:
                self._zone = zone_of(name)
            except ItemError as error:
                raise Refused(f"customer.time_zone of {self.account.customer}: {error}") from error
        return self._zone

    def _path(self, method: str) -> str:
        return f"/{self.settings.google_ads_version}/customers/{self.account.customer}/googleAds:{method}"


def window(now_ms: int, zone: ZoneInfo, days: int) -> tuple[date, date]:
    """The first and the last day of so many, today's in the account's time zone the last."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).date()
    return today - timedelta(days=days - 1), today


def _query(days: tuple[date, date]) -> str:
    first, last = days
    return f"{_SELECT} WHERE segments.date BETWEEN '{first}' AND '{last}'"


def _body(query: str, page_token: str = "") -> bytes:
    return msgspec.json.encode({"query": query, **({"pageToken": page_token} if page_token else {})})
