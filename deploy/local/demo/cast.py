"""Who takes part in the demo, by a seed: four campaigns, their posts on six channels, and what becomes of each."""

import random
from dataclasses import dataclass
from typing import Final, NamedTuple

DOMAIN: Final = "localhost"
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
_SLACK: Final = 0.08


class Campaign(NamedTuple):
    """A campaign as people see it."""

    name: str
    aim: str
    state: str
    note: str


class Channel(NamedTuple):
    """A channel: who publishes on it, the platform's metric that counts there, and its usual CTR."""

    name: str
    platform: str
    series: str
    profiles: tuple[str, ...]
    referrer: str
    ctr_low: float
    ctr_high: float


@dataclass(frozen=True, kw_only=True)
class Post:
    """A post with its link. `impressions` and `ctr` are what it comes to in the end; `falls`: they are revised."""

    campaign: str
    channel: Channel
    profile: str
    name: str
    text: str
    slug: str
    published_ms: int
    impressions: int
    ctr: float
    aim: str = ""
    experiment: str = ""
    variant: str = ""
    falls: bool = False

    @property
    def link(self) -> str:
        """The key of its link."""
        return f"{DOMAIN}/{self.slug}"


CAMPAIGNS: Final = (
    Campaign("Spring sale", "", "active", "20 % off until the end of the month"),
    Campaign("Product launch", "", "active", "the new planner, first weeks"),
    Campaign("Field guide", "", "completed", "a free download, for newsletter readers above all"),
    Campaign("Brand stories", "awareness", "active", "to be seen; clicks do not matter here"),
)
_X = Channel("x", "x", "impression_count@v2", ("@acme",), "https://t.co/", 0.005, 0.02)
_LINKEDIN = Channel(
    "linkedin",
    "linkedin",
    "impressionCount",
    ("Acme", "Acme Careers", "Ada Fox"),
    "https://www.linkedin.com/",
    0.004,
    0.01,
)
_FACEBOOK = Channel("facebook", "facebook", "post_media_view", ("Acme",), "https://l.facebook.com/", 0.005, 0.015)
_INSTAGRAM = Channel("instagram", "instagram", "views", ("acme.studio",), "https://l.instagram.com/", 0.01, 0.03)
_THREADS = Channel("threads", "threads", "views", ("acme.studio",), "https://www.threads.net/", 0.01, 0.03)
_EMAIL = Channel("email", "mailchimp", "delivered@3.0", ("Newsletter",), "", 0.02, 0.05)
CHANNELS: Final = (_X, _LINKEDIN, _FACEBOOK, _INSTAGRAM, _THREADS, _EMAIL)

_MANY, _FEW = (30_000, 46_000), (2_600, 5_200)
_SHAPES: Final = (
    ("seen", _MANY, 0.3),
    ("both", _MANY, 1.3),
    ("small", _FEW, 2.6),
    ("neither", _FEW, 0.4),
    ("usual", (9_000, 16_000), 1.2),
)
"""How large a post becomes, and its CTR in parts of the low end of its channel's range: all four patterns."""
_TEXTS: Final = {
    "Spring sale": (
        "Spring is here: 20 % off",
        "Your desk wants a clean start",
        "Three days left",
        "What to plant in May",
    ),
    "Product launch": (
        "Meet the new planner",
        "Five things we learned building it",
        "Why we threw away version one",
    ),
    "Field guide": ("The field guide, free this week", "Page 12 alone is worth it", "What readers wrote back"),
    "Brand stories": ("How Ada draws maps", "A morning at the workshop"),
}


def cast(seed: int, start_ms: int, days: int) -> list[Post]:
    """Every post, in the order of publishing; none is published in the last six hours."""
    rng = random.Random(seed)  # noqa: S311 - a story, no secret
    posts: list[Post] = []
    for campaign in CAMPAIGNS:
        for channel in CHANNELS:
            if campaign.aim and channel is _EMAIL:
                continue
            for number in range(
                len(channel.profiles) if channel is _LINKEDIN else 1 + (campaign.name == "Spring sale")
            ):
                shape, (least, most), times = _SHAPES[len(posts) % len(_SHAPES)]
                text = rng.choice(_TEXTS[campaign.name])
                posts.append(
                    Post(
                        campaign=campaign.name,
                        channel=channel,
                        profile=channel.profiles[number % len(channel.profiles)],
                        name=f"{text} ({number + 1})" if number else text,
                        text=f"{text}. {campaign.note[0].upper()}{campaign.note[1:]}.",
                        slug=f"{campaign.name.split()[0].lower()}-{channel.name}-{number + 1}",
                        published_ms=_published(rng, start_ms, days),
                        impressions=rng.randrange(least, most),
                        ctr=channel.ctr_low * times * rng.uniform(1 - _SLACK, 1 + _SLACK),
                        aim=campaign.aim,
                        falls=shape == "both",
                    )
                )
    posts += _experiment("hook", "Two openings", start_ms, (26_000, 26_300), (0.0055, 0.0093))
    posts += _experiment("button", "Two buttons", start_ms, (18_000, 18_200), (0.0074, 0.0077))
    posts.append(  # a share of it went through a group chat, where nobody counts displays
        Post(
            campaign="Field guide",
            channel=_THREADS,
            profile="acme.studio",
            name="Passed around",
            text="The field guide. Send it to somebody who hikes.",
            slug="field-passed-around",
            published_ms=start_ms + DAY_MS,
            impressions=140,
            ctr=1.35,
        )
    )
    return sorted(posts, key=lambda post: (post.published_ms, post.slug))


def _published(rng: random.Random, start_ms: int, days: int) -> int:
    """On a day, between eight in the morning and six in the evening, UTC."""
    day = rng.randrange(max(1, days - 1))
    return start_ms + day * DAY_MS + rng.randrange(8 * 60, 18 * 60) * 60_000


def _experiment(
    name: str, text: str, start_ms: int, impressions: tuple[int, int], ctrs: tuple[float, float]
) -> list[Post]:
    return [
        Post(
            campaign="Product launch",
            channel=_LINKEDIN,
            profile="Acme",
            name=f"{text}: {variant}",
            text=f"{text}, variant {variant}",
            slug=f"launch-{name}-{variant}",
            published_ms=start_ms + 9 * HOUR_MS,
            impressions=impressions[number],
            ctr=ctrs[number],
            experiment=name,
            variant=variant,
        )
        for number, variant in enumerate("ab")
    ]
