"""What visitors and platforms did in the demo's fortnight: clicks as the contract has them, and totals as told."""

import json
import math
import random
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from deploy.local.demo.cast import DAY_MS, HOUR_MS, Post

_FADES_MS: Final = 30 * HOUR_MS
_TOLD_EVERY_MS: Final = 6 * HOUR_MS
_WEBKIT: Final = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6"
_BLINK: Final = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0"
BROWSERS: Final = (
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_WEBKIT} Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 10; K) {_BLINK} Mobile Safari/537.36",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_BLINK} Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
)
BOTS: Final = (
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Twitterbot/1.0",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
)
_PLACES: Final = (
    ("DE", "de-de", 52),
    ("AT", "de-at", 9),
    ("CH", "de-ch", 8),
    ("GB", "en-gb", 13),
    ("US", "en-us", 18),
)
_BY_HOUR: Final = (2, 1, 1, 1, 1, 2, 5, 9, 12, 11, 10, 9, 11, 10, 9, 9, 9, 10, 11, 12, 13, 12, 8, 4)
"""How busy each hour of the day is, in UTC."""
_BOT_SHARE, _PREFETCH_SHARE, _NO_AGENT_SHARE = 0.14, 0.05, 0.02
_READERS_A_CLICK: Final = 1.5
"""Of so many readers for each click of a post somebody clicks: some of them a second time."""


def clicks(post: Post, rng: random.Random, now_ms: int) -> list[dict[str, Any]]:
    """The clicks that a post has got by now, in order of time."""
    wanted = round(post.impressions * post.ctr)
    readers = math.ceil(wanted * _READERS_A_CLICK)
    people = [_person(post, rng, _moment(post, rng), readers) for _ in range(wanted)]
    machines = [_machine(post, rng) for _ in range(round(wanted * _BOT_SHARE) + 3)]
    happened = [click for click in (*people, *machines) if click["time_ms"] < now_ms]
    return sorted(happened, key=lambda click: (click["time_ms"], click["visitor"]))


def _moment(post: Post, rng: random.Random) -> int:
    """Soon after publishing more likely than later, by day more than at night."""
    while True:
        time_ms = post.published_ms + round(rng.expovariate(1.0) * _FADES_MS)
        if rng.random() * max(_BY_HOUR) < _BY_HOUR[time_ms // HOUR_MS % 24]:
            return time_ms


def _person(post: Post, rng: random.Random, time_ms: int, readers: int) -> dict[str, Any]:
    country, language, _ = rng.choices(_PLACES, [place[2] for place in _PLACES])[0]
    click = {
        "type": "click",
        "time_ms": time_ms,
        "link": post.link,
        "visitor": _visitor(post, time_ms, rng.randrange(1, 2**53) % readers),
        "ua": rng.choice(BROWSERS),
        "country": country,
        "language": language,
    }
    if post.channel.referrer and rng.random() < 0.8:  # noqa: PLR2004 - some apps send none
        click["referrer"] = post.channel.referrer
    luck = rng.random()
    if luck < _NO_AGENT_SHARE:
        del click["ua"]
    elif luck < _NO_AGENT_SHARE + _PREFETCH_SHARE:
        click["purpose"] = "prefetch"
    return click


def _visitor(post: Post, time_ms: int, reader: int) -> int:
    """A reader's number: another one every day, as the key of the redirectors changes."""
    return (time_ms // DAY_MS << 32) + zlib.crc32(f"{post.link} {reader}".encode())


def _machine(post: Post, rng: random.Random) -> dict[str, Any]:
    """A preview or a crawler: minutes after publishing, most of them."""
    after_ms = round(rng.expovariate(1.0) * 20 * 60_000)
    return {
        "type": "click",
        "time_ms": post.published_ms + after_ms,
        "link": post.link,
        "visitor": rng.randrange(1, 2**53),
        "ua": rng.choice(BOTS),
    }


def total(post: Post, at_ms: int) -> int:
    """How often the platform says that a post was shown, at a time after its publishing."""
    age_ms = at_ms - post.published_ms
    grown = post.impressions * (1 - math.exp(-age_ms / _FADES_MS))
    return int(grown * 0.94) if post.falls and age_ms > 3 * DAY_MS else int(grown)


def told(posts: Sequence[Post], start_ms: int, now_ms: int) -> Iterator[list[dict[str, Any]]]:
    """What a poller would have read of all posts, every six hours and now: a list of totals for each time."""
    times = [*range(start_ms, now_ms - HOUR_MS, _TOLD_EVERY_MS), now_ms - 60_000]
    for at_ms in times:
        rows = [
            {
                "platform": post.channel.platform,
                "post": f"demo-{post.slug}",
                "series": post.channel.series,
                "total": total(post, at_ms),
                "link": post.link,
                "observed_at": _iso(at_ms),
                "published_at": _iso(post.published_ms),
                "profile": post.profile,
            }
            for post in posts
            if post.published_ms <= at_ms
        ]
        if rows:
            yield rows


def lines(some: Sequence[dict[str, Any]], first_seq: int) -> bytes:
    """Clicks as one record's value, numbered."""
    return b"\n".join(
        json.dumps(click | {"seq": first_seq + number}, separators=(",", ":")).encode()
        for number, click in enumerate(some)
    )


def _iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat()
