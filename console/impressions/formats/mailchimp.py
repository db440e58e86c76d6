"""Mailchimp: the export of campaign reports. A display is a message that was delivered; opens stand beside it."""

from typing import Any, Final

from console.impressions.forms import Form, Part, read_totals
from console.impressions.lines import FileFacts, Line, PassedOver
from schemas.platforms.reading import Collector, ItemError, side_of
from schemas.series import series_name


def _read(part: Part, facts: FileFacts, collector: Collector, passed: PassedOver) -> None:
    read_totals(part.lines(facts), collector, passed, _fields)


def _fields(line: Line) -> dict[str, Any] | None:
    post, total = line.identifier("post"), line.total("delivered")
    if not post:
        raise ItemError(f"has no {line.header('post')!r}, by which a campaign is known again")
    if total is None:
        return None
    return {
        "post": post,
        "series": series_name("delivered", ""),
        "total": total,
        "published_ms": line.published("sent_at")[1],
        "profile": line.text("audience")[:256],
        "side": side_of(
            sent=line.count("sent"),
            opens=line.count("opens"),
            unique_opens=line.count("unique_opens"),
            clicks=line.count("clicks"),
            unique_clicks=line.count("unique_clicks"),
        ),
    }


CAMPAIGNS: Final = Form(
    name="mailchimp",
    title="export of campaign reports of Mailchimp",
    platform="mailchimp",
    columns={
        "post": ("unique id",),
        "title": ("title",),
        "audience": ("audience", "list"),
        "sent_at": ("send date",),
        "sent": ("total recipients",),
        "delivered": ("successful deliveries",),
        "opens": ("total opens",),
        "unique_opens": ("unique opens",),
        "clicks": ("total clicks",),
        "unique_clicks": ("unique clicks",),
    },
    needed=("post", "delivered", "sent_at"),
    dates=("sent_at",),
    order="mdy",
    read=_read,
)
