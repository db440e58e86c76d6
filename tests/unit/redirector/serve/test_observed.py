import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from redirector.serve.observed import bare_referrer, clean, observe
from redirector.serve.visitors import Visitors
from schemas.events import Click

VISITORS = Visitors(b"secret")


def seen(**headers: str) -> tuple[int, str, str, str]:
    named = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return observe(named, "203.0.113.9", 0, VISITORS)


def test_an_empty_request_still_has_a_visitor() -> None:
    visitor, *rest = seen()
    assert visitor > 0
    assert rest == ["", "", ""]


@pytest.mark.parametrize("header", ["DNT", "dnt", "Sec_GPC"])
def test_who_asks_not_to_be_followed_has_no_number(header: str) -> None:
    assert seen(User_Agent="x", **{header: "1"})[:2] == (0, "x")
    assert seen(User_Agent="x", **{header: "0"})[0] > 0


def test_the_first_purpose_header_wins() -> None:
    assert seen(X_Moz="prefetch")[3] == "prefetch"
    assert seen(X_Moz="a", X_Purpose="b")[3] == "b"
    assert seen(X_Moz="a", X_Purpose="b", Purpose="c")[3] == "c"
    assert seen(X_Moz="a", Purpose="c", Sec_Purpose="prefetch;prerender")[3] == "prefetch;prerender"
    assert seen(Purpose="x" * 100)[3] == "x" * 64


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


@given(st.binary(max_size=600))
def test_any_header_bytes_become_a_valid_event(raw: bytes) -> None:
    text = raw.decode("utf-8", "surrogateescape")
    visitor, ua, referrer, purpose = seen(User_Agent=text, Referer=text, Purpose=text)
    line = msgspec.json.encode(
        Click(time_ms=0, link="a/b", seq=1, visitor=visitor, ua=ua, referrer=referrer, purpose=purpose)
    )
    assert msgspec.json.decode(line, type=Click).ua == ua
    assert b"\n" not in line


def test_utf_8_stays_and_anything_else_is_latin_1() -> None:
    assert clean("grün", 10) == "grün"
    assert clean(b"gr\xfcn".decode("utf-8", "surrogateescape"), 10) == "grün"
    assert clean(b"\xc3\xbc \xff".decode("utf-8", "surrogateescape"), 10) == "Ã¼ ÿ"
