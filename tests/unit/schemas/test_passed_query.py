from urllib.parse import parse_qsl, urlsplit

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.destinations import URL_MAX_CHARS, place_of
from schemas.passed_query import PassedQuery


@pytest.mark.parametrize(
    ("destination", "query", "led_to"),
    [
        ("https://example.com/a", "x=1", "https://example.com/a?x=1"),
        ("https://example.com", "x=1", "https://example.com/?x=1"),
        ("https://example.com/a?y=2", "x=1", "https://example.com/a?y=2&x=1"),
        ("https://example.com/a?x=2&y=3", "x=1", "https://example.com/a?y=3&x=1"),
        ("https://example.com/a?x=2&x=3", "x=1&x=4", "https://example.com/a?x=1&x=4"),
        ("https://example.com/a#part", "x=1", "https://example.com/a?x=1#part"),
        ("https://example.com/#/app?y=2", "x=1", "https://example.com/?x=1#/app?y=2"),
        ("https://example.com/a?", "x=1", "https://example.com/a?x=1"),
        ("https://example.com/a", "x=%C3%BC&y=a+b&z=a%20b", "https://example.com/a?x=%C3%BC&y=a+b&z=a%20b"),
        ("https://example.com/a?utm_source=own", "utm%5Fsource=x", "https://example.com/a?utm%5Fsource=x"),
        ("https://example.com/a?flag", "flag&&x", "https://example.com/a?flag&x"),
        ("https://example.com/a?X=1", "x=2", "https://example.com/a?X=1&x=2"),
        (
            "https://example.com/a",
            "url=https://evil.example/?q",
            "https://example.com/a?url=https://evil.example/?q",
        ),
        ("https://example.com", "@evil.example/", "https://example.com/?@evil.example/"),
        ("https://bücher.example/ü", "x=1", "https://xn--bcher-kva.example/%C3%BC?x=1"),
        ("app://open/item?id=1", "id=2", "app://open/item?id=2"),
        ("mailto:a@example.com?subject=x", "bcc=b@example.com", "mailto:a@example.com?subject=x"),
        ("tel:+49301234", "x=1", "tel:+49301234"),
        ("https://example.com/a", "qr=1", "https://example.com/a"),
        ("https://example.com/a", "x=1&qr=1&qr=2", "https://example.com/a?x=1"),
        ("https://example.com/a?qr=own", "qr=1", "https://example.com/a?qr=own"),
        ("https://example.com/a?qr=own", "q%72=1&x=1", "https://example.com/a?qr=own&x=1"),
        ("https://example.com/a?x", "", "https://example.com/a?x"),
        ("https://example.com/a?x", "&", "https://example.com/a?x"),
    ],
)
def test_a_visits_query_goes_on_and_goes_before_the_destinations_own(
    destination: str, query: str, led_to: str
) -> None:
    assert PassedQuery(destination, {}).with_query(query, without="qr") == led_to


@pytest.mark.parametrize(
    ("destination", "query", "led_to"),
    [
        ("https://example.com/a", "", "https://example.com/a?utm_source=news&utm_content=a+%26+b"),
        ("https://example.com", "", "https://example.com/?utm_source=news&utm_content=a+%26+b"),
        (
            "https://example.com/a?utm_source=own&y=1#part",
            "",
            "https://example.com/a?y=1&utm_source=news&utm_content=a+%26+b#part",
        ),
        (
            "https://example.com/a",
            "utm_source=visit",
            "https://example.com/a?utm_content=a+%26+b&utm_source=visit",
        ),
        ("mailto:a@example.com", "utm_source=x", "mailto:a@example.com"),
    ],
)
def test_what_the_link_adds_goes_before_the_destinations_own_and_after_the_visits(
    destination: str, query: str, led_to: str
) -> None:
    added = {"utm_source": "news", "utm_content": "a & b"}
    assert PassedQuery(destination, added).with_query(query) == led_to


def test_without_a_parameter_that_tells_scans_all_go_on() -> None:
    assert PassedQuery("https://example.com/", {}).with_query("=1&x=2") == "https://example.com/?=1&x=2"


def test_a_query_that_makes_the_address_too_long_is_left_behind_as_a_whole() -> None:
    passed = PassedQuery("https://example.com/", {"utm_source": "a"})
    room = URL_MAX_CHARS - len("https://example.com/?utm_source=a&x=")
    fits, too_long = "x=" + "1" * room, "x=" + "1" * (room + 1)
    assert passed.with_query(fits) == f"https://example.com/?utm_source=a&{fits}"
    assert passed.with_query(too_long) == "https://example.com/?utm_source=a"


@pytest.mark.parametrize(
    ("destination", "query", "led_to"),
    [
        ("https://example.com", "", "https://example.com/?utm_source=news&ct=an-id"),
        ("https://example.com/a?ct=own&x=1#f", "", "https://example.com/a?x=1&utm_source=news&ct=an-id#f"),
        (
            "https://example.com/a",
            "ct=visit&y=2&c%74=visit&qr=1",
            "https://example.com/a?utm_source=news&y=2&ct=an-id",
        ),
        ("app://open/item?id=1", "", "app://open/item?id=1&utm_source=news&ct=an-id"),
        ("mailto:a@example.com", "ct=visit", "mailto:a@example.com"),
    ],
)
def test_a_clicks_id_is_last_and_nobody_else_says_it(destination: str, query: str, led_to: str) -> None:
    assert PassedQuery(destination, {"utm_source": "news"}).with_id("ct", "an-id", query, without="qr") == led_to


def test_a_query_too_long_is_left_behind_before_the_id_and_the_id_before_the_destination() -> None:
    passed = PassedQuery("https://example.com/", {})
    room = URL_MAX_CHARS - len("https://example.com/?x=&ct=an-id")
    fits = "x=" + "1" * room
    assert passed.with_id("ct", "an-id", fits) == f"https://example.com/?{fits}&ct=an-id"
    assert passed.with_id("ct", "an-id", fits + "1") == "https://example.com/?ct=an-id"
    full = "https://example.com/" + "a" * (URL_MAX_CHARS - len("https://example.com/"))
    assert PassedQuery(full, {}).with_id("ct", "an-id") == full


@given(
    query=st.text(max_size=80),
    destination=st.sampled_from(
        ["https://example.com", "https://example.com/a?x=1#f", "https://u.example:8443/?a", "http://[::1]/"]
    ),
)
def test_no_query_leads_anywhere_else_or_breaks_a_header(query: str, destination: str) -> None:
    led_to = PassedQuery(destination, {"utm_term": "\r\nSet-Cookie: a=b"}).with_query(query)
    assert led_to.isascii()
    assert led_to.isprintable()
    assert " " not in led_to
    own, url = ada_url.URL(destination), ada_url.URL(led_to)
    assert (url.host, url.pathname, url.hash, url.protocol) == (own.host, own.pathname, own.hash, own.protocol)
    assert place_of(led_to) == place_of(destination)
    told = PassedQuery(destination, {}).with_id("ct", "an-id", query)
    assert parse_qsl(urlsplit(told).query, keep_blank_values=True)[-1] == ("ct", "an-id")
    assert place_of(told) == place_of(destination)


@given(
    visit=st.lists(st.tuples(st.sampled_from("abc"), st.text("xyz", max_size=3)), max_size=5),
    own=st.lists(st.tuples(st.sampled_from("abc"), st.text("xyz", max_size=3)), max_size=5),
)
def test_every_name_has_the_values_of_who_goes_first(
    visit: list[tuple[str, str]], own: list[tuple[str, str]]
) -> None:
    def text(pairs: list[tuple[str, str]]) -> str:
        return "&".join(f"{name}={value}" for name, value in pairs)

    led_to = PassedQuery(f"https://example.com/?{text(own)}", {}).with_query(text(visit))
    pairs = parse_qsl(urlsplit(led_to).query, keep_blank_values=True)
    for name in "abc":
        first = [value for one, value in visit if one == name] or [value for one, value in own if one == name]
        assert [value for one, value in pairs if one == name] == first
