"""The readers by the platforms' names."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from schemas.platforms import (
    facebook,
    google_ads,
    instagram,
    linkedin,
    mailchimp,
    pinterest,
    rows,
    threads,
    tiktok,
    x,
    youtube,
)
from schemas.platforms.reading import Reading, Unsaid

Reader = Callable[[bytes | msgspec.Raw, Unsaid], Reading]
"""Reads JSON text that begins with its first character. It raises PayloadError and nothing else."""

READERS: Final[Mapping[str, Reader]] = {
    x.PLATFORM: x.read,
    linkedin.PLATFORM: linkedin.read,
    facebook.PLATFORM: facebook.read,
    instagram.PLATFORM: instagram.read,
    threads.PLATFORM: threads.read,
    tiktok.PLATFORM: tiktok.read,
    youtube.PLATFORM: youtube.read,
    pinterest.PLATFORM: pinterest.read,
    google_ads.PLATFORM: google_ads.read,
    mailchimp.PLATFORM: mailchimp.read,
    rows.PLATFORM: rows.read,
}
