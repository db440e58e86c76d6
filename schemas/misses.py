"""Requests that led nowhere, on their way from a `serve` process to the table `misses`: a minute's, counted.

One record of the topic `misses` is one minute of one process. It may come twice; its id tells.
"""

from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta

from schemas.events import NUMBER_LIMIT

MissReason = Literal["unknown", "expired"]
"""There is no such link, none any more among them; or its time is over."""
MISS_REASONS: Final[tuple[MissReason, ...]] = get_args(MissReason)

DOMAIN_MAX_CHARS: Final = 253
SLUG_MAX_CHARS: Final = 128
_COUNT: Final = Meta(ge=1, lt=NUMBER_LIMIT)


class Miss(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Requests of one minute for one slug from one page's host. Without a domain: for all other slugs together."""

    reason: MissReason
    requests: Annotated[int, _COUNT]
    domain: Annotated[str, Meta(max_length=DOMAIN_MAX_CHARS)] = ""
    slug: Annotated[str, Meta(max_length=SLUG_MAX_CHARS)] = ""
    referrer: Annotated[str, Meta(max_length=DOMAIN_MAX_CHARS)] = ""


class MissedMinute(msgspec.Struct, frozen=True, kw_only=True):
    """What one process missed in a minute that is over."""

    id: Annotated[str, Meta(min_length=1, max_length=32)]
    minute: Annotated[int, Meta(ge=0, lt=2**32 // 60, description="minutes since 1970 UTC")]
    rows: list[Miss]

    @property
    def requests(self) -> int:
        """How many in all."""
        return sum(row.requests for row in self.rows)
