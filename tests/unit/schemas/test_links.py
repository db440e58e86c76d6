import msgspec
import pytest

from schemas.links import Link, LinkError, check_link, read_domain, slug_of_path

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
    ],
)
def test_a_link_that_could_never_be_served_is_refused_with_a_reason(changes: dict[str, str], why: str) -> None:
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
    ],
)
def test_a_link_that_can_be_served_passes(changes: dict[str, str]) -> None:
    check_link(msgspec.structs.replace(LINK, **changes))


def test_a_link_is_named_by_domain_and_slug() -> None:
    assert (LINK.key, msgspec.structs.replace(LINK, slug="").key) == ("go.example/a", "go.example/")


def test_a_status_that_is_no_redirect_cannot_be_written() -> None:
    with pytest.raises(msgspec.ValidationError, match="status"):
        msgspec.convert({"domain": "a", "slug": "b", "destination": "c:d", "status": 200}, Link)
