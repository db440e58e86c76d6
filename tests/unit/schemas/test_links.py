from typing import Any

import msgspec
import pytest

from schemas.links import (
    LINK_VERSION,
    ORIGINS_MAX,
    RULES_MAX_BYTES,
    TAGS_MAX,
    Link,
    LinkError,
    NewerLinkError,
    Rules,
    check_link,
    form_of,
    read_domain,
    read_link,
    read_origin,
    slug_of_path,
)
from schemas.rules import RULES_VERSION

LINK = Link(domain="go.example", slug="a", destination="https://example.com/")


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ("go.example", "go.example"),
        (" GO.Example ", "go.example"),
        ("go.example.", "go.example"),
        ("go.example:8080", "go.example"),
        ("go.example.:443", "go.example"),
        ("localhost", "localhost"),
        ("192.0.2.7:80", "192.0.2.7"),
        ("[2001:DB8::1]:8080", "[2001:db8::1]"),
        ("[::1]", "[::1]"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example:81", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("faß.example", "xn--fa-hia.example"),
    ],
)
def test_a_host_has_one_form_however_it_is_written(written: str, domain: str) -> None:
    assert read_domain(written) == domain
    assert read_domain(domain) == domain


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        ".",
        ":80",
        "[::1",
        "go example",
        "go.example/a",
        "https://go.example",
        "user@go.example",
        "a?b",
        "\x00",
        "2001:db8::1",
        "go.example:http",
        "go.example:\uff18\uff10",
        "-ü.example",
        "ü..example",
    ],
)
def test_what_no_host_can_be_is_refused_with_a_reason(written: str) -> None:
    with pytest.raises(LinkError, match="domain"):
        read_domain(written)


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("/", ""),
        ("/a", "a"),
        ("/a/b", "a/b"),
        ("/a?x=1", "a"),
        ("/a%20b?x=%20", "a b"),
        ("/%C3%BC", "ü"),
        ("/ü", "ü"),
        ("//a", "/a"),
        ("/a%2Fb", "a/b"),
        ("/a%3Fb", "a?b"),
        ("/a+b", "a+b"),
        ("/100%", "100%"),
        ("/%zz", "%zz"),
        ("/%FF", "%FF"),
        ("/%2541", "%41"),
    ],
)
def test_a_path_is_resolved_once(path: str, slug: str) -> None:
    assert slug_of_path(path) == slug


def test_paths_that_are_not_utf_8_do_not_fall_together() -> None:
    assert len({slug_of_path(path) for path in ("/%FF", "/%FE", "/\ufffd")}) == 3


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"slug": "healthz"}, "answers itself"),
        ({"slug": "readyz"}, "answers itself"),
        ({"slug": "i/a.gif"}, "answers itself"),
        ({"slug": "v1/impressions"}, "answers itself"),
        ({"slug": "ü" * 251}, "512 bytes|513 bytes"),
        ({"slug": "a\nb"}, "control character"),
        ({"slug": "a\x7f"}, "control character"),
        ({"destination": "example.com"}, "no absolute URL"),
        ({"destination": "//example.com"}, "no absolute URL"),
        ({"destination": "https:"}, "no absolute URL"),
        ({"destination": "1https://example.com"}, "no absolute URL"),
        ({"destination": "javascript:alert(1)"}, "script"),
        ({"destination": "JavaScript:alert(1)"}, "script"),
        ({"destination": "data:text/html,x"}, "script"),
        ({"destination": "https://example.com/a b"}, "percent-encode"),
        ({"destination": "https://example.com/\r\nSet-Cookie: a=b"}, "percent-encode"),
        ({"post_url": "x.com/1"}, "post_url .* no absolute URL"),
        ({"post_url": "javascript:alert(1)"}, "script"),
        ({"tags": ("a", "b", "a")}, "twice"),
        ({"origins": ("https://a.example/",)}, "host"),
        ({"origins": ("https://A.example",)}, "write https://a.example"),
        ({"v": 2}, "without rules: it is 1"),
        ({"rules": Rules(v=1, compiled={})}, "with rules: it is 2"),
        ({"rules": Rules(v=1, compiled={"a": "x" * (RULES_MAX_BYTES - 26)}), "v": 2}, "make them fewer"),
        ({"rules": Rules(v=1, compiled={"a": "x" * (RULES_MAX_BYTES - 27)}), "v": 2}, "form of version 1"),
        (
            {"rules": Rules(v=1, compiled={"expired_destination": "data:,x"}), "v": 2},
            "expired_destination .*script",
        ),
    ],
)
def test_a_link_that_could_never_be_served_is_refused_with_a_reason(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(LinkError, match=why):
        check_link(msgspec.structs.replace(LINK, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"slug": ""},
        {"slug": "i"},
        {"slug": "v1"},
        {"slug": "v10/a"},
        {"slug": "healthz/"},
        {"slug": "ü" * 250},
        {"destination": "myapp://open?x=1"},
        {"destination": "mailto:a@example.com"},
        {"destination": "https://example.com/ü"},
        {"post_url": "https://x.com/acme/status/1", "tags": ("a", "b"), "origins": ("https://a.example:8443",)},
        {"rules": Rules(v=1, compiled={}), "v": 2},
        {"rules": Rules(v=1, compiled={"expired_destination": "https://example.com/over"}), "v": 2},
    ],
)
def test_a_link_that_can_be_served_passes(changes: dict[str, Any]) -> None:
    check_link(msgspec.structs.replace(LINK, **changes))


def test_a_link_is_named_by_domain_and_slug() -> None:
    assert (LINK.key, msgspec.structs.replace(LINK, slug="").key) == ("go.example/a", "go.example/")


def test_a_status_that_is_no_redirect_cannot_be_written() -> None:
    with pytest.raises(msgspec.ValidationError, match="status"):
        msgspec.convert({"domain": "a", "slug": "b", "destination": "c:d", "status": 200}, Link)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tags": ["t"] * (TAGS_MAX + 1)}, "tags"),
        ({"tags": [""]}, "tags"),
        ({"tags": ["t" * 65]}, "tags"),
        ({"origins": ["https://a"] * (ORIGINS_MAX + 1)}, "origins"),
        ({"impressions": "seen"}, "impressions"),
        ({"aim": "fame"}, "aim"),
        ({"title": "t" * 513}, "title"),
        ({"account": "a" * 257}, "account"),
        ({"post_url": "h" * 8193}, "post_url"),
        ({"click_id_parameter": "ct click"}, "click_id_parameter"),
        ({"click_id_parameter": "ct\n"}, "click_id_parameter"),
        ({"click_id_parameter": "\n"}, "click_id_parameter"),
    ],
)
def test_a_value_that_no_link_has_cannot_be_written(changes: dict[str, object], field: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.convert({"domain": "a", "slug": "b", "destination": "c:d"} | changes, Link)


def test_values_at_their_limits_can() -> None:
    values = {"tags": [f"{n:064}" for n in range(TAGS_MAX)], "title": "t" * 512, "account": "a" * 256}
    msgspec.convert({"domain": "a", "slug": "b", "destination": "c:d"} | values, Link)


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://www.example.com", "https://www.example.com"),
        (" HTTPS://WWW.Example.com. ", "https://www.example.com"),
        ("https://bücher.example:443", "https://xn--bcher-kva.example"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:443", "http://localhost:443"),
        ("https://a.example:65535", "https://a.example:65535"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ("https://[::1]", "https://[::1]"),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(written: str, origin: str) -> None:
    assert read_origin(written) == origin
    assert read_origin(origin) == origin


@pytest.mark.parametrize(
    "written",
    [
        "",
        "null",
        "*",
        "www.example.com",
        "ftp://a.example",
        "https://",
        "https://a.example/",
        "https://u@a.example",
        "https://a.example:0",
        "https://a.example:65536",
        "https://a.example:x",
        "https://[::1]:x",
        "https://a.example:" + "9" * 5000,
    ],
)
def test_what_no_origin_is_is_refused_with_a_reason(written: str) -> None:
    with pytest.raises(LinkError, match=r"origin|domain"):
        read_origin(written)


LINK_JSON = {"domain": "go.example", "slug": "a", "destination": "https://example.com/"}


def test_a_link_is_written_in_the_lowest_form_that_says_what_it_means() -> None:
    assert msgspec.json.encode(LINK) == msgspec.json.encode(LINK_JSON)
    assert form_of(LINK) == 1
    assert form_of(msgspec.structs.replace(LINK, tags=("a",), origins=("https://a.example",))) == 1
    assert form_of(msgspec.structs.replace(LINK, rules=Rules(v=1, compiled={}))) == LINK_VERSION


def test_a_link_of_our_time_is_read() -> None:
    assert read_link(msgspec.json.encode(LINK_JSON)) == LINK
    assert read_link(memoryview(msgspec.json.encode(LINK_JSON | {"v": LINK_VERSION}))).v == LINK_VERSION


@pytest.mark.parametrize(
    "newer",
    [
        {"v": LINK_VERSION + 1},
        {"v": LINK_VERSION + 1, "status": 451},
        {"v": LINK_VERSION + 1, "rules": ["of", "another", "shape"]},
        {"v": 2, "rules": {"v": RULES_VERSION + 1, "compiled": {}}},
        {"v": 2, "rules": {"v": RULES_VERSION, "compiled": {"not": "known"}}},
    ],
)
def test_a_link_of_a_newer_release_is_not_read_for_what_it_seems(newer: dict[str, object]) -> None:
    with pytest.raises(NewerLinkError, match="upgrade it"):
        read_link(msgspec.json.encode(LINK_JSON | newer))


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", msgspec.json.encode(LINK_JSON | {"status": 451})])
def test_what_is_no_link_in_any_form_is_told_apart(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        read_link(value)
