"""Clicks of the page's world as events: who clicked, from where; and what was asked for in vain."""

import random
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.integration.clickhouse_http import Http
from tests.integration.counted import run_sql
from tests.integration.page.world import POSTS

_SEED: Final = 5
_DAYS: Final = 20
_CLICKS: Final = 2400
_VISITORS: Final = 900
_SAID: Final = {
    "country": ("DE", "DE", "DE", "DE", "AT", "AT", "CH", "CH", "FR", "NL", "PL", "US", "GB", ""),
    "device": ("phone", "phone", "phone", "desktop", "desktop", "tablet", "unknown"),
    "os": ("Android", "iOS", "iOS", "Windows", "macOS"),
    "browser": ("Chrome", "Chrome", "Safari", "Instagram", "LinkedIn", "Firefox", "Samsung Internet"),
    "language": ("de", "de", "de-at", "en-gb", "fr", "nl", ""),
    "referrer_source": ("direct", "LinkedIn", "LinkedIn", "X", "Google", "Instagram", "gardeners.example"),
    "referrer_medium": ("direct", "social", "social", "social", "search", "social", "referral"),
    "utm_source": ("", "", "newsletter"),
}
_MISSED: Final = (
    ("unknown", "go.example", "sprnig", ("print.example", "", "gardeners.example", "news.example"), 46),
    ("unknown", "go.example", "catalogue-2025", ("",), 17),
    ("deleted", "go.example", "winter-sale", ("x.com", ""), 9),
    ("expired", "go.example", "newsletter-40", ("",), 6),
    ("unknown", "go.example", "wp-login.php", ("",), 120),
    ("unknown", "", "", ("",), 2300),
)


def visit(http: Http, now: datetime) -> None:
    """Events of every class, of visitors who come again; a visitor has another number every day."""
    chance = random.Random(_SEED)
    rows = []
    for offset in range(_CLICKS):
        post = chance.choice(POSTS)
        at = now.astimezone(UTC) - timedelta(seconds=chance.randrange(_DAYS * 86_400))
        visitor = 1 + chance.randrange(_VISITORS) + _VISITORS * at.toordinal()
        class_ = chance.choice(("human", "human", "human", "human", "bot", "duplicate"))
        said = ", ".join(f"'{chance.choice(values)}'" for values in _SAID.values())
        rows.append(
            f"('click', '{at:%Y-%m-%d %H:%M:%S}', 'go.example/{post.name}', '{class_}', 1, {visitor},"
            f" 'page', {offset}, {said})"
        )
    columns = f"type, time, link, class, count, visitor, topic, record_offset, {', '.join(_SAID)}"
    run_sql(http, f"INSERT INTO events ({columns}) VALUES {', '.join(rows)}")


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
