"""The beacon's script in a real browser, on pages of another origin: what it tells, when, and how often.

The page's clock is the test's, so that a second is one to the millisecond and takes no time: only the page with the
strict policy runs on the real one.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from playwright.async_api import Page

from schemas.links import Link
from tests.e2e.browser import browser, set_window, window
from tests.e2e.pages import Pages
from tests.integration.serve_process import LINKS, Serve, wait_for, write_links

CARD: Final = '<p data-clicktally-link="go.example/launch" style="margin: 0; height: 200px">A post'
LINK: Final = ' data-link="go.example/launch"'
BELOW: Final = '<body style="margin: 0"><div style="height: 100vh"></div>{}<div style="height: 200vh"></div>'
LISTEN: Final = """
    window.requests = []
    const real = navigator.sendBeacon.bind(navigator)
    navigator.sendBeacon = (url, body) => { requests.push(JSON.parse(body)); return real(url, body) }
"""
SETTLED: Final = """() => new Promise(done => {
    new IntersectionObserver((_, own) => { own.disconnect(); done() }).observe(document.body)
})"""
"""Resolves when the observers of this page were told of the frame as it is now."""
RENDERED: Final = ("go.example/launch", "rendered")
VIEWABLE: Final = ("go.example/launch", "viewable")
Reports = list[tuple[str, str]]


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    directory = tmp_path_factory.mktemp("beacon")
    pictured = Link(domain="127.0.0.1", slug="launch", destination="https://example.com/")
    write_links(directory / "links", [*LINKS, pictured])
    with Serve(directory) as process:
        yield process


class Counting:
    """What the redirector counts from now on."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._before = len(serve.events())

    def now(self) -> Reports:
        events = self._serve.events()[self._before :]
        assert {event["source"] for event in events} <= {"beacon"}
        return sorted((event["link"], event["kind"]) for event in events)

    def comes_to(self, reports: Reports) -> None:
        """Wait until it has counted these, and see that it has counted no others."""
        wait_for(lambda: len(self.now()) >= len(reports))
        assert self.now() == sorted(reports)


@pytest.fixture
def counting(serve: Serve) -> Counting:
    return Counting(serve)


def script(serve: Serve, attributes: str = "") -> str:
    return f'<script async src="http://127.0.0.1:{serve.port}/v1/beacon.js"{attributes}></script>'


async def prepare(page: Page) -> None:
    """Stop the clock of the pages to come, and listen to what they send."""
    await page.add_init_script(LISTEN)
    await page.clock.install(time=0)
    await page.clock.pause_at(1000)


@asynccontextmanager
async def showing(pages: Pages, content: str) -> AsyncIterator[Page]:
    """A browser that shows this page."""
    pages.show("<!doctype html>" + content)
    async with browser() as running_browser:
        page = await running_browser.new_page(viewport={"width": 1200, "height": 700})
        await prepare(page)
        await page.goto(pages.origin)
        await page.evaluate(SETTLED)
        yield page


async def scroll(page: Page, y: int) -> None:
    await page.evaluate("y => scrollTo(0, y)", y)
    await page.evaluate(SETTLED)


async def requests(page: Page) -> list[Reports]:
    """What each request of the page told, in order."""
    sent = await page.evaluate("() => requests")
    return [[(item["link"], item["kind"]) for item in items] for items in sent]


async def reported(page: Page) -> Reports:
    return [item for items in await requests(page) for item in items]


async def test_a_link_is_rendered_at_once_and_viewable_after_a_second_of_half_of_it(
    pages: Pages, serve: Serve, counting: Counting
) -> None:
    async with showing(pages, BELOW.format(CARD) + script(serve)) as page:
        await page.clock.run_for(1999)
        assert await reported(page) == []
        await page.clock.run_for(1)
        assert await reported(page) == [RENDERED]
        await scroll(page, 99)
        await page.clock.run_for(9000)
        await scroll(page, 100)
        await page.clock.run_for(999)
        await scroll(page, 99)
        await page.clock.run_for(9000)
        assert await reported(page) == [RENDERED]
        await scroll(page, 100)
        await page.clock.run_for(999)
        await scroll(page, 101)
        await page.clock.run_for(1)
        await scroll(page, 0)
        await page.clock.run_for(2000)
        assert await reported(page) == [RENDERED, VIEWABLE]
        await scroll(page, 200)
        await page.clock.run_for(9000)
        assert await reported(page) == [RENDERED, VIEWABLE]
    counting.comes_to([RENDERED, VIEWABLE])


async def test_of_what_is_larger_than_242500_square_pixels_30_percent_are_enough(
    pages: Pages, serve: Serve, counting: Counting
) -> None:
    card = (
        '<div data-clicktally-link="{}" style="position: absolute; height: 500px; left: {}px; width: {}px"></div>'
    )
    both = card.format("go.example/launch", 0, 485) + card.format("go.example/later", 500, 486)
    async with showing(pages, BELOW.format(both) + script(serve)) as page:
        await page.clock.run_for(2000)
        rendered = await reported(page)
        assert sorted(rendered) == [("go.example/later", "rendered"), RENDERED]
        expected: Reports = []
        for y, viewable in ((149, ""), (150, "go.example/later"), (249, ""), (250, "go.example/launch")):
            await scroll(page, y)
            await page.clock.run_for(9000)
            expected += [(viewable, "viewable")] if viewable else []
            assert await reported(page) == rendered + expected
    counting.comes_to(rendered + expected)


async def test_a_page_that_nobody_sees_tells_nothing_and_hiding_it_stops_the_second(
    pages: Pages, serve: Serve, counting: Counting
) -> None:
    pages.show("<!doctype html>" + CARD + script(serve))
    async with window() as page:
        await prepare(page)
        await set_window(page, "minimized")
        await page.goto(pages.origin)
        await page.clock.run_for(9000)
        assert await reported(page) == []
        for _ in range(2):
            await set_window(page, "normal")
            await page.evaluate(SETTLED)
            await page.clock.run_for(999)
            await set_window(page, "minimized")
            await page.clock.run_for(9000)
            assert await reported(page) == [RENDERED]  # sent when it was hidden, its two seconds not being over
        await set_window(page, "normal")
        await page.evaluate(SETTLED)
        await page.clock.run_for(1000)
        await set_window(page, "minimized")
        assert await reported(page) == [RENDERED, VIEWABLE]
    counting.comes_to([RENDERED, VIEWABLE])


async def test_each_element_is_told_of_once_later_ones_too_in_requests_that_the_door_takes(
    pages: Pages, serve: Serve, counting: Counting
) -> None:
    link = '<a href="https://go.example/later?utm_source=x" data-clicktally-link>A link</a>'
    later: Reports = [("go.example/later", kind) for kind in ("rendered", "viewable")]
    async with showing(pages, CARD + "</p>" + link + script(serve) * 2) as page:
        await page.clock.run_for(2000)
        (first,) = await requests(page)
        links = Counter(name.removeprefix("https://").partition("?")[0] for name, _ in first)
        assert links == {"go.example/launch": 2, "go.example/later": 2}
        await page.evaluate("html => document.body.insertAdjacentHTML('afterbegin', html)", link * 11)
        await page.evaluate(SETTLED)
        await page.clock.run_for(2000)
        assert [len(items) for items in await requests(page)] == [4, 10, 10, 2]
    counting.comes_to([RENDERED, VIEWABLE, *later * 12])


async def test_what_was_not_yet_sent_leaves_with_the_page(pages: Pages, serve: Serve, counting: Counting) -> None:
    head = f"<head>{script(serve, LINK)}</head><p>A page that is one post"
    async with showing(pages, head) as page:
        assert await reported(page) == []
        pages.show("another page")
        await page.goto(pages.origin)
        counting.comes_to([RENDERED])


async def test_a_page_with_a_strict_policy_tells_and_shows_pixels_too(pages: Pages, serve: Serve) -> None:
    before = len(serve.events())
    ours = f"http://127.0.0.1:{serve.port}"
    pages.show(
        f"<!doctype html><article>A post{script(serve, LINK)}</article>"
        + "".join(f'<img alt="" src="{ours}/i/launch{suffix}">' for suffix in (".gif", ".png", "")),
        Content_Security_Policy=f"default-src 'none'; script-src {ours}; connect-src {ours}; img-src {ours}",
        Cross_Origin_Embedder_Policy="require-corp",
    )
    async with browser() as running_browser:
        page = await running_browser.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.goto(pages.origin)
        assert await page.evaluate("() => [...document.images].map(image => image.naturalWidth)") == [1, 1, 0]
        wait_for(lambda: len(serve.events()) == before + 5)
        assert problems == []
        assert (
            await page.evaluate("() => document.cookie.length + localStorage.length + sessionStorage.length") == 0
        )
    counted = Counter((event["link"], event["source"], event["kind"]) for event in serve.events()[before:])
    assert counted == {
        ("127.0.0.1/launch", "pixel", "served"): 3,
        ("go.example/launch", "beacon", "rendered"): 1,
        ("go.example/launch", "beacon", "viewable"): 1,
    }
