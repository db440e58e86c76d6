"""A campaign or a post as the API shows it."""

import msgspec

from console.api.link_views import time_of
from console.api.named_records import CAMPAIGN_PREFIX, Campaign, Named, Post
from console.api.record_changes import etag_of_record, read_record
from console.api.record_wire import CampaignView, PostView


def record_view(key: str, value: bytes) -> CampaignView | PostView:
    """A record's value as the API shows it; its key tells which kind it is of. Raises Problem."""
    if key.startswith(CAMPAIGN_PREFIX):
        return campaign_view(read_record(value, Campaign))
    return post_view(read_record(value, Post))


def campaign_view(campaign: Campaign) -> CampaignView:
    """Every field, times as datetimes."""
    return msgspec.convert(_fields(campaign), CampaignView)


def post_view(post: Post) -> PostView:
    """Every field, times as datetimes."""
    return msgspec.convert(_fields(post), PostView)


def _fields(record: Named) -> dict[str, object]:
    fields: dict[str, object] = {"etag": etag_of_record(record)}
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if name.endswith("_ms"):
            fields[name.removesuffix("_ms")] = time_of(value)
        elif name != "v":
            fields[name] = value
    return fields
