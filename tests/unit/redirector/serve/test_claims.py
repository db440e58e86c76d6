"""Without a token one can say what a display can say: one impression, now. With one, what its account allows."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirector.serve.access import ANONYMOUS, Caller
from redirector.serve.claims import Claim, ClaimContext, source_of, time_of, why_not
from schemas.events import IMPRESSION_KINDS, IMPRESSION_SOURCES
from schemas.links import Link

NOW_MS = 1_800_000_000_000
LINK = Link(domain="go.example", slug="x", destination="https://b.example/")
ACME = Link(domain="go.example", slug="y", destination="https://b.example/", account="acme")
PAGES = Link(
    domain="go.example",
    slug="z",
    destination="https://b.example/",
    origins=("https://www.example.com", "https://shop.example:8443"),
)
WRITER = Caller("0" * 16, "", ("impressions:write",))
SHOWN = Claim(None, "viewable", 1, None)


def context(origin: str = "") -> ClaimContext:
    return ClaimContext(NOW_MS, origin, skew_ms=5000)


def anonymous(link: Link = LINK, origin: str = "", **changes: object) -> str:
    return why_not(msgspec.structs.replace(SHOWN, **changes), ANONYMOUS, link, context(origin))


@pytest.mark.parametrize("kind", ["rendered", "viewable"])
@pytest.mark.parametrize("source", [None, "beacon"])
def test_anybody_may_say_that_one_was_displayed(kind: str, source: str | None) -> None:
    assert anonymous(kind=kind, source=source) == ""


@pytest.mark.parametrize("source", ["api", "platform", "pixel"])
def test_no_other_source_without_a_token(source: str) -> None:
    assert f"not {source}" in anonymous(source=source)


@pytest.mark.parametrize("kind", ["served", "platform"])
def test_no_other_kind_without_a_token(kind: str) -> None:
    assert f"not {kind}" in anonymous(kind=kind)


@pytest.mark.parametrize("count", [2, 10**9, 0, -1])
def test_no_other_count_without_a_token(count: int) -> None:
    assert f"not {count}" in anonymous(count=count)


@pytest.mark.parametrize(
    ("distance_ms", "allowed"), [(-5001, False), (-5000, True), (0, True), (5000, True), (5001, False)]
)
def test_no_other_time_than_now_without_a_token(distance_ms: int, allowed: bool) -> None:
    assert (anonymous(time_ms=NOW_MS + distance_ms) == "") is allowed


def test_what_is_said_without_a_token_counts_now_whatever_time_was_said() -> None:
    backdated = msgspec.structs.replace(SHOWN, time_ms=NOW_MS - 5000)
    assert time_of(backdated, ANONYMOUS, NOW_MS) == NOW_MS
    assert time_of(backdated, WRITER, NOW_MS) == NOW_MS - 5000
    assert time_of(SHOWN, WRITER, NOW_MS) == NOW_MS


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://www.example.com", True),
        ("https://shop.example:8443", True),
        ("http://www.example.com", False),
        ("https://www.example.com:8443", False),
        ("https://www.example.com.evil.example", False),
        ("https://evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_a_link_that_names_its_pages_takes_beacons_from_no_other(origin: str, allowed: bool) -> None:
    assert (anonymous(PAGES, origin) == "") is allowed
    assert why_not(SHOWN, WRITER, PAGES, context(origin)) == ""


def test_a_link_that_names_no_pages_takes_beacons_from_all() -> None:
    assert anonymous(LINK, "https://anywhere.example") == anonymous(LINK) == ""


def test_a_token_of_an_account_speaks_for_the_links_of_that_account_alone() -> None:
    acme = Caller("0" * 16, "acme", ("impressions:write",))
    assert why_not(SHOWN, acme, ACME, context()) == ""
    assert "another account" in why_not(SHOWN, acme, LINK, context())
    assert why_not(SHOWN, WRITER, ACME, context()) == ""
    assert anonymous(ACME) == ""


def test_the_source_is_a_beacon_without_a_token_and_the_api_with_one_unless_it_is_said() -> None:
    assert (source_of(SHOWN, ANONYMOUS), source_of(SHOWN, WRITER)) == ("beacon", "api")
    assert source_of(msgspec.structs.replace(SHOWN, source="platform"), WRITER) == "platform"


@given(
    st.builds(
        Claim,
        st.sampled_from([None, *IMPRESSION_SOURCES]),
        st.sampled_from(IMPRESSION_KINDS),
        st.integers(1, 10**9),
        st.none() | st.integers(0, 2**53),
    ),
    st.sampled_from(["", "https://www.example.com", "https://evil.example"]),
    st.sampled_from([LINK, ACME, PAGES]),
)
def test_whatever_passes_without_a_token_is_one_display_of_now(claim: Claim, origin: str, link: Link) -> None:
    if why_not(claim, ANONYMOUS, link, context(origin)) == "":
        assert (source_of(claim, ANONYMOUS), claim.count) == ("beacon", 1)
        assert claim.kind in {"rendered", "viewable"}
        assert time_of(claim, ANONYMOUS, NOW_MS) == NOW_MS
        assert not link.origins or origin in link.origins
