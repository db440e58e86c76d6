"""The impressions door: wounded bodies in every coding, by a token's holder and by anybody, under keys and without.

What is accepted is counted: all of it is folded by the stream, at once and after a day in the spool.
"""

import gzip
import random
import time
import zlib
from collections.abc import Callable
from typing import Final

import brotli
import msgspec

from redirector.serve.access import ANONYMOUS, Caller
from redirector.serve.body_errors import BodyError
from redirector.serve.claims import ClaimContext
from redirector.serve.codings import CODINGS, coding_of, decoded, zstd
from redirector.serve.impressions import PostedImpressions, PostFacts, read_impressions
from redirector.serve.items import split
from redirector.serve.key_book import KeyedRequest
from redirector.serve.request_facts import NO_REQUEST_FACTS
from schemas.event_times import AGE_MARGIN_MS, MAX_AGE_DAYS, MAX_SKEW_S, SKEW_MARGIN_MS, DoorTimes
from schemas.events import Event
from schemas.links import Link
from schemas.topics import IMPRESSIONS
from tests.builders import DAY_MS, NOW_MS, new_fold, record
from tests.fuzz.mutations import Mutator
from tests.unit.redirector.serve.fakes import FakeLinks

MAX_BYTES: Final = 1 << 20
MAX_ITEMS: Final = 5_000
SPARE_S: Final = 0.002
S_A_BYTE: Final = 300e-9
"""CPU that a body may take for each byte that it has, packed or unpacked; most take a fifth of it."""
_TRIES: Final = 4

PACKERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": lambda body: gzip.compress(body, 1),
    "deflate": lambda body: zlib.compress(body, 1),
    "br": lambda body: bytes(brotli.compress(body, quality=1)),
    "zstd": zstd.compress,
}
LINKS: Final = FakeLinks(
    Link(domain="go.example", slug="a", destination="https://example.com/"),
    Link(domain="go.example", slug="a b", destination="https://example.com/"),
    Link(domain="xn--bcher-kva.example", slug="ü", destination="https://example.com/", account="acme"),
)
WRITER: Final = Caller("0000000000000001", "", ("impressions:write",))
_TIMES: Final = DoorTimes.within(max_skew_s=MAX_SKEW_S, max_age_days=MAX_AGE_DAYS)
_CONTEXT: Final = ClaimContext(NOW_MS, "", 10_000)
_ITEMS: Final = [
    b'{"link":"go.example/a","kind":"rendered","count":2}',
    b'{"link":"https://go.example/a%20b?utm_source=x","kind":"viewable"}',
    b'{"domain":"GO.example:8080","slug":"/a","kind":"served","source":"api","time_ms":%d}' % NOW_MS,
    '{"link":"bücher.example/ü","kind":"platform","source":"platform"}'.encode(),
    b'{"link":"go.example/a","kind":"viewable","time_ms":%d}' % (NOW_MS - 89 * DAY_MS),
    b'{"link":"go.example/a","kind":"viewable","time_ms":%d}' % (NOW_MS // 1000),
]
BODIES: Final = [
    *_ITEMS,
    b"[" + b",".join(_ITEMS) + b"]",
    b"\xef\xbb\xbf" + b"\n".join(_ITEMS),
    b"[" + _ITEMS[0] + b"," + b"[" * 1200 + b"]" * 1200 + b"," + _ITEMS[1] + b"]",
    b"[" + b",".join([_ITEMS[0]] * 300) + b"]",
]


def post_bodies(seed: int, count: int) -> None:
    """`count` bodies, packed, cut and wounded: each is items or a refusal, within its budget of CPU."""
    rng, mutator = random.Random(seed), Mutator(seed, BODIES)
    kept: list[Event] = []
    for number in range(count):
        body, coding = _packed(rng, mutator.line())
        caller = WRITER if rng.random() < 0.7 else ANONYMOUS
        spool = KeyedRequest.of(caller.token_id, str(number), body).spool if rng.random() < 0.5 else ""
        for attempt in range(1, _TRIES + 1):
            began = time.thread_time()
            posted, unpacked = _taken(body, coding, caller, spool)
            spent_s = time.thread_time() - began
            if spent_s <= SPARE_S + S_A_BYTE * (len(body) + unpacked):
                break
            assert attempt < _TRIES, (seed, number, spent_s, coding, body[:200])
        kept += posted.accepted
    _count(kept, seed)


def _packed(rng: random.Random, body: bytes) -> tuple[bytes, str]:
    coding = rng.choice(("", "", *CODINGS, "gzip, br", "compress"))
    packer = PACKERS.get(coding)
    if packer is None:
        return body, coding
    packed = bytearray(packer(body))
    fate = rng.random()
    if fate < 0.2:
        del packed[rng.randrange(len(packed)) :]
    elif fate < 0.4:
        packed[rng.randrange(len(packed))] ^= 1 << rng.randrange(8)
    elif fate < 0.5:
        packed += rng.randbytes(rng.randint(1, 9))
    elif fate < 0.55:
        packed *= rng.randint(2, 70)
    elif fate < 0.56:
        packed = bytearray(packer(body * 5_000))
    return bytes(packed), coding


def _taken(body: bytes, coding: str, caller: Caller, spool: str) -> tuple[PostedImpressions, int]:
    """What comes of a body, and how long it was when it was unpacked."""
    unpacked = 0
    try:
        content = decoded(body, coding_of([coding]), MAX_BYTES)
        unpacked = len(content)
        items = split(content, "", MAX_ITEMS)
    except BodyError as error:
        assert error.status in (400, 413, 415)  # noqa: PT017 - any other is a failure
        return PostedImpressions([], []), MAX_BYTES if error.status == 413 else unpacked
    post = PostFacts(
        caller=caller, context=_CONTEXT, times=_TIMES, spool=spool, source=None, request_facts=NO_REQUEST_FACTS
    )
    posted = read_impressions(items, LINKS.get, post)
    assert len(posted.accepted) + len(posted.rejected) == len(items)
    msgspec.json.encode(posted.rejected)
    return posted, unpacked


def _count(kept: list[Event], seed: int) -> None:
    for at_ms in (NOW_MS - SKEW_MARGIN_MS, NOW_MS, NOW_MS + AGE_MARGIN_MS):
        fold = new_fold()
        counted = [
            fold.add(record(kept[at : at + 800], topic=IMPRESSIONS, at_ms=at_ms)) for at in range(0, len(kept), 800)
        ]
        assert sum(tally.dead_letters for tally in counted) == 0, (seed, fold.deltas.poison[:1])
