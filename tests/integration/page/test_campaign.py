"""The page on a running console: its numbers are SQL's, its state is its address, it survives what happens."""

import csv
import io
import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.integration.clickhouse_http import Http
from tests.integration.console_process import ConsoleProcess
from tests.integration.counted import count
from tests.integration.page.browser import (
    away,
    counts_of,
    each_look,
    enter,
    findings,
    number_in,
    picture,
    press_both,
    sign_in,
)
from tests.integration.page.world import ACCOUNT, NEWCOMER, POSTS, WRITER

pytestmark = pytest.mark.asyncio(loop_scope="session")

CAMPAIGN: Final = "/campaigns/spring-sale"


async def ready(page: Page) -> None:
    await expect(page.locator(".card").first).to_be_visible()
    await expect(page.locator(".pulse.on")).to_be_visible()


async def asked_of_sql(page: Page, world: Http, condition: str = "true") -> dict[str, tuple[int, int]]:
    """Clicks and impressions of the campaign's posts by their texts, of the time that the page itself asks for."""
    href = await page.get_by_role("link", name="Posts as CSV").get_attribute("href")
    query = parse_qs(urlsplit(href or "").query)
    since, until = (query[name][0].replace("T", " ").removesuffix("Z") for name in ("since", "until"))
    rows = world.rows(
        f"SELECT post, clicks, impressions FROM post_performance_between(since = '{since}', until = '{until}')"
        f" WHERE account = '{ACCOUNT}' AND campaign = 'spring-sale' AND {condition}"
    )
    texts = {post.name: post.text for post in POSTS}
    return {texts[post]: (int(clicks), int(impressions)) for post, clicks, impressions in rows}


async def says_what_sql_says(page: Page, world: Http, condition: str = "true") -> None:
    expected = await asked_of_sql(page, world, condition)
    cards = await counts_of(page, ".card")
    shown = {
        next(text for text in expected if text in card["text"]): (card["clicks"], card["impressions"])
        for card in cards
    }
    assert shown == expected
    head = await page.locator(".headlines").inner_text()
    assert number_in(head, "clicks") == sum(clicks for clicks, _ in expected.values())
    assert number_in(head, "impressions") == sum(impressions for _, impressions in expected.values())


async def test_cards_and_headlines_say_what_sql_says_whatever_is_filtered(page: Page, world: Http) -> None:
    await page.goto(f"{CAMPAIGN}?days=7")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await sign_in(page, WRITER)
    await expect(page).to_have_url(f"{CAMPAIGN}?days=7")
    await ready(page)
    await says_what_sql_says(page, world)

    await page.get_by_role("link", name="14 d").click()
    await expect(page.get_by_role("link", name="14 d")).to_have_attribute("aria-current", "true")
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    await says_what_sql_says(page, world)
    head = await page.locator(".headlines").inner_text()
    uniques, clicks = number_in(head, "daily unique clicks"), number_in(head, "clicks")
    assert 0.6 * clicks < uniques < clicks
    await picture(page, "page")

    await page.get_by_role("link", name="LinkedIn", exact=True).click()
    await says_what_sql_says(page, world, "channel = 'linkedin'")
    await page.get_by_label("all but").select_option("email")
    await says_what_sql_says(page, world, "channel != 'email'")
    await expect(page).to_have_url(f"{CAMPAIGN}?not_channel=email")
    await page.go_back()
    await says_what_sql_says(page, world, "channel = 'linkedin'")
    await page.reload()
    await ready(page)
    await says_what_sql_says(page, world, "channel = 'linkedin'")

    (warned,) = [one.text for one in POSTS if one.name == "spring-is-here"]
    await page.goto(CAMPAIGN)
    await ready(page)
    first = page.locator(".card").first
    await expect(first).to_contain_text(warned)
    await expect(first).to_contain_text("seen, not clicked")


async def test_files_the_clipboard_and_sql_carry_the_numbers_on(page: Page, world: Http) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await enter(page, WRITER, CAMPAIGN)
    await ready(page)
    expected = await asked_of_sql(page, world)

    async with page.expect_download() as saving:
        await page.get_by_role("link", name="Posts as CSV").click()
    rows = list(csv.DictReader(io.StringIO((await (await saving.value).path()).read_text())))
    assert sorted(int(row["clicks"]) for row in rows) == sorted(clicks for clicks, _ in expected.values())

    for link in await page.locator("a[download]").all():
        answer = await page.context.request.get(await link.get_attribute("href") or "")
        assert answer.headers["content-type"].startswith("text/csv"), answer.url

    async with page.expect_download() as drawing:
        await page.get_by_role("button", name="Over time as PNG").click()
    picture_file = await (await drawing.value).path()
    assert picture_file.read_bytes().startswith(b"\x89PNG")
    assert picture_file.stat().st_size > 10_000

    await page.get_by_role("button", name="Copy Posts").click()
    pasted: str = await page.evaluate("() => navigator.clipboard.readText()")
    assert len(pasted.splitlines()) == 1 + len(expected)

    await page.get_by_text("How was this counted?").click()
    await page.get_by_text("Show the SQL").click()
    text = await page.locator(".sql pre").inner_text()
    counted = {row[2]: int(row[5]) for row in world.rows(text)}
    assert sorted(counted.values()) == sorted(clicks for clicks, _ in expected.values())


async def test_charts_are_read_by_keys(page: Page) -> None:
    await enter(page, WRITER, CAMPAIGN)
    await ready(page)
    chart = page.get_by_role("slider", name="Over time")
    await chart.focus()
    await page.keyboard.press("Home")
    first = await chart.get_attribute("aria-valuetext")
    assert await page.locator(".series .readout").inner_text() == first
    await page.keyboard.press("ArrowRight")
    assert await chart.get_attribute("aria-valuetext") != first
    await page.keyboard.press("End")
    assert "not over yet" in (await chart.get_attribute("aria-valuetext") or "")
    await page.locator("h1").click()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("go to Campaigns")
    await page.keyboard.press("Escape")
    await press_both(page, "g", "c")
    await expect(page).to_have_url("/campaigns")


async def test_a_click_that_is_counted_appears_by_itself(page: Page, world: Http) -> None:
    await enter(page, WRITER, f"{CAMPAIGN}?days=30")
    await ready(page)
    before = number_in(await page.locator(".headlines").inner_text(), "clicks")
    minute = f"{datetime.now(UTC):%Y-%m-%d %H:%M:00}"
    count(world, [("carousel", minute, "human", "", 5, 0)])
    await expect(page.locator(".headlines")).to_contain_text(f"{before + 5:,}")
    await expect(page.locator(".pulse")).to_contain_text(re.compile(r"\d+ clicks in the last ten minutes"))


async def test_a_console_that_goes_away_and_a_session_that_ends_lose_nothing_that_was_seen(
    page: Page, console: ConsoleProcess
) -> None:
    await enter(page, WRITER, CAMPAIGN)
    await ready(page)
    async with away(console):
        await expect(page.locator(".pulse")).to_contain_text("not live")
        await page.get_by_role("link", name="30 d").click()
        # Other panels may say so for themselves by then.
        await expect(page.get_by_role("alert").first).to_contain_text("The console does not answer")
    await page.get_by_role("button", name="Try again").first.click()
    await ready(page)

    await page.context.clear_cookies()
    await page.get_by_role("link", name="7 d").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await sign_in(page, WRITER)
    await expect(page).to_have_url(f"{CAMPAIGN}?days=7")
    await ready(page)

    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.goto("/campaigns")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_views_can_be_saved_under_names(page: Page) -> None:
    await enter(page, WRITER, f"{CAMPAIGN}?channel=x")
    await ready(page)
    await page.get_by_text("Saved views").click()
    await page.get_by_label("Name of this view").fill("Only X")
    await page.get_by_role("button", name="Save this view").click()
    await page.goto("/campaigns/hiring")
    await page.get_by_text("Saved views").click()
    await page.get_by_role("link", name="Only X").click()
    await expect(page).to_have_url(f"{CAMPAIGN}?channel=x")


async def test_whoever_begins_is_led_to_the_first_click(page: Page) -> None:
    await page.goto("/")
    await sign_in(page, NEWCOMER)
    await expect(page.get_by_role("heading", name="Three steps to the first click")).to_be_visible()
    assert await findings(page) == []
    await page.goto("/nowhere")
    await expect(page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()
    assert await findings(page) == []


async def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(page: Page) -> None:
    await page.goto("/campaigns")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert await findings(page) == []
    await enter(page, WRITER, "/campaigns")
    await expect(page.locator("table a.campaign").first).to_be_visible()
    await each_look(page, "campaigns", ((360, "light"), (1280, "light")))
    await page.goto(CAMPAIGN)
    await ready(page)
    await page.get_by_text("How was this counted?").click()
    await page.get_by_text("Why?").first.click()
    await each_look(page, "campaign", ((360, "dark"), (640, "light"), (1280, "dark"), (1920, "light")))
