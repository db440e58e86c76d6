"""Instagram: insights of media. `views` since April 2025; `impressions` and `plays` before."""

from typing import Final

from schemas.platforms.graph import Dialect, reader

PLATFORM: Final = "instagram"

read: Final = reader(
    Dialect(
        platform=PLATFORM,
        shown="Instagram",
        counted=("views", "impressions", "plays", "ig_reels_aggregated_all_plays_count"),
        ask_for="views",
        side={
            "reach": "reach",
            "profile_visits": "profile_visits",
            "link_clicks": "link_clicks",
            "total_views": "total_views",
            "total_interactions": "engagements",
            "crossposted_views": "crossposted_views",
            "facebook_views": "facebook_views",
        },
    )
)
