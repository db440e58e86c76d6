"""Clicks of the page's world as events: who clicked, from where; and what was asked for in vain."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.integration.clickhouse_http import Http
from tests.integration.counted import run_sql
from tests.integration.page.world import POSTS

_SEED: Final = 5
_AGAIN: Final = 0.15
"""How many of people's clicks are of somebody who clicked the same before on that day."""
_SAID: Final = {
    "country": ("DE", "DE", "DE", "DE", "AT", "AT", "CH", "CH", "FR", "NL", "PL", "US", "GB", ""),
    "device": ("phone", "phone", "phone", "desktop", "desktop", "tablet", "unknown"),
    "os": ("Android", "iOS", "iOS", "Windows", "macOS"),
    "browser": ("Chrome", "Chrome", "Safari", "Instagram", "LinkedIn", "Firefox", "Samsung Internet"),
    "language": ("de", "de", "de-at", "en-gb", "fr", "nl", ""),
}
_SENT_BY: Final = {
    "email": (("direct", "direct", "newsletter"), ("Gmail", "email", "newsletter")),
    "facebook": (("Facebook", "social", ""), ("direct", "direct", "")),
    "instagram": (("Instagram", "social", ""), ("direct", "direct", "")),
    "linkedin": (("LinkedIn", "social", ""), ("LinkedIn", "social", ""), ("direct", "direct", "")),
    "search": (("Google", "search", "adwords"), ("Bing", "search", "adwords")),
    "x": (("X", "social", ""), ("X", "social", ""), ("direct", "direct", "")),
}
_ELSEWHERE: Final = (("gardeners.example", "referral", ""), ("direct", "direct", ""))
"""Source, medium and utm_source of a channel's clicks."""
_MISSED: Final = (
    ("unknown", "go.example", "sprnig", ("print.example", "", "gardeners.example", "news.example"), 46),
    ("unknown", "go.example", "catalogue-2025", ("",), 17),
    ("deleted", "go.example", "winter-sale", ("x.com", ""), 9),
    ("expired", "go.example", "newsletter-40", ("",), 6),
    ("unknown", "go.example", "wp-login.php", ("",), 120),
    ("unknown", "", "", ("",), 2300),
)


def visit(http: Http, now: datetime) -> None:
    """An event for each click that is counted by now: of visitors who come again, with another number every day."""
    rows = http.rows(
        "SELECT link, toUnixTimestamp(window_start), class, sum(clicks) FROM counters WHERE clicks > 0"
        " GROUP BY link, window_start, class ORDER BY window_start, link, class"
    )
    columns = f"type, time, link, class, count, visitor, topic, record_offset, {', '.join(_SAID)}"
    answer = http(
        f"INSERT INTO events ({columns}, referrer_source, referrer_medium, utm_source) FORMAT TabSeparated",
        "".join(_events(rows, now)).encode(),
    )
    assert answer.status == 200, answer.body


def _events(rows: list[list[str]], now: datetime) -> Iterator[str]:
    chance = random.Random(_SEED)
    channels = {f"go.example/{post.name}": post.channel for post in POSTS}
    number, of_day, seen = 0, 0, 0
    of_link: dict[str, list[int]] = {}
    for link, began_s, class_, clicks in rows:
        began = datetime.fromtimestamp(int(began_s), UTC)
        within_s = min(3600, max(1, int((now - began).total_seconds())))
        if began.toordinal() != of_day:
            of_day, seen, of_link = began.toordinal(), 0, {}
        for _ in range(int(clicks)):
            readers = of_link.setdefault(link, [])
            if class_ == "human" and readers and chance.random() < _AGAIN:
                visitor = chance.choice(readers)
            else:
                seen += 1
                visitor = seen
                readers.append(visitor)
            at = began + timedelta(seconds=chance.randrange(within_s))
            said = [chance.choice(values) for values in _SAID.values()]
            sent = chance.choice(_SENT_BY.get(channels[link], _ELSEWHERE))
            cells = ["click", f"{at:%Y-%m-%d %H:%M:%S}", link, class_, 1, (of_day << 24) + visitor]
            yield "\t".join(map(str, [*cells, "page", number, *said, *sent])) + "\n"
            number += 1


def miss(http: Http, now: datetime) -> None:
    """A fortnight of requests that led nowhere, and a link that was deleted before."""
    chance = random.Random(_SEED)
    run_sql(
        http,
        "INSERT INTO links (link, version, deleted, account, campaign, post, channel, updated_at) VALUES"
        " ('go.example/winter-sale', 1, true, 'acme', 'winter-care', 'banner', 'display', '2026-01-01 00:00:00')",
    )
    rows: list[str] = []
    for reason, domain, slug, hosts, most in _MISSED:
        stored = "unknown" if reason == "deleted" else reason
        for days in range(14):
            at = now.astimezone(UTC).replace(second=0, microsecond=0) - timedelta(days=days)
            for host in hosts:
                if requests := chance.randrange(most):
                    rows.append(
                        f"('{at:%Y-%m-%d %H:%M:%S}', '{stored}', '{domain}', '{slug}', '{host}', {requests},"
                        f" 'b', {len(rows)})"
                    )
    columns = "minute, reason, domain, slug, referrer_host, requests, batch, place"
    run_sql(http, f"INSERT INTO misses ({columns}) VALUES {', '.join(rows)}")
