"""Which link a posted snapshot gets, and which snapshots are refused."""

from typing import Any

import pytest

from redirector.serve.access import Caller
from redirector.serve.body_errors import BodyError
from redirector.serve.posted_snapshots import PostedFacts, PostedSnapshots, StatedLinks, take_snapshots
from redirector.serve.snapshot_query import read_envelope, read_query
from schemas.event_times import DoorTimes
from schemas.links import Link, LinkError, NewerLinkError
from schemas.platforms.reading import Complaint, PlacedSnapshot, Reading
from schemas.snapshots import Snapshot
from tests.builders import DAY_MS, NOW_MS
from tests.unit.redirector.serve.fakes import FakeLinks

LINKS = FakeLinks(
    Link(domain="sho.rt", slug="a", destination="https://example.com/"),
    Link(domain="sho.rt", slug="b", destination="https://example.com/"),
    Link(domain="sho.rt", slug="acme", destination="https://example.com/", account="acme"),
)
WRITER = Caller("1", "", ("impressions:write",))
OTHER = Caller("2", "other", ("impressions:write",))
TIMES = DoorTimes.within(max_skew_s=300, max_age_days=730)


def snapshot(**fields: Any) -> Snapshot:
    """A total of a post on X, now."""
    usual = {"observed_ms": NOW_MS, "platform": "x", "post": "19", "series": "impression_count@v2", "total": 5}
    return Snapshot(**{**usual, **fields})


def take(
    *snapshots: Snapshot,
    links: dict[str, str] | None = None,
    default: str = "",
    caller: Caller = WRITER,
    **facts: Any,
) -> PostedSnapshots:
    placed = [PlacedSnapshot(f"data[{index}]", one) for index, one in enumerate(snapshots)]
    stated = StatedLinks("x", links or {}, default)
    posted_facts = PostedFacts(caller=caller, times=TIMES, now_ms=NOW_MS, stated=stated, **facts)
    return take_snapshots(Reading(placed, [Complaint("errors[0]", "gone")]), LINKS.get, posted_facts)


def link_of(*args: Any, **kwargs: Any) -> str:
    (kept,) = take(*args, **kwargs).accepted
    return kept.link


def test_a_link_that_is_said_goes_before_one_that_stands_in_the_post() -> None:
    post = snapshot(urls=("https://sho.rt/a",))
    assert link_of(post) == "sho.rt/a"
    assert link_of(post, default="https://sho.rt/b?utm_source=x") == "sho.rt/b"
    assert link_of(post, links={"19": "sho.rt/b"}) == "sho.rt/b"
    assert link_of(post, links={"https://x.com/me/status/19": "sho.rt/b"}) == "sho.rt/b"
    assert link_of(snapshot(link="sho.rt/a"), default="sho.rt/b") == "sho.rt/a"


def test_the_first_address_of_ours_counts_whatever_the_platform_hung_on_it() -> None:
    urls = ("https://example.com/a", "https://l.facebook.com/l.php?u=https%3A%2F%2Fsho.rt%2Fb%3Ffbclid%3D1", "x")
    assert link_of(snapshot(urls=(*urls, "https://sho.rt/a"))) == "sho.rt/b"


def test_a_post_without_a_link_of_ours_is_kept_and_named() -> None:
    posted = take(snapshot(urls=("https://example.com/",)))
    assert [one.link for one in posted.accepted] == [""]
    assert [(one.place, one.post) for one in posted.unmatched] == [("data[0]", "19")]


def test_a_link_that_does_not_exist_is_told_and_its_neighbours_are_kept() -> None:
    posted = take(snapshot(post="1"), snapshot(post="2"), links={"1": "sho.rt/nowhere", "2": "sho.rt/a"})
    assert [one.post for one in posted.accepted] == ["2"]
    assert [(one.place, one.error.partition(":")[0]) for one in posted.rejected] == [
        ("errors[0]", "gone"),
        ("data[0]", "there is no link 'sho.rt/nowhere'"),
    ]
    assert posted.refused == 1


def test_a_token_of_an_account_says_nothing_of_anothers_links() -> None:
    posted = take(snapshot(), default="sho.rt/acme", caller=OTHER)
    assert posted.accepted == []
    assert "another account" in posted.rejected[-1].error
    assert link_of(snapshot(), default="sho.rt/acme") == "sho.rt/acme"


def test_a_link_said_of_a_post_that_is_not_in_the_payload_is_told() -> None:
    assert take(snapshot(), links={"20": "sho.rt/a"}).rejected[-1].place == "links['20']"


def test_what_is_no_links_name_is_refused_before_anything_is_kept() -> None:
    with pytest.raises(LinkError):
        StatedLinks("x", {"19": "nothing"})
    with pytest.raises(LinkError):
        StatedLinks("x", {}, "nothing")


def test_a_link_of_a_newer_release_is_not_guessed_at() -> None:
    links = FakeLinks()
    links.newer.add("sho.rt/a")
    facts = PostedFacts(caller=WRITER, times=TIMES, now_ms=NOW_MS, stated=StatedLinks("x", {}))
    with pytest.raises(NewerLinkError):
        take_snapshots(Reading([PlacedSnapshot("", snapshot(urls=("https://sho.rt/a",)))], []), links.get, facts)


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({"observed_ms": NOW_MS + 240_000}, True),
        ({"observed_ms": NOW_MS + 240_001}, False),
        ({"observed_ms": NOW_MS - 729 * DAY_MS}, True),
        ({"observed_ms": NOW_MS - 729 * DAY_MS - 1}, False),
        ({"observed_ms": NOW_MS // 1000}, False),
        ({"start_ms": NOW_MS - DAY_MS, "end_ms": NOW_MS + DAY_MS}, True),
        ({"start_ms": NOW_MS - 999 * DAY_MS, "end_ms": NOW_MS - 729 * DAY_MS}, True),
        ({"start_ms": NOW_MS - 999 * DAY_MS, "end_ms": NOW_MS - 729 * DAY_MS - 1}, False),
        ({"start_ms": NOW_MS + 240_000, "end_ms": NOW_MS + DAY_MS}, True),
        ({"start_ms": NOW_MS + 241_000, "end_ms": NOW_MS + DAY_MS}, False),
        ({"start_ms": NOW_MS - DAY_MS + 1, "end_ms": NOW_MS}, False),
    ],
)
def test_times_are_taken_as_far_as_they_can_be_counted(fields: dict[str, int], taken: bool) -> None:
    assert len(take(snapshot(**fields)).accepted) == taken


def test_under_a_key_a_snapshot_is_its_place_in_the_payload() -> None:
    posted = take(snapshot(post="1"), snapshot(post="2"), spool="k1")
    assert [(one.spool, one.seq) for one in posted.accepted] == [("k1", 1), ("k1", 2)]


def test_a_body_is_the_payload_or_holds_it_in_an_envelope() -> None:
    assert bytes(read_envelope(b'\xef\xbb\xbf {"data":[]}\n').payload) == b'{"data":[]}'
    assert bytes(read_envelope(b"[1]").payload) == b"[1]"
    posted = read_envelope(b'{"links":{"19":"sho.rt/a"},"payload": {"data":[]} }')
    assert (bytes(posted.payload), posted.links) == (b'{"data":[]}', {"19": "sho.rt/a"})


@pytest.mark.parametrize(
    "body", [b"", b" \n", b"\xff\xfe{\x00", b'{"payload":{},"link":"a"}', b'{"payload":{},"links":[]}']
)
def test_a_body_that_is_neither_is_refused(body: bytes) -> None:
    with pytest.raises(BodyError):
        read_envelope(body)


def test_the_query_says_what_the_payload_does_not() -> None:
    query = {
        "observed_at": "2026-09-21T14:14:30Z",
        "time_zone": "Europe/Berlin",
        "version": "v25.0",
        "posts": "a,b,",
        "granularity": "daily",
    }
    unsaid = read_query(query, WRITER, NOW_MS)
    assert (unsaid.observed_ms, str(unsaid.zone), unsaid.version) == (NOW_MS, "Europe/Berlin", "v25.0")
    assert (unsaid.posts, unsaid.granularity, unsaid.source) == (("a", "b"), "daily", "api")
    assert read_query({"observed_at": str(NOW_MS)}, WRITER, 0).observed_ms == NOW_MS
    assert read_query({}, WRITER, NOW_MS).observed_ms == NOW_MS


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"observedat": "1"}, 400),
        ({"observed_at": "yesterday"}, 400),
        ({"time_zone": "Mars/Olympus"}, 400),
        ({"time_zone": "../../etc/passwd"}, 400),
        ({"version": "v" * 257}, 400),
        ({"posts": ",".join("a" * 1001)}, 413),
        ({"account": "acme"}, 403),
    ],
)
def test_what_cannot_be_meant_is_refused(query: dict[str, str], status: int) -> None:
    with pytest.raises(BodyError) as refused:
        read_query(query, OTHER, NOW_MS)
    assert refused.value.status == status


def test_a_token_of_an_account_speaks_for_it_without_saying_so() -> None:
    assert read_query({}, OTHER, NOW_MS).account == "other"
    assert read_query({"account": "other"}, OTHER, NOW_MS).account == "other"
    assert read_query({"account": "acme"}, WRITER, NOW_MS).account == "acme"
