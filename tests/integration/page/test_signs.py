"""What the page says while numbers are on their way, where they cannot be had, and where the reader is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from playwright.async_api import Page, Route, expect

from tests.integration.clickhouse_http import Http
from tests.integration.page.browser import enter, findings, press_both
from tests.integration.page.world import WRITER

pytestmark = pytest.mark.asyncio(loop_scope="session")

CAMPAIGN: Final = "/campaigns/spring-sale"
BUSY: Final = "[aria-busy=true]"


@asynccontextmanager
async def held(page: Page, *reports: str) -> AsyncIterator[None]:
    """While no answer of these reports reaches the page."""
    let_go = asyncio.Event()

    async def hold(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    for report in reports:
        await page.route(f"**/v1/reports/{report}?*", hold)
    try:
        yield
    finally:
        let_go.set()
        for report in reports:
            await page.unroute(f"**/v1/reports/{report}?*")


async def ready(page: Page) -> None:
    await expect(page.locator(".card").first).to_be_visible()
    await expect(page.locator(".panel tbody")).to_have_count(6)
    await expect(page.get_by_role("heading", name="When people click")).to_have_count(1)
    await expect(page.locator(".skeleton")).to_have_count(0)
    await expect(page.locator(BUSY)).to_have_count(0)


async def test_numbers_of_filters_before_are_marked_until_those_that_were_asked_for_come(page: Page) -> None:
    await enter(page, WRITER, CAMPAIGN)
    await ready(page)
    uniques = page.locator(".headline", has_text="daily unique clicks").locator(".value")
    before = await uniques.inner_text()
    async with held(page, "uniques", "clicks", "heat-map"):
        await page.get_by_role("link", name="LinkedIn", exact=True).click()
        await expect(page.locator(".panel[aria-busy=true]")).to_have_count(6)
        await expect(page.locator(f"section{BUSY}", has_text="When people click")).to_have_count(1)
        await expect(page.locator(f".headline{BUSY} .value")).to_have_text(before)
        await expect(page.locator(f".card p{BUSY}").first).to_contain_text("daily unique clicks")
        await expect(page.locator(f".loaded{BUSY}")).to_have_count(0)
        assert await findings(page) == []
    await expect(page.locator(BUSY)).to_have_count(0)
    assert await uniques.inner_text() != before

    async with held(page, "posts", "series"):
        await page.get_by_role("link", name="7 d").click()
        await expect(page.locator(f".loaded{BUSY}")).to_have_count(1)
    await expect(page.locator(BUSY)).to_have_count(0)


async def test_a_section_that_cannot_be_shown_is_no_second_view(page: Page) -> None:
    async def fail(route: Route) -> None:
        await route.fulfill(
            status=503, json={"type": "/problems/unavailable", "title": "Not possible", "status": 503}
        )

    await page.route("**/v1/reports/heat-map?*", fail)
    await enter(page, WRITER, CAMPAIGN)
    await ready(page)
    await expect(page.get_by_role("alert").get_by_role("heading", level=2)).to_have_text("Not possible")
    await expect(page.locator("h1")).to_have_count(1)
    assert await findings(page) == []
    await page.route("**/v1/reports/*", fail)
    for path in ("/quality", "/campaigns", f"{CAMPAIGN}?days=30"):
        await page.goto(path)
        await expect(page.get_by_role("alert").first).to_contain_text("Not possible")
        await expect(page.locator("h1")).to_have_count(1)
        assert await findings(page) == []


async def test_a_view_that_is_gone_to_has_the_focus_at_its_heading_once_it_is_there(page: Page) -> None:
    await enter(page, WRITER, "/quality")
    await expect(page.locator("h1")).to_have_text("Data quality")
    assert await page.evaluate("document.activeElement === document.body"), "where one begins nothing was gone to"
    loading = asyncio.Event()

    async def hold(route: Route) -> None:
        await loading.wait()
        await route.continue_()

    await page.route("**/assets/CompareView*.js", hold)
    await page.goto("/quality")
    await page.get_by_role("link", name="Compare", exact=True).click()
    await expect(page.locator("main .skeleton")).to_be_visible()
    loading.set()
    await expect(page.locator("h1")).to_have_text("Compare")
    await expect(page.locator("h1")).to_be_focused()
    await press_both(page, "g", "c")
    await expect(page.locator("h1")).to_be_focused()


async def test_a_kind_of_impressions_narrows_who_clicked_and_when_as_it_does_the_cards(
    page: Page, world: Http
) -> None:
    await enter(page, WRITER, "/campaigns/roses-for-all")
    await ready(page)
    await page.get_by_label("Impressions", exact=True).select_option("viewable")
    await expect(page.locator(".card")).to_have_count(1)
    await expect(page.locator(BUSY)).to_have_count(0)
    for panel in (page.locator(".breakdowns"), page.locator("section", has_text="When people click").last):
        await expect(panel).to_contain_text("clicks of links with impressions “viewable”")
    href = await page.get_by_role("link", name="When people click as CSV").get_attribute("href") or ""
    text = await (await page.context.request.get(href)).text()
    heat = sum(int(line.split(",")[2]) for line in text.splitlines()[1:])
    (counted,) = world.rows(
        "SELECT sum(clicks) FROM counters WHERE link = 'go.example/banner' AND class = 'human'"
        " AND window_start >= now() - INTERVAL 15 DAY"
    )
    shown = await page.locator(".card .count strong").all_inner_texts()
    assert heat <= int(counted[0])
    assert f"{heat:,}" in shown
    devices = page.get_by_role("region", name="Devices").locator("td.number:not(.soft)")
    assert sum(int(one.replace(",", "")) for one in await devices.all_inner_texts()) <= int(counted[0])


async def test_filters_stand_in_one_line_where_there_is_room(page: Page) -> None:
    await enter(page, WRITER, CAMPAIGN)
    await ready(page)
    box = await page.locator(".filters").bounding_box()
    assert box is not None
    assert box["height"] == 32
