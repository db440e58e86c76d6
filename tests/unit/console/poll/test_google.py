"""Google Ads: the account's days, both ways of asking, quotas, tokens. YouTube: batches, uploads, deletions."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from console.poll.platforms.google import judge
from console.poll.platforms.google_ads import window
from console.poll.verdicts import Answer
from tests.platform_servers.google import GoogleAdsServer, YouTubeServer, exhausted, out_of_quota
from tests.platform_servers.server import Fault
from tests.unit.console.poll.polling import START_MS, START_S, SomeLinks, polling

ADS = {
    "customer": "123",
    "login_customer": "456",
    "client_id": "app",
    "client_secret": "client-secret",
    "refresh_token": "refresh-that-nobody-may-see",
}
CHANNEL = {"channel": "UCabcdefghijklmnopqrstuv"}
DAYS = [("2026-11-26", "987", 1200), ("2026-11-26", "988", 0), ("2026-11-27", "987", 40)]


@pytest.mark.parametrize("method", ["searchStream", "search"])
async def test_the_days_of_all_ads_come_in_the_accounts_time_zone(tmp_path: Path, method: str) -> None:
    server = GoogleAdsServer()
    server.days = DAYS
    async with polling(server, "google-ads", tmp_path, {**ADS, "method": method}) as account:
        account.links = SomeLinks("sho.rt/987")
        result = await account.round()
        await account.round()
    assert (result.state, result.snapshots, result.matched) == ("ok", 3, 2)
    first, zero, _ = account.sent[:3]
    midnight = datetime(2026, 11, 26, 8, tzinfo=UTC).timestamp() * 1000
    assert (first.start_ms, first.total, first.series) == (midnight, 1200, "impressions/day@v26")
    assert zero.total == 0
    assert server.queries().count("SELECT customer.time_zone FROM customer LIMIT 1") == 1, "asked once"
    assert all("BETWEEN '2026-10-29' AND '2026-11-27'" in query for query in server.queries()[1:])
    assert len(server.queries()) == 1 + 2 * (1 if method == "searchStream" else 2)
    assert server.tokens == 1
    assert server.requests[-1].headers["login-customer-id"] == "456"


@pytest.mark.parametrize(
    ("now", "zone", "days", "first", "last"),
    [
        (datetime(2026, 11, 27, 7, 59, tzinfo=UTC), "America/Los_Angeles", 30, (10, 28), (11, 26)),
        (datetime(2026, 11, 27, 8, 0, tzinfo=UTC), "America/Los_Angeles", 30, (10, 29), (11, 27)),
        (datetime(2026, 11, 27, 14, 59, tzinfo=UTC), "Asia/Tokyo", 1, (11, 27), (11, 27)),
        (datetime(2026, 11, 27, 15, 0, tzinfo=UTC), "Asia/Tokyo", 1, (11, 28), (11, 28)),
    ],
)
def test_the_window_ends_with_the_accounts_today(
    now: datetime, zone: str, days: int, first: tuple[int, int], last: tuple[int, int]
) -> None:
    days_polled = window(int(now.timestamp() * 1000), ZoneInfo(zone), days)
    assert days_polled == (date(2026, *first), date(2026, *last))


async def test_an_exhausted_quota_is_waited_for_as_long_as_its_delay_says(tmp_path: Path) -> None:
    server = GoogleAdsServer()
    server.days = DAYS
    async with polling(server, "google-ads", tmp_path, ADS) as account:
        await account.round()
        server.faults = [exhausted("30s")]
        assert (await account.round()).state == "ok"
    assert account.clock.slept == [30]


@pytest.mark.parametrize(("delay", "wait_s"), [("30s", 30), ("0.5s", 0.5), (None, 900), ("soon", 900)])
@pytest.mark.parametrize("wrapped", [False, True])
def test_how_long_a_quota_error_lasts(delay: str | None, wait_s: float, wrapped: bool) -> None:
    body = exhausted(delay).body
    verdict = judge(Answer(429, {}, json.dumps([body] if wrapped else body).encode()), START_S)
    assert (verdict.outcome, verdict.until_s) == ("limited", START_S + wait_s)


async def test_a_refresh_token_that_was_taken_back_is_told_and_never_shown(tmp_path: Path) -> None:
    server = GoogleAdsServer()
    server.refresh_token = "another"
    async with polling(server, "google-ads", tmp_path, ADS) as account:
        result = await account.round()
    assert result.state == "token"
    assert "invalid_grant: Token has been expired or revoked." in result.error
    assert "oauthplayground" in result.error
    assert ADS["refresh_token"] not in result.error


async def test_an_access_token_is_made_anew_before_it_ends(tmp_path: Path) -> None:
    server = GoogleAdsServer()
    async with polling(server, "google-ads", tmp_path, ADS) as account:
        await account.round()
        account.clock.now_s += 3599 - 120 - 1
        await account.round()
        assert server.tokens == 1
        account.clock.now_s += 1
        await account.round()
        assert server.tokens == 2


async def test_an_account_without_a_time_zone_is_a_refusal(tmp_path: Path) -> None:
    server = GoogleAdsServer()
    server.time_zone = "Mars/Olympus"
    async with polling(server, "google-ads", tmp_path, ADS) as account:
        result = await account.round()
    assert result.state == "failing"
    assert "customer.time_zone of 123" in result.error


async def test_fifty_videos_are_one_call_and_one_more_is_another(tmp_path: Path) -> None:
    server = YouTubeServer()
    server.videos = {f"abcdefghi{number:02}": number for number in range(51)}
    async with polling(server, "youtube", tmp_path) as account:
        account.links = SomeLinks("sho.rt/yt")
        result = await account.round(*server.videos)
    assert (result.snapshots, result.matched, len(server.requests)) == (51, 51, 2)
    assert all("key" not in one.query for one in server.requests), "a key is no part of an address"


async def test_a_video_that_is_not_in_the_answer_is_gone(tmp_path: Path) -> None:
    server = YouTubeServer()
    server.videos = {"abcdefghijk": 5}
    async with polling(server, "youtube", tmp_path) as account:
        result = await account.round("abcdefghijk", "lmnopqrstuv")
        assert (result.gone, result.snapshots) == (1, 1)
        account.clock.now_s += 3600
        await account.round()
    assert server.requests[-1].query["id"] == "abcdefghijk"


async def test_a_channels_uploads_are_read_until_they_are_older_than_the_last_listing(tmp_path: Path) -> None:
    server = YouTubeServer()
    server.uploads = [(f"abcdefghi{day:02}", f"2026-11-{day}T09:00:00Z") for day in (25, 24, 23, 22, 21)]
    server.videos = {video: 1 for video, _ in server.uploads}
    async with polling(server, "youtube", tmp_path, CHANNEL) as account:
        assert (await account.round()).snapshots == 5
        pages = server.paths().count("/youtube/v3/playlistItems")
        account.clock.now_s += 3600
        await account.round()
    assert (pages, server.paths().count("/youtube/v3/playlistItems")) == (3, 4)


async def test_youtubes_daily_quota_ends_at_midnight_in_california(tmp_path: Path) -> None:
    server = YouTubeServer()
    server.faults = [out_of_quota()]
    async with polling(server, "youtube", tmp_path) as account:
        result = await account.round("abcdefghijk")
    assert (result.state, result.rests_until_s) == ("limited", START_S + 14 * 3600)


async def test_a_rate_of_youtube_is_waited_for_a_minute(tmp_path: Path) -> None:
    server = YouTubeServer()
    server.videos = {"abcdefghijk": 5}
    error = {"code": 403, "message": "slow down", "errors": [{"reason": "rateLimitExceeded"}]}
    server.faults = [Fault(403, {"error": error})]
    async with polling(server, "youtube", tmp_path) as account:
        assert (await account.round("abcdefghijk")).state == "ok"
    assert account.clock.slept == [60]
    assert account.sent[0].observed_ms == START_MS + 60_000
