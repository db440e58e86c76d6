"""Facebook, Instagram, Threads: retired metrics, usage headers, codes that come as 400 and 403, lists, gone."""

import json
from pathlib import Path

import pytest

from console.poll.platforms.meta import _named
from console.poll.platforms.meta_limits import judge
from console.poll.state import Post
from console.poll.verdicts import Answer
from tests.platform_servers.meta import MetaServer, refusal
from tests.unit.console.poll.polling import HOUR_MS, START_MS, START_S, SomeLinks, polling

PAGE = {"page": "111"}
VALUES = {
    "post_media_view": 1530,
    "post_total_media_view_unique": 900,
    "post_clicks": 58,
    "post_clicks_by_type": {"link clicks": 18, "other clicks": 40},
}
MEDIA = {"views": 70, "reach": 50, "total_interactions": 3, "profile_visits": 2}


def usage(percent: float, regain_minutes: float = 0) -> dict[str, str]:
    used = {"call_count": percent, "total_cputime": 1, "total_time": 1}
    usage_by_page = {"222": [{**used, "type": "pages", "estimated_time_to_regain_access": regain_minutes}]}
    return {"X-Business-Use-Case-Usage": json.dumps(usage_by_page)}


async def test_a_pages_posts_come_fifty_a_call_with_their_links(tmp_path: Path) -> None:
    server = MetaServer()
    server.posts = {f"111_{number}": VALUES for number in range(1001, 1052)}
    server.more = {"111_1001": {"attachments": {"data": [{"unshimmed_url": "https://sho.rt/f1?fbclid=1"}]}}}
    async with polling(server, "facebook", tmp_path, PAGE) as account:
        account.links = SomeLinks("sho.rt/f1")
        result = await account.round(*(str(number) for number in range(1001, 1052)))
    lookups = [one for one in server.requests if one.path == "/v25.0/"]
    assert [len(one.query["ids"].split(",")) for one in lookups] == [50, 1]
    assert (result.state, result.snapshots, result.matched, result.complaints) == ("ok", 51, 1, [])
    first = next(one for one in account.sent if one.post == "1001")
    assert (first.series, first.source, first.total) == ("post_media_view@v25.0", "poll/facebook", 1530)
    assert first.side["link_clicks"] == 18
    assert first.side["reach"] == 900


@pytest.mark.parametrize("names_metric", [True, False])
async def test_one_retired_metric_is_dropped_told_once_and_the_poller_goes_on(
    tmp_path: Path, names_metric: bool
) -> None:
    server = MetaServer(names_metric=names_metric)
    server.posts = {"111_1001": VALUES}
    server.refused = {"": {"post_clicks"}}
    async with polling(server, "facebook", tmp_path, PAGE) as account:
        assert (await account.round("1001")).state == "ok"
        calls = len(server.requests)
        account.clock.now_s += 3600
        assert (await account.round("1001")).state == "ok"
    assert len(server.requests) == calls + 2, "the list, and one call without the metric"
    assert "clicks" not in account.sent[1].side
    assert account.sent[1].side["link_clicks"] == 18
    (warning,) = account.warned
    assert warning.startswith("facebook acme: post_clicks is refused and no longer asked for")
    assert account.count("metrics_dropped", platform="facebook") == 1


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("(#100) metric[1] must be one of the following values: views, likes", {"reach"}),
        ("(#100) metric[7] must be one of the following values: views, likes", set()),
        ("(#100) The metric reach is not available in this version", {"reach"}),
        ("(#100) The value must be a valid insights metric", set()),
        ("(#100) reach_of_likes is unknown", set()),
    ],
)
def test_what_a_refusal_names_is_what_it_refuses_and_not_what_it_offers(message: str, named: set[str]) -> None:
    assert _named(message, ("views", "reach", "likes")) == named


async def test_a_video_whose_refusal_names_a_metric_takes_it_from_no_other_post(tmp_path: Path) -> None:
    server = MetaServer()
    server.posts, server.kinds = {"111_1001": VALUES, "111_1002": VALUES}, {"111_1002": "VIDEO"}
    server.refused = {"VIDEO": set(VALUES)}
    async with polling(server, "facebook", tmp_path, PAGE) as account:
        result = await account.round("1001", "1002")
    assert (result.state, result.snapshots, result.gone) == ("ok", 1, 1)
    assert account.sent[0].side["link_clicks"] == 18
    assert account.count("metrics_dropped", platform="facebook") == 0


async def test_two_retired_metrics_are_found_one_after_the_other(tmp_path: Path) -> None:
    server = MetaServer()
    server.posts = {"111_1001": VALUES}
    server.refused = {"": {"post_clicks", "post_total_media_view_unique"}}
    async with polling(server, "facebook", tmp_path, PAGE) as account:
        assert (await account.round("1001")).snapshots == 1
    assert len(account.warned) == 2


async def test_a_deleted_post_does_not_hold_back_the_others_of_its_call_and_a_video_neither(tmp_path: Path) -> None:
    server = MetaServer()
    server.posts = {"111_1001": VALUES, "111_1003": VALUES}
    server.videos = {"111_1003"}
    async with polling(server, "facebook", tmp_path, PAGE) as account:
        result = await account.round("1001", "1002", "1003")
        assert (result.state, result.snapshots, result.gone) == ("ok", 1, 2)
        account.clock.now_s += 3600
        await account.round()
    assert server.requests[-1].query["ids"] == "111_1001"


@pytest.mark.parametrize("code", [4, 17, 32, 613, 80001])
@pytest.mark.parametrize("status", [400, 403])
def test_a_throttle_is_told_by_its_code_whatever_the_status(code: int, status: int) -> None:
    fault = refusal("(#4) Application request limit reached", code, status=status)
    answer = Answer(status, {}, json.dumps(fault.body).encode())
    verdict = judge(answer, START_S)
    assert (verdict.outcome, verdict.until_s) == ("limited", START_S + 3600)


async def test_a_throttled_account_waits_as_long_as_the_usage_header_says(tmp_path: Path) -> None:
    server = MetaServer()
    server.posts = {"111_1001": VALUES}
    fault = refusal("(#80001) There have been too many calls to this Page account", 80001)
    fault.headers.update(usage(100, regain_minutes=7))
    server.faults = [fault]
    async with polling(server, "facebook", tmp_path, PAGE) as account:
        assert (await account.round("1001")).state == "ok"
    assert account.clock.slept == [420]


@pytest.mark.parametrize(("percent", "slept"), [(94.9, []), (95, [300]), (100, [300])])
async def test_near_the_limit_of_usage_the_poller_slows_down(
    tmp_path: Path, percent: float, slept: list[float]
) -> None:
    server = MetaServer()
    server.headers = usage(percent)
    server.posts = {"111_1001": VALUES}
    async with polling(server, "facebook", tmp_path, PAGE) as account:
        assert (await account.round()).snapshots == 1
    assert account.clock.slept == slept, "between the list and the numbers"


async def test_an_hour_of_throttling_lets_the_account_rest(tmp_path: Path) -> None:
    server = MetaServer()
    server.faults = [refusal("(#4) Application request limit reached", 4, status=403)]
    async with polling(server, "facebook", tmp_path, PAGE) as account:
        result = await account.round("1001")
    assert (result.state, result.rests_until_s) == ("limited", START_S + 3600)


async def test_an_expired_session_is_a_token_to_renew(tmp_path: Path) -> None:
    server = MetaServer()
    server.token = "another"
    async with polling(server, "facebook", tmp_path, PAGE) as account:
        result = await account.round("1001")
    assert result.state == "token"
    assert "https://developers.facebook.com/tools/explorer" in result.error


async def test_a_missing_permission_is_told_as_one(tmp_path: Path) -> None:
    server = MetaServer()
    server.faults = [refusal("(#10) requires pages_read_engagement", 10, status=403)] * 2
    async with polling(server, "facebook", tmp_path, PAGE) as account:
        result = await account.round("1001")
    assert result.state == "failing"
    assert "docs/pollers.md" in result.error
    assert len(server.requests) == 2, "not once for each post"


async def test_lists_are_read_to_their_last_page(tmp_path: Path) -> None:
    server = MetaServer()
    server.posts = {f"111_{number}": VALUES for number in range(1001, 1006)}
    async with polling(server, "facebook", tmp_path, PAGE) as account:
        assert (await account.round()).snapshots == 5
    assert [one.query.get("after") for one in server.requests if one.path.endswith("/posts")] == [None, "2", "4"]


async def test_instagram_asks_each_kind_of_media_for_what_it_has(tmp_path: Path) -> None:
    server = MetaServer()
    server.posts = {"1": MEDIA, "2": MEDIA}
    server.kinds = {"1": "FEED", "2": "REELS"}
    server.more = {"1": {"caption": "one link a post: sho.rt/i1", "permalink": "https://www.instagram.com/p/Abc/"}}
    async with polling(server, "instagram", tmp_path) as account:
        account.links = SomeLinks("sho.rt/i1")
        result = await account.round()
    assert (result.state, result.snapshots, result.matched) == ("ok", 2, 1)
    metrics = {
        one.path.split("/")[2]: one.query["metric"] for one in server.requests if one.path.endswith("insights")
    }
    assert metrics == {"1": "views,reach,total_interactions,profile_visits", "2": "views,reach,total_interactions"}
    first = next(one for one in account.sent if one.post == "1")
    assert (first.permalink, first.link) == ("https://www.instagram.com/p/Abc/", "sho.rt/i1")
    assert first.side["profile_visits"] == 2


async def test_instagram_narrows_for_the_kind_that_refuses_and_for_no_other(tmp_path: Path) -> None:
    server = MetaServer(names_metric=False)
    server.posts = {"1": MEDIA, "2": MEDIA}
    server.kinds = {"1": "FEED", "2": "REELS"}
    server.refused = {"REELS": {"reach"}}
    async with polling(server, "instagram", tmp_path) as account:
        assert (await account.round()).snapshots == 2
    sides = {one.post: set(one.side) for one in account.sent}
    assert "reach" in sides["1"]
    assert "reach" not in sides["2"]
    assert account.warned[0].startswith("instagram acme: reach is refused for REELS")


async def test_instagram_media_of_before_the_business_account_rest(tmp_path: Path) -> None:
    server = MetaServer()
    server.posts = {"1": MEDIA}
    async with polling(server, "instagram", tmp_path) as account:
        server.faults = []
        with account.state() as state:
            state.learn([Post(id="1", published_ms=START_MS - HOUR_MS)], START_MS)
            state.listed(START_MS)
        del server.posts["1"]
        result = await account.round()
    assert (result.gone, result.state) == (1, "ok")
    answer = Answer(400, {}, json.dumps(refusal("posted before", 100, subcode=2108006).body).encode())
    assert judge(answer, START_S).outcome == "gone"


async def test_a_post_that_too_few_have_seen_waits_for_its_next_turn_and_is_no_failure(tmp_path: Path) -> None:
    server = MetaServer()
    server.posts = {"1": MEDIA}
    async with polling(server, "instagram", tmp_path) as account:
        with account.state() as state:
            state.listed(START_MS)
        server.faults = [refusal("(#10) Not enough viewers for the media to show insights", 10)]
        result = await account.round("1")
        assert (result.state, result.snapshots, result.gone) == ("ok", 0, 0)
        account.clock.now_s += 3600
        assert (await account.round()).snapshots == 1


async def test_threads_takes_the_links_from_its_list(tmp_path: Path) -> None:
    server = MetaServer()
    server.posts = {"9": {"views": 12}}
    server.more = {"9": {"link_attachment_url": "https://sho.rt/t1", "text": "see"}}
    async with polling(server, "threads", tmp_path) as account:
        account.links = SomeLinks("sho.rt/t1")
        await account.round()
    assert [one.path for one in server.requests] == ["/v1.0/me/threads", "/v1.0/9/insights"]
    assert (account.sent[0].link, account.sent[0].series) == ("sho.rt/t1", "views@v1.0")


async def test_a_list_that_is_refused_does_not_hold_back_the_posts_that_are_known(tmp_path: Path) -> None:
    server = MetaServer()
    server.posts = {"111_1001": VALUES}
    server.faults = [refusal("(#10) requires pages_read_user_content", 10)]
    async with polling(server, "facebook", tmp_path, PAGE) as account:
        result = await account.round("1001")
    assert (result.state, result.snapshots) == ("failing", 1)
    assert "its list of posts cannot be read" in result.error
