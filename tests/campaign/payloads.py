"""What the platforms' APIs answer about posts at a time, and what it says."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from tests.campaign.cast import BERLIN, DAY_MS, DOMAIN, PAGE, Post
from tests.campaign.stated import Call, StatedTotal

_ZONE: Final = ZoneInfo(BERLIN)
INVALID_AFTER_DAYS: Final = 7
"""An ads report takes invalid clicks and displays back a week later."""


def _iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _url(post: Post) -> str:
    return f"https://{DOMAIN}/{post.slug}?utm_source={post.platform}"


def _call(
    platform: str, payload: Any, observed_ms: int, stated: Sequence[StatedTotal], *, refused: int = 0, **query: str
) -> Call:
    path = f"/v1/snapshots/{platform}?{urlencode({'observed_at': observed_ms, **query})}"
    return Call(path, json.dumps(payload).encode(), tuple(stated), refused)


def _links(payload: Any, posts: Sequence[Post]) -> Any:
    """The envelope in which a poller says the links of its posts, as far as they exist."""
    links = {post.id: post.link for post in posts if post.how == "sender"}
    return {"payload": payload, "links": links} if links else payload


def x(posts: Sequence[Post], at_ms: int) -> Call:
    """`GET /2/tweets` of these posts and of one that was deleted."""
    rows = [
        {
            "id": post.id,
            "created_at": _iso(post.born_ms),
            "public_metrics": {"impression_count": post.total(at_ms), "like_count": 3, "retweet_count": 1},
            **({} if post.how == "never" else {"entities": {"urls": [{"expanded_url": _url(post)}]}}),
        }
        for post in posts
    ]
    gone = {"value": "1900000000000000002", "title": "Not Found Error", "resource_type": "tweet"}
    stated = [
        StatedTotal("x", post.id, "impression_count", 0, 0, at_ms, post.total(at_ms), post.born_ms)
        for post in posts
    ]
    return _call("x", {"data": rows, "errors": [gone]}, at_ms, stated, refused=1)


def x_days(post: Post, until_ms: int) -> Call:
    """`GET /2/tweets/analytics` of the days before."""
    starts = range(post.born_ms // DAY_MS * DAY_MS, until_ms // DAY_MS * DAY_MS, DAY_MS)
    totals = [max(0, post.total(start + DAY_MS) - post.total(start)) for start in starts]
    metrics = [
        {"timestamp": _iso(start), "metrics": {"impressions": total, "url_clicks": 1}}
        for start, total in zip(starts, totals, strict=True)
    ]
    stated = [
        StatedTotal("x", post.id, "impressions/day", start, start + DAY_MS, until_ms, total)
        for start, total in zip(starts, totals, strict=True)
    ]
    payload = {
        "payload": {"data": [{"id": post.id, "timestamped_metrics": metrics}]},
        "links": {post.id: post.link},
    }
    return _call("x", payload, until_ms, stated, granularity="daily")


def linkedin_page(posts: Sequence[Post], at_ms: int) -> Call:
    """`organizationalEntityShareStatistics` of one page's posts."""
    elements = [
        {
            "organizationalEntity": post.profile,
            "share": post.id,
            "totalShareStatistics": {"impressionCount": post.total(at_ms), "clickCount": 7, "engagement": 0.05},
        }
        for post in posts
    ]
    payload = {"paging": {"start": 0, "count": 100, "links": []}, "elements": elements}
    stated = [StatedTotal("linkedin", post.id, "impressionCount", 0, 0, at_ms, post.total(at_ms)) for post in posts]
    return _call("linkedin", _links(payload, posts), at_ms, stated, version="202605")


def linkedin_member(posts: Sequence[Post], at_ms: int) -> Call:
    """`memberCreatorPostAnalytics` of a member's posts, one answer each, the metric in both spellings."""
    answers = [
        {
            "elements": [
                {
                    "count": post.total(at_ms),
                    "metricType": "IMPRESSION" if number % 2 else {"com.linkedin.MetricTypeV1": "IMPRESSION"},
                    "targetEntity": {"share": post.id},
                }
            ]
        }
        for number, post in enumerate(posts)
    ]
    stated = [StatedTotal("linkedin", post.id, "IMPRESSION", 0, 0, at_ms, post.total(at_ms)) for post in posts]
    return _call("linkedin", _links(answers, posts), at_ms, stated, version="202605")


def facebook(posts: Sequence[Post], at_ms: int, metric: str) -> Call:
    """`/{page}/posts?fields=…,insights.metric(…)`; the retired metric counted a sixth less."""
    rows, stated = [], []
    for post in posts:
        total = post.total(at_ms) * (5 if metric == "post_impressions" else 6) // 6
        insights = {"data": [{"name": metric, "period": "lifetime", "values": [{"value": total}]}]}
        unshimmed = {"data": [{"unshimmed_url": _url(post) + "&fbclid=IwAR"}]}
        rows.append(
            {
                "id": f"{PAGE}_{post.id}",
                "created_time": _iso(post.born_ms).replace(".000Z", "+0000"),
                "insights": insights,
                **({"attachments": unshimmed} if post.how == "url" else {}),
            }
        )
        stated.append(StatedTotal("facebook", post.id, metric, 0, 0, at_ms, total, post.born_ms))
    return _call("facebook", {"data": rows}, at_ms, stated, version="v25.0")


def instagram(posts: Sequence[Post], at_ms: int) -> Call:
    """`/{media}/insights` of several media in an array: nothing in it tells the link."""
    answers = [
        {
            "data": [
                {
                    "name": name,
                    "period": "lifetime",
                    "values": [{"value": value}],
                    "id": f"{post.id}/insights/{name}/lifetime",
                }
                for name, value in (("views", post.total(at_ms)), ("reach", post.total(at_ms) // 2))
            ]
        }
        for post in posts
    ]
    stated = [StatedTotal("instagram", post.id, "views", 0, 0, at_ms, post.total(at_ms)) for post in posts]
    return _call("instagram", _links(answers, posts), at_ms, stated, version="v25.0")


def mailchimp(posts: Sequence[Post], at_ms: int) -> list[Call]:
    """`/3.0/reports/{id}`: delivered is what was sent less what came back."""
    calls = []
    for post in posts:
        report = {
            "id": post.id,
            "emails_sent": post.total(at_ms) + 12,
            "bounces": {"hard_bounces": 3, "soft_bounces": 4, "syntax_errors": 5},
            "opens": {"opens_total": 4, "unique_opens": 3},
            "send_time": _iso(post.born_ms).replace(".000Z", "+00:00"),
        }
        stated = StatedTotal("mailchimp", post.id, "delivered", 0, 0, at_ms, post.total(at_ms), post.born_ms)
        calls.append(_call("mailchimp", _links(report, [post]), at_ms, [stated]))
    return calls


def ad_day(ad: Post, day: date, at_ms: int) -> StatedTotal:
    """What an ads report says at a time of an ad's day in Berlin, which a week later is less."""
    start_ms, end_ms = (
        int(datetime.combine(one, time(), _ZONE).timestamp() * 1000) for one in (day, day + timedelta(days=1))
    )
    shown = 0 if (day.toordinal() + ad.size) % 5 == 0 else ad.size // 10 + day.toordinal() % 97
    if at_ms >= end_ms + INVALID_AFTER_DAYS * DAY_MS:
        shown = shown * 19 // 20
    elif at_ms < end_ms + 12 * 3_600_000:
        shown = shown * 9 // 10
    return StatedTotal("google-ads", ad.id, "impressions/day", start_ms, end_ms, at_ms, shown)


def google_ads(ads: Sequence[Post], days: Sequence[date], at_ms: int) -> Call:
    """`googleAds:searchStream`, a batch an ad; 64-bit numbers are texts, and a zero is left out."""
    batches, stated = [], []
    for ad in ads:
        results = []
        for day in days:
            ad_total = ad_day(ad, day, at_ms)
            metrics = {"impressions": str(ad_total.total)} if ad_total.total else {}
            results.append(
                {
                    "adGroupAd": {"ad": {"id": ad.id, "finalUrls": [_url(ad)]}},
                    "segments": {"date": day.isoformat()},
                    "metrics": {**metrics, "clicks": "3", "costMicros": "5600000"},
                }
            )
            stated.append(ad_total)
        mask = "segments.date,adGroupAd.ad.id,adGroupAd.ad.finalUrls,metrics.impressions,metrics.clicks"
        batches.append({"results": results, "fieldMask": mask, "requestId": "r1"})
    return _call("google-ads", batches, at_ms, stated, version="v26", time_zone=BERLIN)


def google_file(ads: Sequence[Post], days: Sequence[date], at_ms: int) -> tuple[str, list[StatedTotal]]:
    """The report as people download it, with a title above and a sum below."""
    lines = ["Ad report", f'"{days[0]:%B %-d, %Y} - {days[-1]:%B %-d, %Y}"']
    lines.append("Day,Campaign,Ad ID,Ad final URL,Currency code,Impr.,Clicks,CTR,Cost")
    stated = [ad_day(ad, day, at_ms) for ad in ads for day in days]
    addresses = {ad.id: _url(ad) for ad in ads}
    for one, day in zip(stated, [day for _ in ads for day in days], strict=True):
        lines.append(f'{day},Spring,{one.post},{addresses[one.post]},EUR,"{one.total:,}","1",0.1%,"1,012.50"')
    lines.append(f'Total: Account,,,,EUR,"{sum(one.total for one in stated):,}",1,0,0')
    return "\n".join(lines) + "\n", stated
