"""Realistic events: links by Zipf's law, user agents and referrers of a real access log, countries and languages by
Zipf's law, campaigns' parameters on some, late and resent ones."""

import os
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

import msgspec
import numpy as np

from redirector.relay.partitions import partition_of
from schemas.batches import MAX_BATCH_EVENTS, BatchHeaders
from schemas.events import REFERRER_MAX_CHARS, UA_MAX_CHARS, Click, Event, Impression
from schemas.topics import CLICKS, IMPRESSIONS

DOMAIN: Final = "go.example"
BATCH_EVENTS: Final = MAX_BATCH_EVENTS
ZIPF_EXPONENT: Final = 1.0
LATE_SHARE: Final = 0.01
RESENT_SHARE: Final = 0.01
PREFETCH_SHARE: Final = 0.01
_COUNTRIES: Final = (
    "US", "IN", "GB", "DE", "BR", "FR", "CA", "JP", "ES", "IT", "MX", "NL", "AU", "PL", "TR", "SE", "ID", "CH",
)  # fmt: skip
_LANGUAGES: Final = ("en-us", "en-gb", "de", "pt-br", "fr", "es", "ja", "it", "nl", "pl", "tr", "sv")
_TAGGED_SHARE: Final = 0.1
"""Of visits whose own query has UTM parameters."""
_RENTED_SHARE: Final = 0.02
_SCAN_SHARE: Final = 0.01
_PLACES: Final = 997
"""So many visitors' facts are drawn beforehand."""
_SPOOLS: Final = ("0123456789abcdef", "fedcba9876543210")
_LOG_LINE: Final = re.compile(r'"[^"]*" \d+ \S+ "([^"]*)" "([^"]*)"$')
_OTHERWISE: Final = (
    (
        "https://news.example/a",
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36",
    ),
    (
        "",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile Safari/604.1",
    ),
    ("https://social.example/p", "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"),
    ("", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
    ("", "Twitterbot/1.0"),
    ("", "curl/8.5.0"),
)


def visitors() -> list[tuple[str, str]]:
    """(referrer, user agent) as often as they occur in CLICKTALLY_BENCH_ACCESS_LOG, else of a short list."""
    path = Path(os.environ.get("CLICKTALLY_BENCH_ACCESS_LOG", "../shared/data/access.log"))
    if not path.is_file():
        return list(_OTHERWISE)
    people = []
    for line in path.read_text(errors="replace").splitlines():
        match = _LOG_LINE.search(line)
        if match:
            referrer, ua = (part if part != "-" else "" for part in match.groups())
            people.append((referrer.partition("?")[0][:REFERRER_MAX_CHARS], ua[:UA_MAX_CHARS]))
    return people


def zipf_ranks(links: int, count: int) -> list[int]:
    """So many draws of a link's rank by Zipf's law, the same each time."""
    up_to = np.cumsum(1.0 / np.arange(1, links + 1) ** ZIPF_EXPONENT)
    drawn = np.random.default_rng(3).uniform(0.0, up_to[-1], count)
    return [int(rank) for rank in np.searchsorted(up_to, drawn)]


def link_key(number: int) -> str:
    """The link of a rank, rank 0 being the one clicked most."""
    return f"{DOMAIN}/{number * 7919 % 10_000_000:07d}"


@dataclass(frozen=True)
class Batch:
    """One Kafka record as the relay makes it. `fresh` of its events were not sent before."""

    topic: str
    partition: int
    headers: BatchHeaders
    value: bytes
    fresh: int
    late: int


class Facts(TypedDict, total=False):
    """What serve says of a visitor by address, headers and query, named as an event's fields."""

    country: str
    language: str
    network: str
    utm_source: str
    utm_medium: str
    utm_campaign: str


class Traffic:
    """An endless, seeded stream of batches. Late clicks come as whole batches, as after an outage (`scattered`:
    singly, among others); late impressions singly, as a batch API sends them."""

    def __init__(self, *, links: int, partitions: int, scattered: bool = False, seed: int = 7) -> None:
        self._random = random.Random(seed)
        self._draw = np.random.default_rng(seed)
        self._visitors = visitors()
        self._facts = [self._fact() for _ in range(_PLACES)]
        self._scattered = scattered
        self._encoder = msgspec.json.Encoder()
        self._seqs: dict[tuple[str, str, int], int] = {}
        self._partitions = partitions
        weights = 1.0 / np.arange(1, links + 1) ** ZIPF_EXPONENT
        keys = [link_key(number) for number in range(links)]
        where = np.array([partition_of(partitions)(key) for key in keys])
        self._keys = [np.array(keys, dtype=object)[where == one] for one in range(partitions)]
        self._shares = [weights[where == one] / weights[where == one].sum() for one in range(partitions)]

    def batches(self, topic: str, events: int) -> Iterator[Batch]:
        """Batches of so many fresh events in all, round robin over partitions; 1 % of them resent on top."""
        sent, turn = 0, 0
        while sent < events:
            for partition in range(self._partitions):
                batch = self._batch(topic, partition, _SPOOLS[turn % len(_SPOOLS)])
                sent += batch.fresh
                yield batch
                if self._random.random() < RESENT_SHARE:
                    yield Batch(topic, partition, batch.headers, batch.value, 0, 0)
            turn += 1

    def _batch(self, topic: str, partition: int, spool: str) -> Batch:
        place = (topic, spool, partition)
        prev = self._seqs.get(place, 0)
        # A spool's numbers rise by one over all partitions and topics, so those of one partition have holes.
        first = prev + self._random.randrange(1, 2 * self._partitions)
        now_ms = time.time_ns() // 1_000_000
        all_late = topic == CLICKS and not self._scattered and self._random.random() < LATE_SHARE
        links = self._draw.choice(self._keys[partition], BATCH_EVENTS, p=self._shares[partition])
        numbers = self._draw.integers(1, 2**53, BATCH_EVENTS).tolist()
        events, seq, late = [], first, 0
        for link, visitor in zip(links, numbers, strict=True):
            is_late = all_late or ((topic != CLICKS or self._scattered) and self._random.random() < LATE_SHARE)
            late += is_late
            ago_ms = (
                180_000 + int(self._random.random() * 3_000_000) if is_late else int(self._random.random() * 20)
            )
            events.append(self._event(topic, link, seq, visitor, now_ms - ago_ms))
            last, seq = seq, seq + self._partitions
        self._seqs[place] = last
        value = self._encoder.encode_lines(events)
        return Batch(topic, partition, BatchHeaders(spool, first, last, prev), value, BATCH_EVENTS, late)

    def _event(self, topic: str, link: str, seq: int, visitor: int, time_ms: int) -> Event:
        referrer, ua = self._visitors[int(self._random.random() * len(self._visitors))]
        facts = self._facts[int(self._random.random() * _PLACES)]
        if topic == IMPRESSIONS:
            return Impression(
                time_ms=time_ms,
                link=link,
                source="pixel",
                kind="served",
                seq=seq,
                visitor=visitor,
                ua=ua,
                referrer=referrer,
                **facts,
            )
        purpose = "prefetch" if self._random.random() < PREFETCH_SHARE else ""
        return Click(
            time_ms=time_ms,
            link=link,
            seq=seq,
            visitor=visitor,
            ua=ua,
            referrer=referrer,
            purpose=purpose,
            scan=int(self._random.random() < _SCAN_SHARE),
            **facts,
        )

    def _fact(self) -> Facts:
        chance = self._random.random
        facts = Facts(country=self._by_rank(_COUNTRIES), language=self._by_rank(_LANGUAGES))
        if chance() < _RENTED_SHARE:
            facts["network"] = "datacenter"
        if chance() < _TAGGED_SHARE:
            facts |= Facts(
                utm_source="newsletter", utm_medium="email", utm_campaign=f"campaign-{int(chance() * 40)}"
            )
        return facts

    def _by_rank(self, texts: tuple[str, ...]) -> str:
        return self._random.choices(texts, [1 / rank for rank in range(1, len(texts) + 1)])[0]
