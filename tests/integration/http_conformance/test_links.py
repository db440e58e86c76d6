"""Links, pixels and methods."""

from pathlib import Path

import pytest

from tests.integration.http_conformance.expected import ITEM, REDIRECT, Counted, without_date
from tests.integration.serve_process import (
    Client,
    Serve,
    get,
    post,
    running,
)


def test_a_get_is_redirected_and_counted(client: Client, counted: Counted) -> None:
    client.send(get())
    answer = client.answer()
    assert (answer.status, answer.version, answer.body) == (302, b"1.1", b"")
    assert without_date(answer.headers) == REDIRECT
    assert counted.now() == 1


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/", 302, "https://example.com/"),
        ("/?utm=1", 302, "https://example.com/"),
        ("/launch?x=/y", 302, "https://example.com/launch?utm_source=x"),
        ("/a/b%20c", 302, "https://example.com/nested"),
        ("/%C3%BC", 302, "https://example.com/%C3%BC"),
        ("/moved", 301, "https://example.com/moved"),
        ("/later", 302, "https://example.com/later"),
    ],
)
def test_a_path_leads_to_its_link(client: Client, counted: Counted, path: str, status: int, location: str) -> None:
    client.send(get(path))
    answer = client.answer()
    assert (answer.status, answer.headers["location"]) == (status, location)
    assert counted.now() == 1


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/ü", "https://example.com/%C3%BC"),
        ("/ü?utm_source=grün", "https://example.com/%C3%BC"),
        ("/launch?q=ü", "https://example.com/launch?utm_source=x"),
        ("http://go.example/ü", "https://example.com/%C3%BC"),
    ],
)
@pytest.mark.parametrize("seam", [0, 6, 40])
def test_raw_utf_8_in_a_target_means_what_its_escapes_mean(
    client: Client, counted: Counted, target: str, location: str, seam: int
) -> None:
    raw = b"GET %b HTTP/1.1\r\nHost: go.example\r\nX-Note: \xc3\xbc\r\n\r\n" % target.encode()
    for piece in (raw[:seam], raw[seam:]):
        client.send(piece)
    answer = client.answer()
    assert (answer.status, answer.headers["location"]) == (302, location)
    assert counted.now() == 1


def test_bytes_that_are_no_utf_8_lead_nowhere_and_close_nothing(client: Client, counted: Counted) -> None:
    client.send(b"GET /\xff HTTP/1.1\r\nHost: go.example\r\n\r\n" + get())
    assert [client.answer().status for _ in range(2)] == [404, 302]
    assert counted.now() == 1


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/launch/", 302, "https://example.com/launch?utm_source=x"),
        ("/launch/?a=1", 302, "https://example.com/launch?utm_source=x"),
        ("/launch//", 404, ""),
        ("/nope/", 404, ""),
    ],
)
def test_a_domain_may_take_a_trailing_slash_for_nothing(
    tmp_path: Path, path: str, status: int, location: str
) -> None:
    with running(tmp_path, trailing_slash_domains="GO.example") as lenient, lenient.connect() as client:
        client.send(get(path))
        answer = client.answer()
        assert (answer.status, answer.headers.get("location", "")) == (status, location)
        client.send(get("/launch/", host="other.example"))
        assert client.answer().status == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nope", 404),
        ("/launch/", 404),
        ("/%68ealthz", 404),
        ("//launch", 404),
        ("/%ff", 404),
        ("/" + "x" * 700, 404),
        ("/i/nope.gif", 404),
        ("/i/nope.png", 404),
        ("/i/nope", 404),
        ("/i/launch.jpg", 404),
        ("/v1/nope", 404),
        ("/over", 410),
        ("/healthz", 200),
        ("/readyz", 200),
    ],
)
def test_other_paths_count_nothing(client: Client, counted: Counted, path: str, status: int) -> None:
    client.send(get(path) + get(path))
    first, second = client.answer(), client.answer()
    assert first.status == second.status == status
    assert without_date(first.headers) == {
        "content-type": "text/plain; charset=utf-8",
        "cache-control": "private, no-store",
        "content-length": str(len(first.body)),
    }
    assert counted.now() == 0


def test_the_host_decides_whose_link_it_is(client: Client) -> None:
    client.send(get(host="OTHER.example:8080"))
    assert client.answer().headers["location"] == "https://example.org/other"


@pytest.mark.parametrize(
    ("suffix", "own_headers"),
    [
        (".gif", {"content-type": "image/gif", "content-length": "43"}),
        (".png", {"content-type": "image/png", "content-length": "67"}),
        ("", {}),
    ],
)
def test_a_pixel_is_a_dot_or_nothing_and_an_impression(
    client: Client, serve: Serve, counted: Counted, suffix: str, own_headers: dict[str, str]
) -> None:
    client.send(get(f"/i/launch{suffix}?cache=buster"))
    answer = client.answer()
    assert answer.status == (200 if suffix else 204)
    assert len(answer.body) == int(own_headers.get("content-length", 0))
    assert without_date(answer.headers) == {
        **own_headers,
        "cache-control": "private, no-store",
        "cross-origin-resource-policy": "cross-origin",
    }
    assert counted.now() == 1
    event = serve.events()[-1]
    assert (event["type"], event["link"], event["kind"]) == ("impression", "go.example/launch", "served")


@pytest.mark.parametrize(
    "path",
    ["/launch", "/i/launch.gif", "/i/launch.png", "/i/launch", "/nope", "/over", "/healthz", "/v1/beacon.js"],
)
def test_head_has_the_headers_of_get_and_counts_nothing(client: Client, counted: Counted, path: str) -> None:
    client.send(get(path, method="HEAD"))
    head = client.answer("HEAD")
    assert counted.now() == 0
    client.send(get(path))
    answer = client.answer()
    assert (head.status, head.body) == (answer.status, b"")
    assert without_date(head.headers) == without_date(answer.headers)


def test_options_and_other_methods_tell_what_is_allowed(client: Client, counted: Counted) -> None:
    for method, path, status, allow in (
        ("OPTIONS", "/launch", 204, "GET, HEAD, OPTIONS"),
        ("OPTIONS", "*", 204, "GET, HEAD, OPTIONS"),
        ("OPTIONS", "/v1/impressions", 204, "POST, OPTIONS"),
        ("PUT", "/launch", 405, "GET, HEAD, OPTIONS"),
        ("DELETE", "/launch", 405, "GET, HEAD, OPTIONS"),
        ("GET", "/v1/impressions", 405, "POST, OPTIONS"),
    ):
        client.send(get(path, method=method))
        answer = client.answer(method)
        assert (answer.status, answer.headers["allow"]) == (status, allow)
    assert counted.now() == 0


def test_the_beacons_script_is_served_on_every_host_and_to_who_has_it_as_unchanged(
    client: Client, serve: Serve, counted: Counted
) -> None:
    client.send(get("/v1/beacon.js?anything", host="nobody.example"))
    whole = client.answer()
    assert (whole.status, whole.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert whole.body.startswith(b"{")
    tag = whole.headers["etag"]
    client.send(get("/v1/beacon.js", 'If-None-Match: "old"', f"If-None-Match: W/{tag}"))
    unchanged = client.answer()
    assert (unchanged.status, unchanged.body, unchanged.headers["etag"]) == (304, b"", tag)
    assert "content-length" not in unchanged.headers
    client.send(get("/v1/beacon.js", method="PUT"))
    assert client.answer("PUT").status == 405
    assert counted.now() == 0
    assert serve.scrape()['requests_total{outcome="script"}'] >= 2


@pytest.mark.parametrize("header", ["DNT: 1", "Sec-GPC: 1"])
def test_who_wants_not_to_be_followed_still_saw_what_was_displayed(
    client: Client, serve: Serve, counted: Counted, header: str
) -> None:
    client.send(post(ITEM, "User-Agent: Mozilla/5.0", header))
    assert client.answer("POST").status == 202
    assert counted.now() == 1
    assert "visitor" not in serve.events()[-1]
    client.send(post(ITEM, "User-Agent: Mozilla/5.0"))
    assert client.answer("POST").status == 202
    assert "visitor" in serve.events()[-1]


def test_beacons_may_come_from_any_page(client: Client) -> None:
    origin = "https://page.example"
    client.send(get("/v1/impressions", f"Origin: {origin}", method="OPTIONS"))
    assert client.answer("OPTIONS").headers["access-control-allow-origin"] == origin
    client.send(post(ITEM, f"Origin: {origin}", "Content-Type: text/plain"))
    answer = client.answer("POST")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (202, origin)
    assert (answer.headers["vary"], answer.headers["access-control-allow-credentials"]) == ("Origin", "true")
