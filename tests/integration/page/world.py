"""A fortnight of four campaigns on six channels, and the one before it: what the page is shown with in tests.

Rows are as the stream writes them; the names of posts come by the API. All of it follows from a seed.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from tests.integration.clickhouse_http import Http
from tests.integration.console_process import ConsoleProcess
from tests.integration.counted import know_links, run_sql
from tests.tokens import token

ACCOUNT: Final = "acme"
WRITER: Final = 21
READER: Final = 22
LOOKER: Final = 23
NEWCOMER: Final = 24
EVERYBODY: Final = 25
TOKENS: Final = (
    token(WRITER, "reports:read", "links:read", "links:write", account=ACCOUNT),
    token(READER, "reports:read", account=ACCOUNT),
    token(LOOKER, "links:read", account=ACCOUNT),
    token(NEWCOMER, "reports:read", "links:read", account="new"),
    token(EVERYBODY, "reports:read", "links:read", "links:write"),
)
"""Who may do everything, read reports alone, look at links alone; somebody whose account has nothing yet; and who
speaks for all accounts."""
DAYS: Final = 28
_SEED: Final = 4
_HOURS: Final = (1, 1, 1, 1, 1, 2, 4, 8, 12, 11, 9, 8, 10, 9, 7, 7, 8, 9, 10, 11, 9, 6, 3, 2)


class WorldPost(NamedTuple):
    """A post as it is meant: impressions a day and CTR, and how many days ago it was published."""

    campaign: str
    name: str
    channel: str
    profile: str
    text: str
    impressions: int
    ctr: float
    age_days: int
    kind: str
    aim: str


_TABLE: Final = """
spring-sale|five-lessons|linkedin|Acme|Five things we learned from 300 gardens|2900|0.0078|13|platform|
spring-sale|spring-is-here|x|@acme|Spring is here: 20 % off everything green|2800|0.0011|12|platform|
spring-sale|newsletter-44|email|Newsletter|Your spring list|3100|0.041|9|platform|
spring-sale|before-after|instagram|acme.garden|Before and after, in four weeks|1700|0.009|11|platform|
spring-sale|founder-note|linkedin|Maren (founder)|Why we close on Sundays|310|0.019|8|platform|
spring-sale|thread-tools|x|@acme|The seven tools that last. A thread|1500|0.013|7|platform|
spring-sale|facebook-event|facebook|Acme Garden|Open greenhouse, Saturday from 10|900|0.0042|6|platform|
spring-sale|newsletter-45|email|Newsletter|Last days: what is left|2700|0.032|3|platform|
spring-sale|search-ad|search|Acme|Garden tools, delivered tomorrow|640|0.061|13|served|
spring-sale|carousel|linkedin|Acme|A year in twelve pictures|1900|0.0061|5|platform|
spring-sale|reply-guy|x|@acme_help|Answers to what you asked about roses|24|0.012|2|platform|
spring-sale|story-link|instagram|acme.garden|Story: link to the list|480|0.002|4|platform|
roses-for-all|reel|instagram|acme.garden|Roses for all: the film|9000|0.0021|12|platform|awareness
roses-for-all|banner|display|Acme|Roses for all|24000|0.0007|12|viewable|awareness
hiring|hiring-post|linkedin|Acme|We look for two gardeners|700|0.012|20|platform|
hiring|hiring-x|x|@acme|Two gardeners wanted|450|0.004|20|platform|
winter-care|newsletter-40|email|Newsletter|How to bring pots through the frost|1200|0.024|27|platform|
"""


def _post(line: str) -> WorldPost:
    campaign, name, channel, profile, text, impressions, ctr, age, kind, aim = map(str.strip, line.split("|"))
    return WorldPost(campaign, name, channel, profile, text, int(impressions), float(ctr), int(age), kind, aim)


POSTS: Final = tuple(map(_post, _TABLE.strip().splitlines()))


def fill(http: Http, now: datetime) -> None:
    """Links and counters, up to now."""
    names = ", ".join(
        f"('go.example/{post.name}', 1, false, '{ACCOUNT}', '{post.campaign}', '{post.name}', '{post.channel}',"
        f" '{post.profile}', '{post.aim}')"
        for post in POSTS
    )
    run_sql(
        http,
        "INSERT INTO links (link, version, deleted, account, campaign, post, channel, profile, aim) VALUES "
        + names,
    )
    know_links(http)
    answer = http(
        "INSERT INTO counters (kind, link, window_start, class, impression_kind, clicks, impressions)"
        " SETTINGS insert_deduplicate = 0 FORMAT TabSeparated",
        "".join(_rows(now)).encode(),
    )
    assert answer.status == 200, answer.body


def name_posts(console: ConsoleProcess, now: datetime, *, token: int) -> None:
    """The records of campaigns and posts, by the API."""
    for campaign in dict.fromkeys(post.campaign for post in POSTS):
        ended = {"state": "completed"} if campaign == "winter-care" else {}
        body = {"starts_at": f"{now - timedelta(days=DAYS):%Y-%m-%dT00:00:00Z}", **ended}
        answer = console.ask("PATCH", f"/v1/campaigns/{campaign}?account={ACCOUNT}", body, token=token)
        assert answer.status < 300, answer.body
    for post in POSTS:
        path = f"/v1/campaigns/{post.campaign}/posts/{post.channel}/{post.name}?account={ACCOUNT}"
        published = now - timedelta(days=post.age_days)
        body = {
            "profile": post.profile,
            "text": post.text,
            "published_at": f"{published:%Y-%m-%dT%H:00:00Z}",
            "post_url": f"https://{post.channel}.example/{post.name}",
        }
        answer = console.ask("PATCH", path, body, token=token)
        assert answer.status < 300, answer.body


def _rows(now: datetime) -> Iterator[str]:
    chance = random.Random(_SEED)
    first = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    for post in POSTS:
        published = now - timedelta(days=post.age_days)
        # A post of the days before stands for what the campaign did then, more quietly.
        for hour in range(DAYS * 24 + 1):
            at = first + timedelta(hours=hour)
            share = _HOURS[at.hour] / sum(_HOURS) * (0.7 if at.weekday() > 4 else 1.1)
            age = (at - published) / timedelta(days=1)
            fresh = 0.5 if age < -1 else 0.0 if age < 0 else max(0.35, 2.2 * 0.72**age)
            impressions = round(post.impressions * share * fresh * chance.uniform(0.7, 1.3))
            clicks = sum(chance.random() < post.ctr for _ in range(impressions))
            yield from _counts(post, at, impressions, clicks, chance)


def _counts(post: WorldPost, at: datetime, impressions: int, clicks: int, chance: random.Random) -> Iterator[str]:
    row = f"0\tgo.example/{post.name}\t{at:%Y-%m-%d %H:%M:%S}"
    if impressions:
        yield f"{row}\thuman\t{post.kind}\t0\t{impressions}\n"
    if clicks:
        yield f"{row}\thuman\t\t{clicks}\t0\n"
        yield f"{row}\tbot\t\t{chance.randint(0, clicks)}\t0\n"
        if chance.random() < 0.3:
            yield f"{row}\tduplicate\t\t1\t0\n"
