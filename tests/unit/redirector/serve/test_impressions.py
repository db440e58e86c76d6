import json
from typing import Any

import msgspec
import pytest

from redirector.serve.access import Caller
from redirector.serve.claims import ClaimContext
from redirector.serve.impressions import PostedImpressions, PostFacts, read_impressions
from redirector.serve.items import split
from redirector.serve.request_facts import NO_REQUEST_FACTS, RequestFacts
from schemas.event_times import MAX_AGE_DAYS, MAX_SKEW_S, DoorTimes
from schemas.links import Link
from tests.builders import DAY_MS, NOW_MS
from tests.unit.redirector.serve.fakes import FakeLinks

LINKS = FakeLinks(
    Link(domain="go.example", slug="launch", destination="https://example.com/"),
    Link(domain="go.example", slug="", destination="https://example.com/"),
    Link(domain="go.example", slug="a b", destination="https://example.com/"),
)
CALLER = Caller("0123456789abcdef", "", ("impressions:write",))
NOW = ClaimContext(NOW_MS, "", 0)
TIMES = DoorTimes.within(max_skew_s=MAX_SKEW_S, max_age_days=MAX_AGE_DAYS)
POST = PostFacts(CALLER, NOW, TIMES, "", None, NO_REQUEST_FACTS)
GOOD = {"link": "go.example/launch", "kind": "rendered"}


def read(
    *items: Any, spool: str = "", source: Any = None, request_facts: Any = NO_REQUEST_FACTS
) -> PostedImpressions:
    encoded = [json.dumps(item).encode() for item in items]
    return read_impressions(encoded, LINKS.get, PostFacts(CALLER, NOW, TIMES, spool, source, request_facts))


def test_an_item_gets_what_it_leaves_out() -> None:
    (event,), rejected = read(GOOD)
    assert rejected == []
    assert (event.time_ms, event.source, event.count, event.seq, event.spool) == (NOW_MS, "api", 1, 0, "")


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"kind": "rendered"}, "names no link"),
        ({**GOOD, "slug": "launch"}, "twice"),
        ({"domain": "go.example", "kind": "rendered"}, "names no link"),
        ({**GOOD, "link": "go.example"}, "slash"),
        ({**GOOD, "link": "go.example/nope"}, "no link 'go.example/nope'"),
        ({**GOOD, "link": "a b/x"}, "character"),
        ({**GOOD, "kind": "seen"}, "kind"),
        ({**GOOD, "count": 0}, "count"),
        ({**GOOD, "cuont": 3}, "cuont"),
        ({**GOOD, "time_ms": -1}, "time_ms"),
        ({**GOOD, "link": "ftp://go.example/launch"}, "https URL"),
        ({**GOOD, "link": "go.example/launch?a=b"}, "%3F"),
        ({"domain": "go.example", "slug": "a?b", "kind": "rendered"}, "%3F"),
        ({**GOOD, "source": "tv"}, "source"),
        ([], "object"),
        (None, "object"),
    ],
)
def test_a_bad_item_is_told_what_is_wrong_and_the_others_count(item: Any, reason: str) -> None:
    accepted, (rejected,) = read(GOOD, item, GOOD)
    assert len(accepted) == 2
    assert rejected.index == 1
    assert reason in rejected.error


def test_an_item_that_is_not_utf_8_is_rejected_alone() -> None:
    items = split(b'[{"link": "go.example/\xff", "kind": "rendered"}, {"kind": 1}]', "", 10)
    posted = read_impressions(items, LINKS.get, POST)
    assert [one.index for one in posted.rejected] == [0, 1]
    assert "UTF-8" in posted.rejected[0].error


def test_a_rejection_is_text_whatever_a_link_is_called() -> None:
    posted = read_impressions([b'{"link": "go.example/\\ud800", "kind": "rendered"}'], LINKS.get, POST)
    assert msgspec.json.decode(msgspec.json.encode(posted.rejected))[0]["index"] == 0


@pytest.mark.parametrize(
    ("time_ms", "reason"),
    [
        (NOW_MS // 1000, "looks like seconds: multiply by 1000"),
        (NOW_MS * 1000, "looks like microseconds: divide by 1000"),
        (NOW_MS * 1_000_000, "looks like nanoseconds: divide by 1000000"),
        (2**53 - 1, "in the future"),
        (2**53, "in the future"),
        (NOW_MS + 600_000, "600 s in the future, at most 240 s"),
        (NOW_MS - 901 * DAY_MS // 10, "90.1 days old, at most 89.0 days"),
        (-1, "days old"),
    ],
)
def test_a_time_that_the_stream_would_refuse_is_refused_at_the_door_alone(time_ms: int, reason: str) -> None:
    accepted, (rejected,) = read(GOOD, {**GOOD, "time_ms": time_ms}, {**GOOD, "time_ms": NOW_MS - DAY_MS})
    assert len(accepted) == 2
    assert rejected.index == 1
    assert reason in rejected.error


@pytest.mark.parametrize(
    "item",
    [
        {"link": "https://go.example/a%20b?utm_source=x"},
        {"link": "GO.example:443/a%20b"},
        {"domain": "go.example", "slug": "/a%20b"},
        {"domain": "GO.example.", "slug": "a b"},
    ],
)
def test_a_link_is_named_as_an_import_file_names_it_or_by_its_address(item: dict[str, str]) -> None:
    (event,), _ = read({**item, "kind": "rendered"})
    assert event.link == "go.example/a b"


def test_a_domain_is_read_as_a_host_is() -> None:
    accepted, _ = read({"domain": "GO.Example:8080", "slug": "", "kind": "rendered"})
    assert accepted[0].link == "go.example/"


def test_only_a_beacon_is_its_own_witness() -> None:
    witness: RequestFacts = {"visitor": 7, "ua": "Mozilla", "referrer": "https://a.example/", "country": "DE"}
    (beacon, api), _ = read({**GOOD, "source": "beacon"}, GOOD, request_facts=witness)
    assert (beacon.visitor, beacon.ua, beacon.referrer, beacon.country) == tuple(witness.values())
    assert (api.visitor, api.ua, api.referrer, api.country) == (0, "", "", "")
    assert read({**GOOD, "source": "api"}, source="beacon").accepted[0].source == "beacon"


def test_under_a_key_an_event_is_known_by_its_position() -> None:
    accepted, _ = read(GOOD, {}, GOOD, spool="k1")
    assert [(event.spool, event.seq) for event in accepted] == [("k1", 1), ("k1", 3)]
