"""Facebook: insights of a page's posts. Views since November 2025, impressions before."""

from typing import Final

from schemas.platforms.graph import Dialect, reader

PLATFORM: Final = "facebook"

read: Final = reader(
    Dialect(
        platform=PLATFORM,
        shown="Facebook",
        counted=("post_media_view", "post_impressions"),
        ask_for="post_media_view",
        side={
            "post_total_media_view_unique": "reach",
            "post_impressions_unique": "unique_impressions",
            "post_clicks": "clicks",
            "post_engaged_users": "engaged_users",
            "post_video_views": "video_views",
            **{
                f"post_impressions_{part}": f"post_impressions_{part}"
                for part in ("paid", "fan", "organic", "viral", "nonviral")
            },
        },
        maps=frozenset({"post_clicks_by_type"}),
    )
)
