"""Comparison, data quality and live counts on the page: what they say is what SQL says."""

import re
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page, expect

from tests.integration.clickhouse_http import Http
from tests.integration.console_process import ConsoleProcess
from tests.integration.counted import count
from tests.integration.page.browser import away, each_look, enter, findings
from tests.integration.page.world import LOOKER, READER

pytestmark = pytest.mark.asyncio(loop_scope="session")


def comparison(*posts: tuple[str, str]) -> str:
    """The address that compares posts of the spring sale, each by its channel and name."""
    sides = [urlencode({"campaign": "spring-sale", "channel": one, "post": post}) for one, post in posts]
    return f"/compare?{urlencode([('of', side) for side in sides])}"


async def test_posts_are_added_one_by_one_and_compared_with_intervals_and_a_verdict(
    page: Page, world: Http
) -> None:
    await enter(page, READER, "/compare")
    await expect(page.get_by_text("What is to be compared?")).to_be_visible()
    start = page.get_by_role("link", name="the channels of spring-sale")
    await expect(start).to_be_visible()
    assert await findings(page) == []
    await start.click()
    await expect(page.locator(".sides tbody tr")).to_have_count(6)
    await page.go_back()
    for post in ("newsletter-44", "spring-is-here"):
        option = page.get_by_label("Add").locator("option", has_text=post)
        await expect(option).to_have_count(1)
        await page.get_by_label("Add").select_option(await option.get_attribute("value"))
        await expect(page.locator("tbody tr", has_text=post)).to_be_visible()
    await expect(page.locator("h2.verdict")).to_contain_text("wins")
    await expect(page.locator("tbody tr").nth(0)).to_contain_text("control")
    await expect(page.locator("tbody tr").nth(1)).to_contain_text("worse, by more than chance")
    await page.get_by_text("The SQL of these numbers").click()
    text = await page.locator(".sql pre").inner_text()
    counted = [row[2] for row in world.rows(text)]
    shown = await page.locator("tbody tr td:nth-child(2)").all_inner_texts()
    assert [one.replace(",", "") for one in shown] == counted
    await each_look(page, "compare")
    await page.get_by_role("link", name=re.compile("Take .* as the control")).click()
    await expect(page.locator("tbody tr").nth(1)).to_contain_text("wins")
    await page.go_back()
    await expect(page.locator("tbody tr").nth(1)).to_contain_text("worse, by more than chance")


async def test_too_little_data_is_drawn_as_such_and_has_no_winner(page: Page) -> None:
    await enter(
        page,
        READER,
        comparison(("x", "reply-guy"), ("x", "thread-tools"), ("linkedin", "founder-note")),
    )
    await expect(page.locator("h2.verdict")).to_contain_text("Not enough data yet")
    await expect(page.locator("circle.mark.open")).to_have_count(1)
    await page.get_by_text("All pairs").click()
    await each_look(page, "compare-little")
    await page.get_by_role("link", name=re.compile("Take .* away")).first.click()
    await expect(page.locator(".sides tbody tr")).to_have_count(2)


async def test_data_quality_says_what_is_left_out_and_why(page: Page, world: Http) -> None:
    await enter(page, READER, "/quality?days=30")
    bots = page.get_by_role("row").filter(has_text="Clicks: bots")
    await expect(bots).to_be_visible()
    await page.get_by_text("The SQL of these findings").click()
    rows = {row[0]: row[1] for row in world.rows(await page.locator(".sql pre").inner_text())}
    assert (await bots.locator("td").nth(1).inner_text()).replace(",", "") == rows["clicks: bot"]
    await page.get_by_text("The SQL of these findings").click()
    await each_look(page, "quality")


async def test_live_counts_come_by_themselves_pause_and_say_when_they_are_stale(
    page: Page, world: Http, console: ConsoleProcess
) -> None:
    await enter(page, READER, "/live")
    await expect(page.locator(".pulse.on")).to_be_visible()
    minute = f"{datetime.now(UTC):%Y-%m-%d %H:%M:00}"
    count(world, [("story-link", minute, "human", "", 7, 0)])
    row = page.get_by_role("row").filter(has_text="story-link")
    await expect(row).to_contain_text("7")
    await each_look(page, "live")

    await page.locator("h1").click()
    await page.keyboard.press("p")
    await expect(page.get_by_text(re.compile("Paused since"))).to_be_visible()
    count(world, [("story-link", minute, "human", "", 4, 0)])
    await page.get_by_role("button", name="Go on").click()
    await expect(row).to_contain_text("11")

    async with away(console):
        await expect(page.get_by_role("alert")).to_contain_text("Not live since")
        await expect(row).to_contain_text("11")
        assert await findings(page) == []
    await expect(page.locator(".pulse.on")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_whoever_may_not_read_reports_is_told_which_role_is_missing(page: Page) -> None:
    await enter(page, LOOKER, "/compare")
    for path in ("/compare", "/quality", "/live"):
        await page.goto(path)
        await expect(page.get_by_role("heading", name="Your token may not see this")).to_be_visible()
        await expect(page.get_by_text("reports:read")).to_be_visible()
