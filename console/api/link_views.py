"""A link as the API shows it, and the tag that names its state."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from console.api.wire import LinkView
from schemas.links import Link

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_encode: Final = msgspec.json.Encoder().encode


def etag_of(link: Link) -> str:
    """The ETag of a link: of its whole content, so the same on every console and after any restart."""
    return f'"{hashlib.blake2b(_encode(link), digest_size=12).hexdigest()}"'


def view_of(link: Link) -> LinkView:
    """A link with every field, times as datetimes."""
    return LinkView(
        link=link.key,
        domain=link.domain,
        slug=link.slug,
        destination=link.destination,
        account=link.account,
        title=link.title,
        tags=link.tags,
        campaign=link.campaign,
        post=link.post,
        channel=link.channel,
        profile=link.profile,
        variant=link.variant,
        experiment=link.experiment,
        post_id=link.post_id,
        post_url=link.post_url,
        published_at=time_of(link.published_at_ms),
        impressions=link.impressions,
        aim=link.aim,
        origins=link.origins,
        status=link.status,
        expires_at=time_of(link.expires_at_ms),
        created_at=time_of(link.created_at_ms),
        archived_at=time_of(link.archived_at_ms),
        updated_at=time_of(link.updated_at_ms or None),
        etag=etag_of(link),
    )


def time_of(time_ms: int | None) -> datetime | None:
    """A time in UTC; None for None, and for one that no calendar has: another program may have written the link."""
    if time_ms is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=time_ms)
    except OverflowError:
        return None


def ms_of(time: datetime) -> int:
    """Milliseconds since 1970."""
    return (time - _EPOCH) // timedelta(milliseconds=1)
