"""The campaign: posts on six channels, who published them, and which link each carries."""

import math
import random
from dataclasses import dataclass
from typing import Final, Literal

from schemas.links import Link

DOMAIN: Final = "go.example"
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
BERLIN: Final = "Europe/Berlin"
PAGE: Final = "111222333444555"
"""The page of all posts on Facebook, whose ids begin with it there and nowhere else."""

How = Literal["url", "sender", "later", "never"]
"""How a post's link is known: its address is in the post, the poller says it, it is made days later, never."""


@dataclass(frozen=True)
class Scale:
    """How large a run is. `pace_s`: how long a day of the campaign takes at least."""

    days: int
    posts: int
    poll_every_h: int
    kills: int
    clicks_a_day: int
    recipients: int
    pace_s: float


FULL: Final = Scale(
    days=14, posts=6, poll_every_h=1, kills=8, clicks_a_day=600, recipients=300, pace_s=4.0
)  # a fortnight in a minute, and as long again to start and to be counted
SHORT: Final = Scale(days=9, posts=3, poll_every_h=8, kills=1, clicks_a_day=60, recipients=20, pace_s=0.5)


@dataclass(frozen=True)
class Post:
    """A post, ad or mailing. `falls_ms`: when the platform takes 7 % of its displays back; 0: never."""

    platform: str
    id: str
    slug: str
    how: How
    profile: str
    campaign: str
    born_ms: int
    size: int
    falls_ms: int

    @property
    def link(self) -> str:
        """The key of its link; "" when it never gets one."""
        return f"{DOMAIN}/{self.slug}" if self.how != "never" else ""

    @property
    def channel(self) -> str:
        """The link's channel."""
        return "email" if self.platform in MAIL else self.platform

    def total(self, at_ms: int) -> int:
        """What its platform says at a time that it was shown in all."""
        grown = self.size * (1 - math.exp(-max(0, at_ms - self.born_ms) / (30 * HOUR_MS)))
        return int(grown * 0.93) if self.falls_ms and at_ms >= self.falls_ms else int(grown)


MAIL: Final = ("sendgrid", "mailgun", "mailchimp")
PLATFORMS: Final = ("x", "linkedin", "facebook", "instagram", "google-ads", *MAIL)
_PROFILES: Final = {"linkedin": ("urn:li:organization:11", "urn:li:organization:12", "member")}
_HOWS: Final[dict[str, How]] = {
    "x": "url",
    "linkedin": "sender",
    "facebook": "url",
    "instagram": "sender",
    "google-ads": "url",
    "mailchimp": "sender",
}


def cast(rng: random.Random, scale: Scale, start_ms: int) -> list[Post]:
    """Every platform's posts; the last of a social platform is of the awareness campaign, X has two more."""
    posts = []
    for platform in PLATFORMS:
        profiles = _PROFILES.get(platform, (f"{platform}-a", f"{platform}-b"))
        count = 1 if platform in MAIL else scale.posts
        for number in range(count):
            awareness = platform in ("x", "linkedin", "facebook") and number == count - 1
            how = _HOWS.get(platform, "sender")
            if number == 1 and platform in ("x", "facebook", "instagram"):
                how = "later"
            # The first of each is from before the campaign: what it had by then is an opening.
            born_ms = start_ms - 20 * DAY_MS if number == 0 else start_ms + rng.randrange(3 * 24) * HOUR_MS
            falls_ms = born_ms + 4 * DAY_MS if number % 2 == 0 else 0
            posts.append(
                Post(
                    platform=platform,
                    id=_identifier(platform, number, rng),
                    slug=f"{platform}-{number}",
                    how=how,
                    profile=profiles[number % len(profiles)],
                    campaign="awareness" if awareness else "spring",
                    born_ms=born_ms,
                    size=rng.randrange(500, 40_000),
                    falls_ms=falls_ms if number else start_ms + 2 * DAY_MS,
                )
            )
    for platform in ("x", "linkedin"):
        model = next(one for one in posts if one.platform == platform)
        stray = Post(
            **{
                **model.__dict__,
                "id": _identifier(platform, 90, rng),
                "slug": "",
                "how": "never",
                "born_ms": start_ms + HOUR_MS,
            }
        )
        posts.append(stray)
    return posts


def _identifier(platform: str, number: int, rng: random.Random) -> str:
    tail = f"{rng.randrange(10**9):09}{number:02}"
    return {
        "x": f"19000000{tail}",
        "linkedin": f"urn:li:share:70000000{tail}",
        "facebook": f"12{tail}",
        "instagram": f"179{tail}",
        "google-ads": f"6{tail}",
    }.get(platform, f"{platform}-{tail}")


def link_of(post: Post) -> Link:
    """The link as somebody makes it; one that is made later is given its post's id instead of the address in it."""
    post_id = f"{PAGE}_{post.id}" if post.platform == "facebook" else post.id
    return Link(
        domain=DOMAIN,
        slug=post.slug,
        destination=f"https://shop.example/{post.slug}",
        campaign=post.campaign,
        post=post.slug,
        channel=post.channel,
        profile=post.profile,
        post_id=post_id if post.how == "later" else "",
        aim="awareness" if post.campaign == "awareness" else "",
    )
