"""A destination is judged as the browser that follows it will read it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.destinations import as_served, destination_fault, place_of


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("example.com:443/x", "'example.com' would be its scheme"),
        ("example.com:443", "'example.com' would be its scheme"),
        ("localhost:8080/x", "'localhost' would be its scheme"),
        ("localhost:8080?x", "'localhost' would be its scheme"),
        ("example.com", "no absolute URL"),
        ("//example.com", "no absolute URL"),
        ("https:", "no absolute URL"),
        ("https:example.com", "write // and a host"),
        ("https:/example.com", "write // and a host"),
        ("https:\\\\example.com", "write // and a host"),
        ("https://", "no host"),
        ("https:///x", "no host"),
        ("https://?x", "no host"),
        ("https://:80/", "no host"),
        ("https://[zz]/", "no host that can exist"),
        ("https://[::1/", "no host that can exist"),
        ("https://1.2.3.999/", "no host that can exist"),
        ("https://a<b/", "no host that can exist"),
        ("https://ex.example:65536/", "no port below 65536"),
        ("https://a..b/", "cannot exist"),
        ("https://./", "cannot exist"),
        (f"https://{'a' * 64}.example/", "cannot exist"),
        (f"https://{'a.' * 126}aa/", "cannot exist"),
        ("https://a b/", "percent-encode"),
        ("https://a/\x7f", "percent-encode"),
        ("javascript:alert(1)", "script"),
        ("file:///etc/passwd", "no browser follows"),
    ],
)
def test_what_leads_nowhere_is_refused_with_what_to_do(text: str, why: str) -> None:
    fault = destination_fault(text)
    assert fault is not None
    assert why in fault


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com",
        "HTTPS://Example.COM:443/a?b#c",
        "https://ex.example:65535/",
        "http://localhost:8080/x",
        "https://[::1]:8080/x",
        "https://192.0.2.7/",
        "https://user:password@example.com/",
        "https://a_b.example./",
        f"https://{'a' * 63}.example/",
        f"https://{'a.' * 126}a/",
        "https://bücher.example/ü?ü#ü",
        "mailto:a@example.com",
        "tel:112",
        "tel:+49-30-1",
        "sms:12345",
        "myapp://",
        "myapp://open?x=1",
        "com.example.app:/callback",
        "spotify:track:1",
        "geo:48.2,16.6",
    ],
)
def test_what_a_browser_or_an_app_can_follow_passes(text: str) -> None:
    assert destination_fault(text) is None


@pytest.mark.parametrize(
    ("destination", "host", "path"),
    [
        ("https://go.example/a/b?x#y", "go.example", "/a/b"),
        ("https://go.example", "go.example", "/"),
        ("https://go.example:8443/a.b", "go.example", "/a.b"),
        ("HTTPS://user@GO.example.:443/a", "go.example.", "/a"),
        ("https://go.example/x/../a", "go.example", "/a"),
        ("https://go.example/x/%2e%2E/a", "go.example", "/a"),
        ("https://go.example/./a", "go.example", "/a"),
        ("https://go.example\\a", "go.example", "/a"),
        ("https://go%2Eexample/a", "go.example", "/a"),
        ("https://\uff47\uff4f.example/a", "go.example", "/a"),
        ("http://0x7f.1/a", "127.0.0.1", "/a"),
        ("http://2130706433/a", "127.0.0.1", "/a"),
        ("https://bücher.example/ü", "xn--bcher-kva.example", "/%C3%BC"),
    ],
)
def test_a_host_in_disguise_is_seen_for_what_it_is(destination: str, host: str, path: str) -> None:
    assert place_of(destination) == (host, path)


@pytest.mark.parametrize(
    "destination", ["mailto:a@go.example", "myapp://go.example/a", "nonsense", "https://[zz]/"]
)
def test_what_is_no_web_address_asks_no_host(destination: str) -> None:
    assert place_of(destination) is None


@pytest.mark.parametrize(
    ("destination", "served"),
    [
        ("https://bücher.example/ü?q=ü#ü", "https://xn--bcher-kva.example/%C3%BC?q=%C3%BC#%C3%BC"),
        ("https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah/"),
        ("https://Example.com/{a}?b=%C3%BC|'", "https://Example.com/{a}?b=%C3%BC|'"),
        ("myapp://open?ü", "myapp://open?%C3%BC"),
        ("https://[zz]/ü", "https://[zz]/%C3%BC"),
    ],
)
def test_a_destination_is_served_as_browsers_write_it(destination: str, served: str) -> None:
    assert as_served(destination) == served


@given(st.text(max_size=60) | st.text(max_size=60).map("https://ü.example/".__add__))
def test_whatever_is_served_fits_into_a_header(text: str) -> None:
    assert all("!" <= character <= "~" for character in as_served(text))


@pytest.mark.parametrize("piece", ["a", "a.", "a-", "/a", "/a.", "a/", "-.", "~/"])
def test_a_destination_costs_what_it_weighs(piece: str) -> None:
    def cpu_s(length: int) -> float:
        text = "https://a.example/" + piece * (length // len(piece)) + "!"
        started = time.process_time()
        for _ in range(20):
            place_of(text)
            destination_fault(text)
        return time.process_time() - started

    cpu_s(1_000)
    assert cpu_s(64_000) < 400 * max(cpu_s(2_000), 1e-4)
