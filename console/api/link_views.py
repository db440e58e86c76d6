"""A link as the API shows it, and the tag that names its state."""

import hashlib
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

import msgspec

from console.api.wire import LinkView, RuleView, VariantView
from schemas.links import Link
from schemas.rules import UTM

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_encode: Final = msgspec.json.Encoder().encode


def etag_of(link: Link) -> str:
    """The ETag of a link: of its whole content, so the same on every console and after any restart."""
    return etag_of_value(_encode(link))


def etag_of_value(value: bytes) -> str:
    """The same, of the record that holds the link, as this release writes it."""
    return f'"{hashlib.blake2b(value, digest_size=12).hexdigest()}"'


def view_of(link: Link) -> LinkView:
    """A link with every field, times as datetimes."""
    rules = link.said
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
        cache_s=link.cache_s,
        click_id_parameter=link.click_id_parameter,
        starts_at=time_of(rules.starts_at_ms),
        expires_at=time_of(link.expires_at_ms),
        early_destination=rules.early_destination,
        expired_destination=rules.expired_destination,
        variants=tuple(
            VariantView(number=one.number, name=one.name, destination=one.destination, weight=one.weight)
            for one in rules.variants
        ),
        weight=rules.weight,
        rules=tuple(
            RuleView(
                number=one.number,
                name=one.name,
                destination=one.destination,
                countries=one.countries,
                languages=one.languages,
                devices=one.devices,
            )
            for one in rules.rules
        ),
        retired=rules.retired,
        pass_query=rules.pass_query,
        add_utm=rules.add_utm,
        **{name: getattr(rules, name) for name in UTM},
        warnings=warnings_of(link),
        created_at=time_of(link.created_at_ms),
        archived_at=time_of(link.archived_at_ms),
        updated_at=time_of(link.updated_at_ms or None),
        etag=etag_of(link),
    )


def warnings_of(link: Link) -> tuple[str, ...]:
    """What a link does that its owner may not mean, and what to do."""
    rules = link.said
    permanent = link.status in (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT)
    kept_s = 0 if link.click_id_parameter else link.cache_s
    doubts = {
        "cache_s has no effect: no browser may keep a redirect that tells its click's id; empty click_id_parameter,"
        " or set cache_s to 0": link.cache_s > kept_s,
        f"browsers keep the redirect for {link.cache_s} s: clicks that they answer themselves are not counted, and"
        " no change reaches them before; set cache_s to 0 to count every click": kept_s > 0,
        "while browsers keep the redirect, visitors stay where they were led first; set cache_s to 0 for rules and"
        " weights to hold at once": kept_s > 0 and bool(rules.named),
        f"{link.status} says that the destination is for ever, and search engines go by it, though this link has"
        " several: 302 or 307 says that it is for now": permanent and bool(rules.named),
        "it ends before it starts, so nobody is led to its destination: change starts_at or expires_at": (
            rules.starts_at_ms is not None
            and link.expires_at_ms is not None
            and link.expires_at_ms <= rules.starts_at_ms
        ),
        "expired_destination is not used, for the link does not end: set expires_at": (
            bool(rules.expired_destination) and link.expires_at_ms is None
        ),
    }
    return tuple(text for text, holds in doubts.items() if holds)


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
