import time

import pytest

from redirector.serve import answers
from redirector.serve.answers import PixelFormat
from redirector.serve.lookup import Lookup, LoopError
from redirector.serve.prepared import PreparedLink
from redirector.serve.request_facts import NO_REQUEST_FACTS
from schemas.links import Link, LinkError
from tests.unit.redirector.serve.fakes import FakeLinks

RING = ("a.example/1", "b.example/2", "c.example/3")
LAUNCH = Link(domain="go.example", slug="launch", destination="https://example.com/")


def lookup(links: FakeLinks, keep: int = 100) -> Lookup:
    return Lookup(links, pixel_format="gif", keep=keep, refresh_ms=50, now_ms=1000)


def test_a_link_is_prepared_once_whatever_the_query() -> None:
    links = FakeLinks(LAUNCH)
    lookups = lookup(links)
    first = lookups.find("go.example", "/launch?a=1", 1000)
    assert first is not None
    assert lookups.find("go.example", "/launch?a=2", 1010) is first
    assert (first.kind, first.key, links.gets) == ("click", "go.example/launch", 1)


def test_host_and_path_do_not_run_into_each_other() -> None:
    lookups = lookup(FakeLinks(LAUNCH, Link(domain="a", slug="b/c", destination="https://example.com/")))
    assert lookups.find("a", "/b/c", 1000) is not None
    with pytest.raises(LinkError):
        lookups.find("a/b", "/c", 1000)


def test_a_changed_link_is_seen_at_the_next_refresh() -> None:
    links = FakeLinks(LAUNCH)
    lookups = lookup(links)
    lookups.find("go.example", "/launch", 1000)
    links.put(Link(domain="go.example", slug="launch", destination="https://example.com/new"))

    def destination(now_ms: int) -> str:
        prepared = lookups.find("go.example", "/launch", now_ms)
        assert prepared is not None
        return prepared.answer.answer.headers[0][1]

    assert destination(1049) == "https://example.com/"
    assert destination(1050) == "https://example.com/new"


def test_a_clock_that_jumps_back_does_not_stop_the_refreshing() -> None:
    links = FakeLinks(LAUNCH)
    lookups = lookup(links)
    lookups.find("go.example", "/launch", 1000)
    links.put(Link(domain="go.example", slug="launch", destination="https://example.com/new"))
    assert isinstance(lookups.find("go.example", "/launch", 10), PreparedLink)
    assert links.gets == 2


def test_no_more_than_so_many_links_are_kept() -> None:
    links = FakeLinks(*(Link(domain="a", slug=str(n), destination="https://example.com/") for n in range(9)))
    lookups = lookup(links, keep=3)
    for number in range(9):
        lookups.find("a", f"/{number}", 1000)
        lookups.find("a", f"/no{number}", 1000)
    before = links.gets
    for number in (6, 7, 8):
        lookups.find("a", f"/{number}", 1000)
    assert links.gets == before
    lookups.find("a", "/5", 1000)
    assert links.gets == before + 1


class EveryPathOfADomain(FakeLinks):
    def get(self, key: str) -> Link | None:
        return LAUNCH if key.startswith("go.example/") else None


def test_making_room_takes_no_longer_where_many_links_are_kept() -> None:
    def seconds(keep: int) -> float:
        lookups = Lookup(EveryPathOfADomain(), pixel_format="gif", keep=keep, refresh_ms=50, now_ms=1000)
        paths = [f"/{number}" for number in range(keep + 60_000)]
        for path in paths[:keep]:
            lookups.find("go.example", path, 1000)
        began = time.process_time()
        for path in paths[keep:]:
            lookups.find("go.example", path, 1000)
        return time.process_time() - began

    assert seconds(100_000) < 3 * seconds(1_000)


def test_a_change_takes_no_longer_where_many_links_are_kept() -> None:
    """Freeing all that was made ready of 100,000 links would keep everybody waiting for some 20 ms."""

    def seconds(keep: int) -> float:
        links = EveryPathOfADomain()
        lookups = Lookup(links, pixel_format="gif", keep=keep, refresh_ms=50, now_ms=1000)
        for number in range(keep):
            lookups.find("go.example", f"/{number}", 1000)
        links.put(LAUNCH)
        began = time.process_time()
        for number in range(100):
            lookups.find("go.example", f"/{number}", 1050)
        return time.process_time() - began

    assert min(seconds(100_000) for _ in range(3)) < 3 * max(seconds(1_000) for _ in range(3))


def test_what_was_ready_before_a_change_is_made_ready_again_once() -> None:
    links = FakeLinks(LAUNCH, Link(domain="a", slug="b", destination="https://example.com/"))
    lookups = lookup(links, keep=2)
    for host, path in (("go.example", "/launch"), ("a", "/b")):
        assert lookups.find(host, path, 1000) is not None
    links.put(LAUNCH)
    for _ in range(2):
        for host, path in (("a", "/b"), ("go.example", "/launch")):
            assert lookups.find(host, path, 1050) is not None
    assert links.gets == 4
    del links.links["a/b"]
    links.put(LAUNCH)
    assert lookups.find("a", "/b", 1100) is None


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/impressions", "/%68ealthz", "/v1/x"])
def test_reserved_paths_are_never_links(path: str) -> None:
    reserved = [Link(domain="a", slug=slug, destination="https://b.example/") for slug in ("healthz", "v1/x")]
    assert lookup(FakeLinks(*reserved)).find("a", path, 1000) is None


def test_a_pixel_belongs_to_its_link() -> None:
    lookups = lookup(FakeLinks(LAUNCH, Link(domain="go.example", slug="", destination="https://example.com/")))
    pixel = lookups.find("go.example", "/i/launch.gif", 1000)
    root = lookups.find("go.example", "/i/.gif", 1000)
    assert pixel is not None
    assert root is not None
    assert (pixel.kind, pixel.key, root.key) == ("pixel", "go.example/launch", "go.example/")
    assert pixel.answer.answer == answers.pixel("gif")
    assert lookups.find("go.example", "/i/nope.gif", 1000) is None


@pytest.mark.parametrize(
    ("path", "key", "pixel_format"),
    [
        ("/i/launch.gif", "launch", "gif"),
        ("/i/launch.png?a=.gif", "launch", "png"),
        ("/i/launch", "launch", "204"),
        ("/i/launch?a=.png", "launch", "204"),
        ("/i/", "", "204"),
        ("/i/.png", "", "png"),
        ("/i/a.gif.gif", "a.gif", "gif"),
        ("/i/a.gif.png", "a.gif", "png"),
    ],
)
def test_a_pixels_suffix_says_what_it_is_answered_with(path: str, key: str, pixel_format: PixelFormat) -> None:
    links = [Link(domain="a", slug=slug, destination="https://example.com/") for slug in ("launch", "", "a.gif")]
    pixel = lookup(FakeLinks(*links)).find("a", path, 1000)
    assert pixel is not None
    assert (pixel.kind, pixel.key) == ("pixel", f"a/{key}")
    assert pixel.answer.answer == answers.pixel(pixel_format)
    assert (pixel.answer.outcome, pixel.answer.counted) == ("pixel", True)


@pytest.mark.parametrize("path", ["/i/launch.jpg", "/i/launch.GIF", "/i/launch.gif.png", "/i/launch%2Egif", "/i"])
def test_another_suffix_is_part_of_the_slug(path: str) -> None:
    assert lookup(FakeLinks(LAUNCH)).find("go.example", path, 1000) is None


def test_the_setting_turns_gifs_into_nothing_and_leaves_the_others() -> None:
    lookups = Lookup(FakeLinks(LAUNCH), pixel_format="204", keep=9, refresh_ms=50, now_ms=1000)

    def status(path: str) -> int:
        pixel = lookups.find("go.example", path, 1000)
        assert pixel is not None
        return pixel.answer.answer.status

    assert [status(f"/i/launch{suffix}") for suffix in (".gif", ".png", "")] == [204, 200, 204]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_ring_of_links_is_answered_by_none_of_them(length: int) -> None:
    keys = RING[:length]
    links = FakeLinks(
        *(
            Link(domain=key[:9], slug=key[10:], destination=f"https://{keys[(number + 1) % length]}?n={number}")
            for number, key in enumerate(keys)
        )
    )
    for key in keys:
        with pytest.raises(LoopError, match="leads back"):
            lookup(links).find(key[:9], key[9:], 1000)
        for suffix in (".gif", ".png", ""):
            assert lookup(links).find(key[:9], f"/i{key[9:]}{suffix}", 1000) is not None


def test_a_ring_that_a_change_closes_is_answered_by_none_from_the_next_refresh_on() -> None:
    links = FakeLinks(Link(domain="a.example", slug="1", destination="https://b.example/2"))
    lookups = lookup(links)
    assert lookups.find("a.example", "/1", 1000) is not None
    links.put(Link(domain="b.example", slug="2", destination="https://a.example/1"))
    for now_ms in (1050, 1051):
        with pytest.raises(LoopError):
            lookups.find("a.example", "/1", now_ms)


def test_whether_a_destination_is_on_a_domain_of_ours_is_asked_once_until_a_change() -> None:
    links = CountedDomains(
        *(Link(domain="a", slug=str(n), destination=f"https://example.com/{n}") for n in range(3)),
        Link(domain="a", slug="other", destination="https://example.org/"),
    )
    lookups = lookup(links)
    for path in ("/0", "/1", "/2", "/other"):
        assert lookups.find("a", path, 1000) is not None
    assert (links.asked, links.gets) == (["example.com", "example.org"], 4)
    links.put(LAUNCH)
    lookups.find("a", "/0", 1050)
    assert links.asked == ["example.com", "example.org", "example.com"]


class CountedDomains(FakeLinks):
    def __init__(self, *links: Link) -> None:
        super().__init__(*links)
        self.asked: list[str] = []

    def has_domain(self, domain: str) -> bool:
        self.asked.append(domain)
        return super().has_domain(domain)


def test_a_link_into_a_ring_is_not_answered_either() -> None:
    links = FakeLinks(
        Link(domain="go.example", slug="in", destination="https://a.example/1"),
        Link(domain="a.example", slug="1", destination="https://a.example/1"),
    )
    with pytest.raises(LoopError):
        lookup(links).find("go.example", "/in", 1000)


def test_a_link_over_another_that_ends_is_answered() -> None:
    links = FakeLinks(
        Link(domain="go.example", slug="in", destination="https://a.example/1"),
        Link(domain="a.example", slug="1", destination="https://a.example/elsewhere"),
    )
    prepared = lookup(links).find("go.example", "/in", 1000)
    assert prepared is not None
    assert prepared.answer.answer.headers[0] == ("Location", "https://a.example/1")


def test_an_expired_link_chooses_gone_from_its_instant_on() -> None:
    link = Link(domain="go.example", slug="over", destination="https://example.com/", expires_at_ms=2000)
    prepared = lookup(FakeLinks(link)).find("go.example", "/over", 1000)
    assert prepared is not None
    chosen = [prepared.choose(NO_REQUEST_FACTS, "", now_ms) for now_ms in (1999, 2000, 2001)]
    assert [(one.outcome, one.counted) for one in chosen] == [
        ("redirected", True),
        ("expired", False),
        ("expired", False),
    ]


def test_a_trailing_slash_is_forgiven_where_the_domain_says_so_and_no_link_has_it() -> None:
    links = FakeLinks(
        LAUNCH,
        Link(domain="go.example", slug="own/", destination="https://example.com/own"),
        Link(domain="go.example", slug="own", destination="https://example.com/"),
        Link(domain="a", slug="b", destination="https://example.com/"),
    )
    forgiving = Lookup(links, pixel_format="gif", keep=9, refresh_ms=50, now_ms=1000, slash_domains=["go.example"])

    def key(host: str, path: str) -> str | None:
        prepared = forgiving.find(host, path, 1000)
        return None if prepared is None else prepared.key

    assert key("go.example", "/launch/") == "go.example/launch"
    assert key("go.example", "/own/") == "go.example/own/"
    assert key("go.example", "/i/launch/.gif") == "go.example/launch"
    assert key("go.example", "/i/launch/") == "go.example/launch"
    assert key("go.example", "/launch//") is None
    assert key("a", "/b/") is None


def test_a_link_of_a_newer_release_is_answered_503_and_named_in_the_log_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    links = FakeLinks(LAUNCH)
    links.newer = {"go.example/secret"}
    lookups = lookup(links)
    for path in ("/secret", "/i/secret.gif", "/secret?a=1"):
        prepared = lookups.find("go.example", path, 1000)
        assert prepared is not None
        chosen = prepared.choose(NO_REQUEST_FACTS, "", 1000)
        assert (chosen.outcome, chosen.answer.status, chosen.counted) == ("newer_link", 503, False)
    assert [record.message for record in caplog.records] == [
        "go.example/secret is answered 503: the link is version 9, this release reads 2: upgrade it"
    ]
    assert lookups.find("go.example", "/launch", 1000) is not None
