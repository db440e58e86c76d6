"""Snapshots: what a platform says a post was shown in all, at a time. The stream makes impressions of them.

A platform gives totals that grow, come late and are revised, downwards too. Of one post's totals one counts, the
newest of its newest series; what was counted before is corrected by the difference. So any order, any repetition
and any number of readers come to the same: the sum of the differences is the total that counts.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from schemas.events import LINK_MAX_BYTES, NUMBER_LIMIT, PLATFORM_MAX_CHARS, POST_MAX_CHARS, post_key
from schemas.series import SERIES_MAX_CHARS

VERSION: Final = 1
"""Written only where it is above 1."""

SIDE_MAX: Final = 32
SIDE_NAME_MAX_CHARS: Final = 64
URLS_MAX: Final = 32
URL_MAX_CHARS: Final = 2048

Text = Annotated[str, Meta(max_length=256)]
SideName = Annotated[str, Meta(min_length=1, max_length=SIDE_NAME_MAX_CHARS)]
Total = Annotated[int, Meta(ge=0, lt=NUMBER_LIMIT)]
Time = Annotated[int, Meta(ge=0, lt=NUMBER_LIMIT)]


class Snapshot(
    msgspec.Struct, tag_field="type", tag="snapshot", frozen=True, omit_defaults=True, gc=False, kw_only=True
):
    """One reading of a platform's total for a post (or an ad, or a mailing).

    Its scope is the post's life, or where `end_ms` is set the period [start_ms, end_ms), such as a day of an ads
    report. Without a `link` it is kept, and counts once its post's link is known.
    """

    observed_ms: Annotated[Time, Meta(description="when the platform was asked, milliseconds since 1970 UTC")]
    platform: Annotated[
        str, Meta(min_length=1, max_length=PLATFORM_MAX_CHARS, description="x, linkedin, facebook, …")
    ]
    post: Annotated[
        str, Meta(min_length=1, max_length=POST_MAX_CHARS, description="the platform's id of the post or ad")
    ]
    series: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=SERIES_MAX_CHARS,
            description="metric and version of its definition, such as post_media_view@v25.0",
        ),
    ]
    total: Annotated[Total, Meta(description="displays in the scope, as the platform says")]
    link: Annotated[
        str, Meta(max_length=LINK_MAX_BYTES, description="domain/slug of the post's link; empty: not known yet")
    ] = ""
    start_ms: Annotated[
        Time, Meta(description="where the period begins, a whole second; 0 for a lifetime total")
    ] = 0
    end_ms: Annotated[Time, Meta(description="where the period ends; 0 for a lifetime total")] = 0
    published_ms: Annotated[Time, Meta(description="when the post was published; 0: not known")] = 0
    source: Annotated[
        str, Meta(max_length=64, description="who read it: api, file or poll, with a name if it has one")
    ] = ""
    account: Annotated[str, Meta(max_length=256, description="whom the post belongs to")] = ""
    profile: Annotated[str, Meta(max_length=256, description="page or member that published the post")] = ""
    permalink: Annotated[str, Meta(max_length=URL_MAX_CHARS, description="address of the post")] = ""
    other_ids: Annotated[
        tuple[Text, ...],
        Meta(max_length=8, description="further ids of the post, such as LinkedIn's activity beside the share"),
    ] = ()
    urls: Annotated[
        tuple[Annotated[str, Meta(max_length=URL_MAX_CHARS)], ...],
        Meta(max_length=URLS_MAX, description="links in the post: the first that is ours tells its link"),
    ] = ()
    side: Annotated[
        dict[SideName, int],
        Meta(max_length=SIDE_MAX, description="other metrics by name: kept beside, never part of a CTR"),
    ] = {}
    is_retired: Annotated[
        bool, Meta(description="the platform has replaced this metric; it counts where nothing newer is known")
    ] = False
    provisional: Annotated[bool, Meta(description="the platform says that it will change")] = False
    seq: Annotated[int, Meta(ge=0, lt=NUMBER_LIMIT, description="the event's number in its spool; 0: none")] = 0
    spool: Annotated[str, Meta(max_length=64, description="spool of its identity where it is not the batch's")] = ""
    v: Annotated[int, Meta(ge=1, lt=NUMBER_LIMIT, description="version of this schema")] = VERSION

    @property
    def key(self) -> str:
        """Kafka's key: all of a link's impressions come in one order, and until it is known all of the post's."""
        return self.link or post_key(self.platform, self.post)

    @property
    def is_lifetime(self) -> bool:
        """Whether the total is of the post's whole life."""
        return not self.end_ms
