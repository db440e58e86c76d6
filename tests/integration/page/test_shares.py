"""What is shown to others by a read-only link, and nothing else."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from tests.integration.console_process import ConsoleProcess
from tests.integration.page.browser import Looks, counts_of, each_look, enter, findings, ready, window
from tests.integration.page.world import WRITER

pytestmark = pytest.mark.asyncio(loop_scope="session")

CAMPAIGN: Final = "/campaigns/spring-sale"
LONGEST: Final = timedelta(seconds=30)
MORE_LOOKS: Final[Looks] = ((360, "dark"), (640, "light"), (1280, "light"), (1280, "dark"))


async def shared_view(page: Page) -> str:
    """Share what is seen; the link to give away."""
    await page.locator("h1").click()
    await page.keyboard.press("s")
    await page.get_by_role("button", name="Make the link").click()
    given = page.get_by_role("textbox", name="The link to give away")
    await expect(given).to_be_visible()
    return await given.input_value()


@pytest.mark.usefixtures("visited")
async def test_a_share_shows_its_view_alone_until_it_is_revoked(
    page: Page, chromium: Browser, console: ConsoleProcess
) -> None:
    await enter(page, WRITER, f"{CAMPAIGN}?channel=linkedin&days=7")
    await ready(page)
    own = await numbers(page)
    address = await shared_view(page)
    await expect(page.locator(".saved .menu").last).to_contain_text("channel LinkedIn")
    await each_look(page, "share", MORE_LOOKS)
    assert urlsplit(address).fragment.startswith("cts_")

    async with window(chromium, console) as guest:
        await guest.goto(address)
        await ready(guest)
        await expect(guest).to_have_url(f"{CAMPAIGN}?channel=linkedin&days=7")
        assert await numbers(guest) == own
        await expect(guest.get_by_text("Five things we learned from 300 gardens")).to_be_visible()
        await expect(guest.get_by_role("navigation")).to_have_count(0)
        await expect(guest.locator(".bar")).to_contain_text("shared with you until")
        await expect(guest.get_by_role("button", name="Sign out")).to_have_count(0)
        await expect(guest.locator("summary.button")).to_have_count(0)
        await expect(guest.get_by_role("region", name="Countries").locator("tbody tr").first).to_be_visible()
        await each_look(guest, "shared", MORE_LOOKS)
        assert await statuses(
            guest,
            "/v1/reports/posts?campaign=spring-sale",
            "/v1/reports/posts?campaign=hiring",
            "/v1/reports/posts?channel=x",
            "/v1/links",
            "/v1/shares",
        ) == [200, 403, 403, 403, 403]
        await guest.get_by_role("link", name="30 d").click()
        await expect(guest.get_by_role("link", name="30 d")).to_have_attribute("aria-current", "true")
        await guest.goto("/campaigns")
        await expect(guest.get_by_text("This is not part of what was shared")).to_be_visible()
        assert await findings(guest) == []
        await guest.get_by_role("link", name="To what was shared").click()
        await ready(guest)

        await page.goto("/shares")
        row = page.get_by_role("row").filter(has_text="channel LinkedIn")
        await expect(row).to_contain_text("open")
        await each_look(page, "shares", MORE_LOOKS)
        await row.get_by_role("button", name="Revoke").click()
        await page.get_by_role("button", name="Revoke it").click()
        await expect(row).to_contain_text("revoked")
        assert await findings(page) == []

        # The page asks each minute, too, and may have been told by now.
        ended = guest.get_by_role("heading", name="This share has ended")
        longer = guest.get_by_role("link", name="90 d")
        await expect(longer.or_(ended)).to_be_visible()
        if await longer.is_visible():
            await longer.click()
        await expect(ended).to_be_visible()
        await guest.reload()
        await expect(guest.get_by_role("heading", name="This share has ended")).to_be_visible()
        await guest.goto(address)
        await expect(guest.get_by_role("heading", name="This share has ended")).to_be_visible()
        await each_look(guest, "share-ended", MORE_LOOKS)


async def numbers(page: Page) -> list[tuple[int, int]]:
    """Clicks and impressions of each card."""
    return [(one["clicks"], one["impressions"]) for one in await counts_of(page, ".card")]


async def statuses(page: Page, *paths: str) -> list[int]:
    """How the API answers this browser."""
    return [(await page.context.request.get(path)).status for path in paths]


async def test_a_share_that_is_over_or_not_whole_says_so(page: Page, console: ConsoleProcess) -> None:
    lasts = timedelta(seconds=1)
    while True:
        ends = datetime.now(UTC) + lasts
        body: dict[str, Any] = {
            "view": CAMPAIGN,
            "scope": {"campaign": "spring-sale"},
            "expires_at": ends.isoformat(),
        }
        made = console.ask("POST", "/v1/shares", body, token=WRITER)
        if made.status != HTTPStatus.UNPROCESSABLE_ENTITY or lasts > LONGEST:
            break
        lasts *= 2  # it was over before it was asked for
    assert made.status in (201, 202), made.body
    await asyncio.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()))
    await page.goto(made.json["address"])
    await expect(page.get_by_role("heading", name="This share has ended")).to_be_visible()
    await page.goto(made.json["address"][:-2])
    await page.reload()
    await expect(page.get_by_role("heading", name="This link is not whole")).to_be_visible()
    assert await findings(page) == []
    await page.goto("/shared")
    await expect(page.get_by_role("heading", name="This link is not whole")).to_be_visible()


async def test_whoever_is_signed_in_is_asked_before_a_share_signs_them_out(page: Page) -> None:
    await enter(page, WRITER, CAMPAIGN)
    await ready(page)
    address = await shared_view(page)
    await page.goto("/campaigns")
    await page.goto(address)
    await expect(page.get_by_role("heading", name="You are signed in")).to_be_visible()
    assert await findings(page) == []
    await page.goto(CAMPAIGN)
    await ready(page)
    await page.goto(address)
    await page.get_by_role("button", name="Open it here").click()
    await expect(page.locator(".bar")).to_contain_text("shared with you until")
    await ready(page)


async def test_a_share_of_a_comparison_shows_this_comparison_alone(
    page: Page, chromium: Browser, console: ConsoleProcess
) -> None:
    sides = [
        urlencode({"campaign": "spring-sale", "channel": channel, "post": post})
        for channel, post in (("email", "newsletter-44"), ("x", "spring-is-here"))
    ]
    view = f"/compare?{urlencode([('of', side) for side in sides])}"
    await enter(page, WRITER, view)
    rows = page.locator("table.sides tbody tr")
    await expect(rows).to_have_count(2)
    own = await rows.locator("td:nth-child(2)").all_inner_texts()
    address = await shared_view(page)
    await expect(page.locator(".saved .menu").last).to_contain_text("newsletter-44 / ")

    async with window(chromium, console) as guest:
        await guest.goto(address)
        theirs = guest.locator("table.sides tbody tr")
        await expect(theirs).to_have_count(2)
        assert await theirs.locator("td:nth-child(2)").all_inner_texts() == own
        for name in ("Add", "Compare"):
            await expect(guest.get_by_label(name, exact=True).and_(guest.locator("select"))).to_have_count(0)
        await expect(guest.get_by_role("link", name=re.compile("Take .* away"))).to_have_count(0)
        await each_look(guest, "shared-comparison", MORE_LOOKS)
        await guest.get_by_role("link", name="30 d").click()
        await expect(guest.get_by_role("link", name="30 d")).to_have_attribute("aria-current", "true")
        await expect(theirs).to_have_count(2)
        of = urlencode([("of", side) for side in sides])
        assert await statuses(
            guest,
            f"/v1/reports/compare?{of}",
            f"/v1/reports/compare?{of}&of=channel%3Dlinkedin",
            f"/v1/reports/compare?{of}&profile=Newsletter",
            "/v1/reports/posts?campaign=spring-sale",
            "/v1/live",
            "/v1/campaigns/spring-sale/posts",
        ) == [200, 403, 403, 403, 403, 403]
        await guest.goto("/compare?of=channel%3Dlinkedin")
        await expect(guest.get_by_role("alert")).to_contain_text("you see one comparison only")
        await guest.goto("/campaigns/spring-sale")
        await expect(guest.get_by_text("This is not part of what was shared")).to_be_visible()

    await page.goto("/shares")
    await expect(page.get_by_role("row").filter(has_text="the comparison of")).to_contain_text("newsletter-44")
