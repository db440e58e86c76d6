"""The door for platforms' totals: wounded answers of every platform, in an envelope and without, under keys or not.

What is accepted can travel: it is what its type says, and the relay knows where to send it.
"""

import random
from typing import Final

import msgspec

from redirector.serve.access import Caller
from redirector.serve.body_errors import BodyError
from redirector.serve.posted_snapshots import PostedFacts, StatedLinks, take_snapshots
from redirector.serve.snapshot_query import read_envelope, read_query
from schemas import snapshot_times
from schemas.event_times import AGE_MARGIN_MS, MAX_SKEW_S, SKEW_MARGIN_MS, SNAPSHOT_MAX_AGE_DAYS, DoorTimes
from schemas.events import Routing
from schemas.links import Link, LinkError
from schemas.platforms.known import READERS
from schemas.platforms.reading import PayloadError
from schemas.snapshots import Snapshot
from tests.builders import NOW_MS
from tests.fuzz.mutations import Mutator
from tests.unit.redirector.serve.fakes import FakeLinks
from tests.unit.schemas.platforms.payloads import PAYLOADS

_LINKS: Final = FakeLinks(
    *(Link(domain="sho.rt", slug=slug, destination="https://example.com/") for slug in ("x1", "f1", "g1", "y1")),
    Link(domain="sho.rt", slug="t1", destination="https://example.com/", account="acme"),
)
_CALLERS: Final = (Caller("1", "", ("impressions:write",)), Caller("2", "other", ("impressions:write",)))
_TIMES: Final = DoorTimes.within(max_skew_s=MAX_SKEW_S, max_age_days=SNAPSHOT_MAX_AGE_DAYS)
_BODIES: Final = {
    platform: [msgspec.json.encode(payload) for name, payload in PAYLOADS if name == platform]
    for platform in READERS
}
_QUERIES: Final[tuple[dict[str, str], ...]] = (
    {},
    {"time_zone": "Europe/Berlin", "post": "1", "granularity": "daily", "version": "v25.0"},
    {"posts": "urn:li:share:1,urn:li:share:222", "observed_at": str(NOW_MS - 1000)},
)


def post_snapshots(seed: int, count: int) -> None:
    """`count` bodies: each is snapshots and reasons, or a refusal."""
    rng = random.Random(seed)
    mutators = {platform: Mutator(seed, bodies) for platform, bodies in _BODIES.items()}
    for number in range(count):
        platform = rng.choice(sorted(READERS))
        body = mutators[platform].line()
        if rng.random() < 0.3:
            body = b'{"links":{"19":"sho.rt/x1","111_222":"sho.rt/nowhere"},"payload":' + body + b"}"
        caller = rng.choice(_CALLERS)
        try:
            unsaid = read_query(rng.choice(_QUERIES), caller, NOW_MS)
            posted = read_envelope(body)
            reading = READERS[platform](posted.payload, unsaid)
            stated = StatedLinks(platform, posted.links)
        except (BodyError, PayloadError, LinkError) as error:
            assert str(error), (seed, number)  # noqa: PT017 - any other is a failure
            continue
        spool = f"k{number}" if rng.random() < 0.5 else ""
        facts = PostedFacts(caller=caller, times=_TIMES, now_ms=NOW_MS, stated=stated, spool=spool)
        taken = take_snapshots(reading, _LINKS.get, facts)
        assert len(taken.accepted) + taken.refused == len(reading.placed), (seed, number)
        msgspec.json.encode((taken.unmatched, taken.rejected))
        for snapshot in taken.accepted:
            for at_ms in (NOW_MS - SKEW_MARGIN_MS, NOW_MS, NOW_MS + AGE_MARGIN_MS):
                assert snapshot_times.snapshot_fault(snapshot, at_ms) is None, (seed, number, snapshot)
            line = msgspec.json.encode(snapshot)
            assert msgspec.json.decode(line, type=Snapshot) == snapshot, (seed, number, line)
            assert msgspec.json.decode(line, type=Routing).key == snapshot.key, (seed, number, line)
