"""Answers as platforms give them; ids and numbers are made up."""

from typing import Any, Final

import msgspec

from schemas.platforms.known import READERS
from schemas.platforms.reading import Reading, Unsaid
from schemas.snapshots import Snapshot
from tests.builders import NOW_MS

X: Final[Any] = {
    "data": [
        {
            "id": "1900000000000000001",
            "created_at": "2026-11-01T09:00:00.000Z",
            "public_metrics": {"impression_count": 4210, "like_count": 31, "retweet_count": 6},
            "entities": {"urls": [{"url": "https://t.co/AbC", "expanded_url": "https://sho.rt/x1"}]},
        }
    ],
    "errors": [
        {
            "resource_id": "1900000000000000002",
            "resource_type": "tweet",
            "value": "1900000000000000002",
            "title": "Not Found Error",
            "type": "https://api.x.com/2/problems/resource-not-found",
        }
    ],
}
X_ANALYTICS: Final[Any] = {
    "data": [
        {
            "id": "1900000000000000001",
            "timestamped_metrics": [
                {"timestamp": "2026-11-01T00:00:00.000Z", "metrics": {"impressions": 100, "url_clicks": 3}},
                {"timestamp": "2026-11-02T00:00:00.000Z", "metrics": {"impressions": 0}},
            ],
        }
    ]
}
LINKEDIN_PAGE: Final[Any] = {
    "paging": {"start": 0, "count": 10, "links": []},
    "elements": [
        {
            "organizationalEntity": "urn:li:organization:111",
            "share": "urn:li:share:222",
            "totalShareStatistics": {
                "impressionCount": 900,
                "uniqueImpressionsCount": 640,
                "clickCount": 37,
                "engagement": 0.0577,
            },
        }
    ],
}
LINKEDIN_MEMBER: Final[Any] = {
    "elements": [{"count": 512, "metricType": "IMPRESSION", "targetEntity": {"share": "urn:li:share:333"}}],
    "paging": {"start": 0, "count": 10, "links": []},
}
FACEBOOK: Final[Any] = {
    "data": [
        {
            "name": "post_media_view",
            "period": "lifetime",
            "values": [{"value": 1530}],
            "id": "111_222/insights/post_media_view/lifetime",
        },
        {
            "name": "post_clicks_by_type",
            "period": "lifetime",
            "values": [{"value": {"link clicks": 18, "other clicks": 40, "photo view": 3}}],
            "id": "111_222/insights/post_clicks_by_type/lifetime",
        },
    ],
    "paging": {},
}
FACEBOOK_POSTS: Final[Any] = {
    "data": [
        {
            "id": "111_222",
            "created_time": "2026-11-01T09:00:00+0000",
            "message": "Spring is here: https://go.example/spring.",
            "permalink_url": "https://www.facebook.com/111/posts/pfbid02",
            "attachments": {
                "data": [
                    {
                        "url": "https://l.facebook.com/l.php?u=https%3A%2F%2Fsho.rt%2Ff1%3Ffbclid%3DIwAR&h=AT0",
                        "unshimmed_url": "https://sho.rt/f1?fbclid=IwAR",
                    }
                ]
            },
            "insights": {"data": [{"name": "post_media_view", "period": "lifetime", "values": [{"value": 20}]}]},
        }
    ]
}
INSTAGRAM: Final[Any] = {
    "data": [
        {"name": "views", "period": "lifetime", "values": [{"value": 77}], "id": "178/insights/views/lifetime"},
        {"name": "reach", "period": "lifetime", "values": [{"value": 60}], "id": "178/insights/reach/lifetime"},
    ]
}
THREADS: Final[Any] = {
    "data": [{"name": "views", "period": "lifetime", "values": [{"value": 5}], "id": "180/insights/views/lifetime"}]
}
TIKTOK: Final[Any] = {
    "data": {
        "videos": [
            {
                "id": "7077642457847994444",
                "view_count": 301,
                "create_time": 1793520000,
                "share_url": "https://www.tiktok.com/@a/video/7077642457847994444",
                "video_description": "look (https://sho.rt/t1)",
            }
        ],
        "cursor": 1,
        "has_more": False,
    },
    "error": {"code": "ok", "message": "", "log_id": "1"},
}
YOUTUBE: Final[Any] = {
    "items": [
        {
            "id": "dQw4w9WgXcQ",
            "statistics": {"viewCount": "1234", "likeCount": "9"},
            "snippet": {
                "publishedAt": "2026-11-01T09:00:00Z",
                "channelId": "UC1",
                "description": "https://sho.rt/y1",
            },
        }
    ]
}
PINTEREST: Final[Any] = {
    "all": {
        "daily_metrics": [
            {"date": "2026-11-01", "data_status": "READY", "metrics": {"IMPRESSION": 40, "OUTBOUND_CLICK": 2}},
            {"date": "2026-11-02", "data_status": "ESTIMATE", "metrics": {"IMPRESSION": 7}},
            {"date": "2026-11-03", "data_status": "PROCESSING", "metrics": {}},
        ],
        "summary_metrics": {"IMPRESSION": 47},
        "lifetime_metrics": {},
    }
}
_GOOGLE_BATCH: Final[Any] = {
    "results": [
        {
            "adGroupAd": {
                "resourceName": "customers/1/adGroupAds/55~987",
                "ad": {"id": "987", "finalUrls": ["https://sho.rt/g1"]},
            },
            "segments": {"date": "2026-11-01"},
            "metrics": {"impressions": "1200", "clicks": "34", "costMicros": "5600000"},
        }
    ],
    "fieldMask": "segments.date,adGroupAd.ad.id,adGroupAd.ad.finalUrls,metrics.impressions,metrics.clicks",
    "requestId": "r1",
}
GOOGLE_STREAM: Final[Any] = [_GOOGLE_BATCH]
GOOGLE_SEARCH: Final[Any] = {**_GOOGLE_BATCH, "nextPageToken": "t"}
MAILCHIMP: Final[Any] = {
    "id": "42694e9e57",
    "emails_sent": 1000,
    "bounces": {"hard_bounces": 3, "soft_bounces": 4, "syntax_errors": 1},
    "opens": {"opens_total": 400, "unique_opens": 300, "proxy_excluded_opens": 150},
    "clicks": {"clicks_total": 42, "unique_clicks": 40, "unique_subscriber_clicks": 38},
    "send_time": "2026-11-01T09:00:00+00:00",
    "list_name": "Readers",
}
ROWS: Final[Any] = [
    {"platform": "bluesky", "post": "3k", "total": 10, "link": "https://sho.rt/b1?x=1", "side": {"likes": 2}},
    {"platform": "taboola", "post": "9", "total": 5, "day": "2026-11-01"},
]

PAYLOADS: Final[list[tuple[str, object]]] = [
    ("x", X),
    ("x", X_ANALYTICS),
    ("linkedin", LINKEDIN_PAGE),
    ("linkedin", LINKEDIN_MEMBER),
    ("facebook", FACEBOOK),
    ("facebook", FACEBOOK_POSTS),
    ("instagram", INSTAGRAM),
    ("threads", THREADS),
    ("tiktok", TIKTOK),
    ("youtube", YOUTUBE),
    ("pinterest", PINTEREST),
    ("google-ads", GOOGLE_STREAM),
    ("google-ads", GOOGLE_SEARCH),
    ("mailchimp", MAILCHIMP),
    ("rows", ROWS),
]


def read(platform: str, payload: object, **unsaid: Any) -> Reading:
    """What is in an answer that came now."""
    return READERS[platform](msgspec.json.encode(payload), Unsaid(**{"observed_ms": NOW_MS, **unsaid}))


def one(platform: str, payload: object, **unsaid: Any) -> Snapshot:
    """The only snapshot of an answer without complaints."""
    reading = read(platform, payload, **unsaid)
    assert reading.complaints == []
    (snapshot,) = reading.snapshots
    return snapshot


def complaints(platform: str, payload: object, **unsaid: Any) -> dict[str, str]:
    """Why parts of an answer are no snapshots, by place."""
    return {complaint.place: complaint.error for complaint in read(platform, payload, **unsaid).complaints}
