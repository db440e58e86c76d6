"""LinkedIn: absent is zero, once; versions; quotas until midnight; page and member posts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.poll.platforms.linkedin import judge
from console.poll.state import Post
from console.poll.verdicts import Answer
from tests.platform_servers.linkedin import LinkedInServer
from tests.platform_servers.server import Fault
from tests.unit.console.poll.polling import DAY_MS, START_MS, START_S, SomeLinks, polling

PAGE = {"organization": "111"}
SHARE, UGC = "urn:li:share:222", "urn:li:ugcPost:333"


async def test_shares_and_ugc_posts_of_a_page_are_asked_for_by_what_they_are(tmp_path: Path) -> None:
    server = LinkedInServer()
    server.posts = {SHARE: 900, UGC: 80}
    async with polling(server, "linkedin", tmp_path, PAGE) as account:
        result = await account.round(SHARE, UGC)
    assert (result.state, account.totals()) == ("ok", server.posts)
    assert account.sent[0].series == "impressionCount@202610"
    assert account.sent[0].side == {"unique_impressions": 3, "clicks": 2}
    assert account.sent[0].profile == "urn:li:organization:111"


async def test_twenty_posts_are_one_call_and_one_more_is_another(tmp_path: Path) -> None:
    server = LinkedInServer()
    server.posts = {f"urn:li:share:{number}": 1 for number in range(21)}
    async with polling(server, "linkedin", tmp_path, PAGE) as account:
        await account.round(*server.posts)
    assert sum("ShareStatistics" in path for path in server.paths()) == 2


async def test_a_pages_post_that_is_absent_has_zero_and_is_gone_if_it_had_more(tmp_path: Path) -> None:
    server, other = LinkedInServer(), "urn:li:share:223"
    server.posts = {other: 1}
    async with polling(server, "linkedin", tmp_path, PAGE) as account:
        await account.round(SHARE, other)
        assert account.totals() == {SHARE: 0, other: 1}
        server.posts = {SHARE: 900, other: 1}
        account.clock.now_s += 3600
        await account.round()
        server.posts = {other: 2}
        account.clock.now_s += 3600
        result = await account.round()
    assert result.gone == 1
    assert account.totals() == {SHARE: 900, other: 2}, "what was counted stays"


async def test_an_answer_without_any_post_says_nothing_of_those_that_were_asked_for(tmp_path: Path) -> None:
    async with polling(LinkedInServer(), "linkedin", tmp_path, PAGE) as account:
        result = await account.round(SHARE)
    assert (result.state, account.totals()) == ("ok", {})


async def test_a_post_older_than_the_rolling_year_is_left_alone(tmp_path: Path) -> None:
    server = LinkedInServer()
    server.posts = {SHARE: 9, UGC: 8}
    async with polling(server, "linkedin", tmp_path, PAGE) as account:
        await account.round(
            Post(id=SHARE, published_ms=START_MS - 360 * DAY_MS),
            Post(id=UGC, published_ms=START_MS - 360 * DAY_MS - 1),
        )
    assert account.totals() == {SHARE: 9}


async def test_a_members_post_has_no_such_year(tmp_path: Path) -> None:
    server = LinkedInServer()
    server.posts = {SHARE: 9}
    async with polling(server, "linkedin", tmp_path) as account:
        await account.round(Post(id=SHARE, published_ms=START_MS - 500 * DAY_MS))
    assert account.totals() == {SHARE: 9}


async def test_a_pages_list_tells_the_links_in_its_posts(tmp_path: Path) -> None:
    server = LinkedInServer()
    server.posts = {SHARE: 9}
    server.listed = [{"id": SHARE, "publishedAt": START_MS - DAY_MS, "commentary": "read sho.rt/l1 now"}]
    async with polling(server, "linkedin", tmp_path, PAGE) as account:
        account.links = SomeLinks("sho.rt/l1")
        assert (await account.round()).matched == 1
    assert account.sent[0].published_ms == START_MS - DAY_MS


async def test_a_members_metrics_are_asked_for_one_by_one_and_sent_as_one(tmp_path: Path) -> None:
    server = LinkedInServer()
    server.posts = {SHARE: 512}
    async with polling(server, "linkedin", tmp_path) as account:
        await account.round(SHARE, "urn:li:share:404")
    (snapshot,) = account.sent
    assert (snapshot.total, snapshot.series) == (512, "IMPRESSION@202610")
    assert snapshot.side == {"reach": 512, "link_clicks": 512}
    query_types = [one.query["queryType"] for one in server.requests if "404" not in one.raw_query]
    assert query_types == ["IMPRESSION", "MEMBERS_REACHED", "LINK_CLICKS"]


@pytest.mark.parametrize(("version", "asks"), [("202603", False), ("202604", True)])
async def test_link_clicks_are_asked_for_since_the_version_that_has_them(
    tmp_path: Path, version: str, asks: bool
) -> None:
    server = LinkedInServer()
    server.posts = {SHARE: 512}
    async with polling(server, "linkedin", tmp_path, linkedin_version=version) as account:
        await account.round(SHARE)
    assert ("LINK_CLICKS" in {one.query["queryType"] for one in server.requests}) is asks


async def test_a_metric_that_is_refused_is_left_out_told_once_and_impressions_go_on(tmp_path: Path) -> None:
    server = LinkedInServer()
    server.posts, server.refused = {SHARE: 512}, {"LINK_CLICKS"}
    async with polling(server, "linkedin", tmp_path) as account:
        await account.round(SHARE)
        account.clock.now_s += 3600
        await account.round()
    assert [one.side for one in account.sent] == [{"reach": 512}] * 2
    assert len(account.warned) == 1
    assert sum(one.query["queryType"] == "LINK_CLICKS" for one in server.requests) == 1


async def test_a_version_that_is_no_more_says_what_to_set(tmp_path: Path) -> None:
    server = LinkedInServer()
    async with polling(server, "linkedin", tmp_path, linkedin_version="202511") as account:
        result = await account.round(SHARE)
    assert result.state == "failing"
    assert "Requested version 202511 is not active" in result.error
    assert "CLICKTALLY_POLL_LINKEDIN_VERSION" in result.error


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2026, 11, 27, 0, 0, 0, tzinfo=UTC), datetime(2026, 11, 28, tzinfo=UTC)),
        (datetime(2026, 11, 27, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 28, tzinfo=UTC)),
    ],
)
def test_a_used_up_quota_lasts_until_midnight_utc(now: datetime, until: datetime) -> None:
    answer = Answer(429, {}, b'{"status":429,"message":"Resource level throttle limit for calls"}')
    assert judge(answer, now.timestamp()).until_s == until.timestamp()


async def test_an_account_whose_quota_is_used_up_rests_and_asks_nobody(tmp_path: Path) -> None:
    server = LinkedInServer()
    server.posts = {SHARE: 5}
    server.faults = [Fault(429, {"status": 429, "message": "throttle limit reached"})]
    async with polling(server, "linkedin", tmp_path) as account:
        assert (await account.round(SHARE)).state == "limited"
        assert (await account.round()).rests_until_s == START_S + 6 * 3600
        assert len(server.requests) == 1
        account.clock.now_s += 6 * 3600
        assert (await account.round()).state == "ok"


async def test_an_expired_token_says_where_to_make_another(tmp_path: Path) -> None:
    server = LinkedInServer()
    server.token = "another"
    async with polling(server, "linkedin", tmp_path) as account:
        result = await account.round(SHARE)
    assert result.state == "token"
    assert "linkedin.com/developers/tools/oauth" in result.error
