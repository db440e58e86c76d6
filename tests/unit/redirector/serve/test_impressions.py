import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirector.serve import impressions
from redirector.serve.access import Caller
from redirector.serve.body_errors import BodyError
from redirector.serve.impressions import Circumstances, Read
from redirector.serve.observed import NOTHING, Observed
from redirector.serve.sayings import Situation
from schemas.links import Link
from tests.unit.redirector.serve.fakes import FakeLinks

LINKS = FakeLinks(
    Link(domain="go.example", slug="launch", destination="https://example.com/"),
    Link(domain="go.example", slug="", destination="https://example.com/"),
)
CALLER = Caller("0123456789abcdef", "", ("impressions:write",))
NOW = Situation(1000, "", 0)
GOOD = {"link": "go.example/launch", "kind": "rendered"}


def read(*items: Any, spool: str = "", source: Any = None, observed: Any = NOTHING) -> Read:
    encoded = [json.dumps(item).encode() for item in items]
    return impressions.read(encoded, LINKS.get, Circumstances(CALLER, NOW, spool, source, observed))


@pytest.mark.parametrize(
    ("body", "content_type", "count"),
    [
        (b'[{"a":1},{"a":2}]', "application/json", 2),
        (b"[]", "", 0),
        (b' {"a":1}\n', "text/plain", 1),
        (b'{"a":\n1}', "application/json", 1),
        (b'{"a":1}\n{"a":2}\n', "application/json", 2),
        (b'{"a":1}\r\n\r\n{"a":2}', "application/x-ndjson", 2),
        (b'{"a":1}\nbroken', "application/x-ndjson", 2),
    ],
)
def test_a_body_is_an_array_or_lines_or_one_object(body: bytes, content_type: str, count: int) -> None:
    assert len(impressions.split(body, content_type, 10)) == count


@pytest.mark.parametrize("body", [b"", b"  ", b"hello", b"[1,", b"[1]]", b"a=b&c=d", b"\xff\xfe"])
def test_what_is_no_json_at_all_is_refused(body: bytes) -> None:
    with pytest.raises(BodyError) as refusal:
        impressions.split(body, "", 10)
    assert refusal.value.status == 400


@given(st.binary(max_size=200))
def test_any_body_is_items_or_a_refusal(body: bytes) -> None:
    try:
        items = impressions.split(body, "", 10)
    except BodyError:
        return
    found = impressions.read(items, LINKS.get, Circumstances(CALLER, NOW, "", None, NOTHING))
    msgspec.json.encode(found.rejected)
    assert len(found.accepted) + len(found.rejected) == len(items)


def test_more_items_than_allowed_are_413() -> None:
    with pytest.raises(BodyError, match="at most 2") as refusal:
        impressions.split(b"[1,2,3]", "", 2)
    assert refusal.value.status == 413


def test_an_item_gets_what_it_leaves_out() -> None:
    (event,), rejected = read(GOOD)
    assert rejected == []
    assert (event.time_ms, event.source, event.count, event.seq, event.spool) == (1000, "api", 1, 0, "")


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"kind": "rendered"}, "names no link"),
        ({**GOOD, "slug": "launch"}, "twice"),
        ({"domain": "go.example", "kind": "rendered"}, "names no link"),
        ({**GOOD, "link": "go.example"}, "slash"),
        ({**GOOD, "link": "go.example/nope"}, "no link go.example/nope"),
        ({**GOOD, "link": "a b/x"}, "character"),
        ({**GOOD, "kind": "seen"}, "kind"),
        ({**GOOD, "count": 0}, "count"),
        ({**GOOD, "cuont": 3}, "cuont"),
        ({**GOOD, "time_ms": -1}, "time_ms"),
        ({**GOOD, "source": "tv"}, "source"),
        ([], "object"),
        (None, "object"),
    ],
)
def test_a_bad_item_is_told_what_is_wrong_and_the_others_count(item: Any, told: str) -> None:
    accepted, (rejected,) = read(GOOD, item, GOOD)
    assert len(accepted) == 2
    assert rejected.index == 1
    assert told in rejected.error


def test_an_item_that_is_not_utf_8_is_rejected_alone() -> None:
    items = impressions.split(b'[{"link": "go.example/\xff", "kind": "rendered"}, {"kind": 1}]', "", 10)
    found = impressions.read(items, LINKS.get, Circumstances(CALLER, NOW, "", None, NOTHING))
    assert [one.index for one in found.rejected] == [0, 1]
    assert "UTF-8" in found.rejected[0].error


def test_a_domain_is_read_as_a_host_is() -> None:
    accepted, _ = read({"domain": "GO.Example:8080", "slug": "", "kind": "rendered"})
    assert accepted[0].link == "go.example/"


def test_only_a_beacon_is_its_own_witness() -> None:
    witness: Observed = {"visitor": 7, "ua": "Mozilla", "referrer": "https://a.example/", "country": "DE"}
    (beacon, api), _ = read({**GOOD, "source": "beacon"}, GOOD, observed=witness)
    assert (beacon.visitor, beacon.ua, beacon.referrer, beacon.country) == tuple(witness.values())
    assert (api.visitor, api.ua, api.referrer, api.country) == (0, "", "", "")
    assert read({**GOOD, "source": "api"}, source="beacon").accepted[0].source == "beacon"


def test_a_key_makes_an_identity_of_key_and_position() -> None:
    spool = impressions.spool_of_key("/v1/impressions", "order-1")
    accepted, _ = read(GOOD, {}, GOOD, spool=spool)
    assert [(event.spool, event.seq) for event in accepted] == [(spool, 1), (spool, 3)]
    assert len(spool) == 33
    assert spool != impressions.spool_of_key("/v1/impressions", "order-2")
    assert spool != impressions.spool_of_key("/v2/impressions", "order-1")


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_has_a_length(key: str) -> None:
    with pytest.raises(BodyError, match="1 to 255"):
        impressions.spool_of_key("/v1/impressions", key)
