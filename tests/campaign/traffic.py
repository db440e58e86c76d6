"""Clicks and mails: what visitors and email providers send, with what each must be counted as."""

import json
import random
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Final, NamedTuple

from tests.campaign.cast import DAY_MS, DOMAIN, Post
from tests.campaign.expected import day_of
from tests.unit.redirector.serve.webhooks.providers import as_mailgun, as_sendgrid

BOTS: Final = (
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Twitterbot/1.0",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
)
CLASSES: Final = ("human", "bot", "prefetch", "unknown")
WEIGHTS: Final = (70, 15, 10, 5)
_DOUBLE_TAP_SHARE: Final = 0.1
_TWICE_SHARE: Final = 0.2


class Visit(NamedTuple):
    """A click that is to be made, and its traffic class. No two have one visitor, but a double tap's.

    Of a double tap's two clicks either may come first: one is counted, the other is the duplicate.
    """

    slug: str
    visit_class: str
    agent: str
    purpose: str
    address: str

    @property
    def link(self) -> str:
        """The key of the link."""
        return f"{DOMAIN}/{self.slug}"


class Mailing(NamedTuple):
    """A webhook's request, and the impressions in it: identity, and what that counts as."""

    path: str
    body: bytes
    headers: dict[str, str]
    counted: dict[str, tuple[str, str, str, str, str]]


def visits(rng: random.Random, posts: Sequence[Post], count: int) -> list[Visit]:
    """Visits of links that exist."""
    made = []
    for _ in range(count):
        visit_class = rng.choices(CLASSES, WEIGHTS)[0]
        build = f"{rng.randrange(100, 10_000)}.{rng.randrange(1000)}"
        agent = f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/144.0.{build} Safari/537.36"
        if visit_class in ("bot", "unknown"):
            agent = rng.choice(BOTS) if visit_class == "bot" else ""
        address = str(ip_address(rng.getrandbits(120) + (0xFD << 120)))
        purpose = "prefetch" if visit_class == "prefetch" else ""
        visit = Visit(rng.choice(posts).slug, visit_class, agent, purpose, address)
        made.append(visit)
        if visit_class == "human" and rng.random() < _DOUBLE_TAP_SHARE:
            made.append(visit._replace(visit_class="duplicate"))
    return made


def click_line(visit: Visit, time_ms: int, seq: int, visitor: int) -> bytes:
    """A click as docs/contracts/clicks.md says; see there."""
    event = {"type": "click", "time_ms": time_ms, "link": visit.link, "seq": seq, "visitor": visitor}
    optional_fields = {"ua": visit.agent, "purpose": visit.purpose}
    return json.dumps(event | {name: value for name, value in optional_fields.items() if value}).encode()


def mails(rng: random.Random, posts: Sequence[Post], recipients: int, start_ms: int) -> Iterator[Mailing]:
    """What SendGrid and Mailgun tell of the mailings that they send, some of it again under another signature."""
    for post in posts:
        times = [start_ms + DAY_MS + rng.randrange(5 * DAY_MS) // 1000 * 1000 for _ in range(recipients)]
        if post.platform == "sendgrid":
            yield from _sendgrid(rng, post, times)
        elif post.platform == "mailgun":
            yield from _mailgun(rng, post, times[: recipients // 4])


def _sendgrid(rng: random.Random, post: Post, times: Sequence[int]) -> Iterator[Mailing]:
    for first in range(0, len(times), 20):
        events, counted = [], {}
        for number, time_ms in enumerate(times[first : first + 20], first):
            usual = {"email": "a@example.org", "ip": "192.0.2.1", "clicktally_link": post.link}
            identity = f"{post.id}-{number}"
            moment = {"timestamp": time_ms // 1000}
            events.append({**usual, **moment, "event": "processed", "sg_event_id": f"{identity}-p"})
            events.append({**usual, **moment, "event": "delivered", "sg_event_id": identity})
            counted[f"sendgrid/{identity}"] = (post.link, "platform", "human", "platform", day_of(time_ms))
            if rng.random() < 0.4:
                machine = rng.random() < 0.5
                opened = {"event": "open", "sg_event_id": f"{identity}-o", "sg_machine_open": machine}
                agent = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
                events.append({**usual, **moment, **opened, "useragent": agent})
                read = "unverified" if machine else "human"
                counted[f"sendgrid/{identity}-o"] = (post.link, "pixel", read, "rendered", day_of(time_ms))
        for _ in range(2 if rng.random() < _TWICE_SHARE else 1):
            body, headers = as_sendgrid(events, signed_ms=_now_ms())
            yield Mailing("/v1/webhooks/sendgrid", body, headers, counted)


def _mailgun(rng: random.Random, post: Post, times: Sequence[int]) -> Iterator[Mailing]:
    for number, time_ms in enumerate(times):
        identity = f"{post.id}-{number}"
        event = {
            "event": "delivered",
            "id": identity,
            "timestamp": time_ms / 1000,
            "user-variables": {"clicktally_link": post.link},
        }
        counted = {f"mailgun/{identity}": (post.link, "platform", "human", "platform", day_of(time_ms))}
        for again in range(2 if rng.random() < _TWICE_SHARE else 1):
            body = as_mailgun(event, nonce=f"{identity}-{again}", signed_ms=_now_ms())
            yield Mailing("/v1/webhooks/mailgun", body, {}, counted)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
