"""By what clicks are broken down: columns of `events`, `breakdowns` and the view `breakdown_1d`."""

from typing import Final, NamedTuple

TEXT_DIMENSIONS: Final = (
    "device",
    "os",
    "browser",
    "referrer_source",
    "referrer_medium",
    "referrer_host",
    "country",
    "region",
    "language",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
)
NUMBER_DIMENSIONS: Final = ("destination", "scan")
DIMENSIONS: Final = (*TEXT_DIMENSIONS, *NUMBER_DIMENSIONS)


class ClassClicks(NamedTuple):
    """A day's clicks by traffic class: the columns of `breakdown_days`."""

    human: int = 0
    bot: int = 0
    prefetch: int = 0
    duplicate: int = 0
    unknown: int = 0
