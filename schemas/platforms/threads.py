"""Threads: insights of posts; `views` is what its documentation marks as in development."""

from typing import Final

from schemas.platforms.graph import Dialect, reader

PLATFORM: Final = "threads"

read: Final = reader(
    Dialect(
        platform=PLATFORM,
        shown="Threads",
        counted=("views",),
        ask_for="views",
        side={"clicks": "clicks", "link_clicks": "link_clicks"},
    )
)
