from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirector.serve.addresses import Addresses
from redirector.serve.request_facts import (
    Observer,
    RequestFacts,
    bare_referrer,
    clean,
    country_of,
    first_language,
    region_of,
)
from redirector.serve.visitors import Visitors
from redirector.visitor_key.day_key import DayKey
from schemas.events import Click
from tests.unit.redirector.serve.mmdb import CITY, write_mmdb

OBSERVER = Observer(
    Visitors(DayKey(day=0, key=bytes(32))),
    Addresses(),
    country_header="CF-IPCountry",
    region_header="X-Region",
    scan_parameter="qr",
)


def seen(query: str = "", /, **headers: str) -> RequestFacts:
    return observed(query, headers, trusted_peer=False)


def behind_proxy(query: str = "", /, **headers: str) -> RequestFacts:
    return observed(query, headers, trusted_peer=True)


def observed(query: str, headers: dict[str, str], *, trusted_peer: bool) -> RequestFacts:
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return OBSERVER.observe(OBSERVER.facts(named), "203.0.113.9", query, 0, trusted_peer=trusted_peer)


def test_an_empty_request_still_has_a_visitor() -> None:
    assert set(seen()) == {"visitor"}
    assert seen()["visitor"] > 0


@pytest.mark.parametrize("header", ["DNT", "dnt", "Sec_GPC"])
def test_who_asks_not_to_be_followed_has_no_number(header: str) -> None:
    assert seen(User_Agent="x", **{header: "1"}) == {"ua": "x"}
    assert seen(User_Agent="x", **{header: "0"})["visitor"] > 0


def test_the_first_purpose_header_wins() -> None:
    assert seen(X_Moz="prefetch")["purpose"] == "prefetch"
    assert seen(X_Moz="a", X_Purpose="b")["purpose"] == "b"
    assert seen(X_Moz="a", X_Purpose="b", Purpose="c")["purpose"] == "c"
    assert seen(X_Moz="a", Purpose="c", Sec_Purpose="prefetch;prerender")["purpose"] == "prefetch;prerender"
    assert seen(Purpose="x" * 100)["purpose"] == "x" * 64


@pytest.mark.parametrize(
    ("referrer", "bare"),
    [
        ("https://a.example/p?q=1#f", "https://a.example/p"),
        ("https://a.example/p#f?q", "https://a.example/p"),
        ("https://a.example/", "https://a.example/"),
        ("?", ""),
        ("https://a.example/" + "x" * 600, "https://a.example/" + "x" * 494),
    ],
)
def test_a_referrer_loses_query_and_fragment(referrer: str, bare: str) -> None:
    assert bare_referrer(referrer) == bare
    assert seen(Referer=referrer).get("referrer", "") == bare


@given(st.binary(max_size=600), st.text(st.characters(max_codepoint=126), max_size=80))
def test_any_header_bytes_and_query_become_a_valid_event(raw: bytes, query: str) -> None:
    text = raw.decode("utf-8", "surrogateescape")
    for query_bytes in (query, f"utm_source={query}", "utm_term=%ff%00%F0%9F&qr"):
        kept = behind_proxy(
            query_bytes,
            User_Agent=text,
            Referer=text,
            Purpose=text,
            Accept_Language=text,
            X_Region=text,
        )
        event = Click(time_ms=0, link="a/b", seq=1, **kept)
        line = msgspec.json.encode(event)
        assert msgspec.json.decode(line, type=Click) == event
        assert b"\n" not in line


def test_utf_8_stays_and_anything_else_is_latin_1() -> None:
    assert clean("grün", 10) == "grün"
    assert clean(b"gr\xfcn".decode("utf-8", "surrogateescape"), 10) == "grün"
    assert clean(b"\xc3\xbc \xff".decode("utf-8", "surrogateescape"), 10) == "Ã¼ ÿ"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("en-GB,en;q=0.5", "en-gb"),
        ("de", "de"),
        (" fr-CH ;q=1, en", "fr-ch"),
        ("zh-Hant-TW", "zh-tw"),
        ("es-419", "es-419"),
        ("de-AT-1996", "de-at"),
        ("sr-Latn", "sr"),
        ("*", ""),
        ("", ""),
        ("x", ""),
        ("abcdefghi", ""),
        ("\xfc", ""),
    ],
)
def test_a_language_is_the_first_that_is_accepted_with_its_region(accepted: str, language: str) -> None:
    assert first_language(accepted) == language
    assert seen(Accept_Language=accepted).get("language", "") == language


def test_a_country_is_believed_of_a_trusted_proxy_alone() -> None:
    geo_headers = {"CF_IPCountry": "de", "X_Region": "be"}
    trusted = behind_proxy(**geo_headers)
    assert (trusted["country"], trusted["region"]) == ("DE", "BE")
    assert "country" not in seen(**geo_headers)
    assert "region" not in behind_proxy(X_Region="be")


def test_what_is_no_country_or_region_is_none() -> None:
    assert [country_of(text) for text in ("de", " US ", "XX", "T1", "DEU", "", "ä", "1a")] == [
        "DE",
        "US",
        *[""] * 6,
    ]
    assert [region_of(text) for text in ("be", "9", "ENG", "ENGL", "", "é")] == ["BE", "9", "ENG", "", "", ""]


def test_campaign_parameters_are_kept_decoded_and_cut_and_the_first_of_each_wins() -> None:
    query = "utm_source=a+b%20c&utm_source=x&utm_medium=&utm_campaign=%C3%BC&utm_term=" + "t" * 129 + "&utm_content"
    assert {name: value for name, value in seen(query).items() if name.startswith("utm_")} == {
        "utm_source": "a b c",
        "utm_campaign": "ü",
        "utm_term": "t" * 128,
    }


@pytest.mark.parametrize(
    ("query", "scan"), [("qr=1", 1), ("a=b&qr", 1), ("qr=", 1), ("qr=0", 0), ("qrx=1", 0), ("", 0)]
)
def test_a_scan_is_told_by_its_parameter(query: str, scan: int) -> None:
    assert seen(query).get("scan", 0) == scan
    unmarked = Observer(Visitors(DayKey(day=0, key=bytes(32))), Addresses())
    assert "scan" not in unmarked.observe(unmarked.facts({}), "a", query or "=1", 0, trusted_peer=False)


def test_what_is_known_of_the_address_is_kept_and_a_trusted_proxy_s_word_goes_before_it(tmp_path: Path) -> None:
    places = write_mmdb(tmp_path / "a.mmdb", {"192.0.2.0/24": CITY["192.0.2.0/25"]})
    (tmp_path / "office.txt").write_text("192.0.2.7\n")
    known = Addresses(places=places, networks={"office": [tmp_path / "office.txt"]})
    observer = Observer(Visitors(DayKey(day=0, key=bytes(32))), known, country_header="CF-IPCountry")

    def of(address: str, *, trusted_peer: bool) -> RequestFacts:
        facts = observer.facts({"dnt": "1", "cf-ipcountry": "FR"})
        return observer.observe(facts, address, "", 0, trusted_peer=trusted_peer)

    assert of("192.0.2.7", trusted_peer=False) == {"country": "DE", "region": "BY", "network": "office"}
    assert of("192.0.2.8", trusted_peer=False) == {"country": "DE", "region": "BY"}
    assert of("192.0.2.7", trusted_peer=True) == {"country": "FR", "region": "", "network": "office"}
    assert of("198.51.100.1", trusted_peer=False) == {}
