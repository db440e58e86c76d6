"""X: the content export of account analytics, a post a row. Its overview is of days and of no post."""

from typing import Any, Final

from console.impressions.forms import Form, Part, read_totals
from console.impressions.lines import FileFacts, Line, PassedOver
from schemas.matching import urls_in
from schemas.platforms.reading import Collector, ItemError, PayloadError, side_of
from schemas.posts import post_of_url
from schemas.series import series_name


def _read(part: Part, facts: FileFacts, collector: Collector, passed: PassedOver) -> None:
    read_totals(part.lines(facts), collector, passed, lambda line: _fields(line, facts))


def _fields(line: Line, facts: FileFacts) -> dict[str, Any] | None:
    permalink = line.text("permalink")
    on_link = post_of_url(permalink)
    post = line.identifier("post") or (on_link[1] if on_link and on_link[0] == "x" else "")
    if not post:
        raise ItemError(
            f"has neither a {line.header('post')!r} nor a {line.header('permalink')!r} that names a post"
        )
    total = line.total("impressions")
    if total is None:
        return None
    day, published_ms = line.published("date")
    facts.check_life(day)
    return {
        "post": post,
        "series": series_name("impression_count", ""),
        "total": total,
        "published_ms": published_ms,
        "permalink": permalink,
        "urls": urls_in(line.text("text")),
        "side": side_of(
            link_clicks=line.count("url_clicks"),
            profile_visits=line.count("profile_visits"),
            engagements=line.count("engagements"),
        ),
    }


CONTENT: Final = Form(
    name="x-content",
    title="content export of X",
    platform="x",
    columns={
        "post": ("post id", "tweet id"),
        "date": ("date", "time"),
        "text": ("post text", "tweet text"),
        "permalink": ("post link", "tweet permalink"),
        "impressions": ("impressions",),
        "engagements": ("engagements",),
        "profile_visits": ("profile visits", "user profile clicks"),
        "url_clicks": ("url clicks",),
    },
    needed=("permalink", "impressions", "date"),
    dates=("date",),
    read=_read,
)


def _refuse(part: Part, facts: FileFacts, collector: Collector, passed: PassedOver) -> None:  # noqa: ARG001 - as PartReader
    raise PayloadError(
        "it is the overview of X: totals of days, of no post, and of the last day a preliminary one. Export"
        " Content instead"
    )


OVERVIEW: Final = Form(
    name="x-overview",
    title="overview export of X",
    platform="x",
    columns={
        "date": ("date",),
        "impressions": ("impressions",),
        "created": ("create post", "create tweet"),
        "unfollows": ("unfollows",),
        "media_views": ("media views",),
    },
    needed=("date", "impressions", "created"),
    read=_refuse,
)
