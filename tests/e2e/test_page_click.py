"""The page over the whole stack: a link is made on it, opened as a visitor would, and seen counted."""

import asyncio
import http.client
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from console.api.page_files import BUILT
from deploy.local.stack import demo
from tests.builders import BROWSER
from tests.e2e.browser import browser
from tests.e2e.test_make_run import PATIENCE_S, Running, settings

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A stack of the test's own, once the pipeline counts."""
    stack = Running(tmp_path, settings(tmp_path))
    try:
        stack.wait_for("was counted: ctr_1m shows 1 click of it")
        yield stack
    finally:
        stack.stop()


def click(address: str, status: int = 302) -> str | None:
    """One GET as a person's browser sends it to that address; where it leads."""
    parts = urlsplit(address)
    assert (parts.scheme, parts.hostname) == ("http", demo.DOMAIN), address
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=30)
    try:
        connection.request("GET", parts.path, headers={"Host": parts.netloc, "User-Agent": BROWSER})
        answer = connection.getresponse()
        assert answer.status == status, answer.read()
        return answer.headers["Location"]
    finally:
        connection.close()


async def until_shown(page: Page, text: str) -> None:
    """Look again until it is there: what was asked for in vain is told when its minute is over."""
    deadline = time.monotonic() + PATIENCE_S
    while not await page.get_by_text(text).count():
        assert time.monotonic() < deadline, f"{text} was not shown"
        await asyncio.sleep(1)
        await page.reload()
        await expect(page.locator(".head")).to_be_visible()


async def test_a_link_that_is_made_on_the_page_is_clicked_and_seen_counted(running: Running) -> None:
    assert (BUILT / "index.html").exists(), "the page is not built: `make page`"
    sign_in = running.wait_for(r"signed in for ten minutes from now:\s+(\S+)")[1]
    port = running.environment["CLICKTALLY_RUN_PORT"]
    click(f"http://{demo.DOMAIN}:{port}/sprnig", 404)
    async with browser() as chromium:
        page = await chromium.new_page()
        expect.set_options(timeout=PATIENCE_S * 1000 / 4)
        await page.goto(sign_in)
        await expect(page.get_by_role("heading", name="Campaigns")).to_be_visible()
        await page.get_by_role("link", name="Links", exact=True).click()
        await page.get_by_role("link", name="New link").first.click()
        await page.get_by_label("Destination", exact=True).fill("https://example.com/from-the-page")
        await page.get_by_label("Domain", exact=True).fill(demo.DOMAIN)
        await page.get_by_label("Campaign", exact=True).fill("made-on-the-page")
        await page.get_by_label("Channel", exact=True).fill("linkedin")
        await page.get_by_role("button", name="Make the link").click()
        await expect(page.get_by_text("Made. Open it as a visitor would")).to_be_visible()
        slug = urlsplit(page.url).path.rsplit("/", 1)[1]
        assert re.fullmatch(r"\w{4,}", slug)

        clicks = page.locator(".link-counts .value").first
        await expect(clicks).to_have_text("0")
        opened = await page.get_by_role("link", name="Open", exact=True).get_attribute("href") or ""
        assert opened == f"http://{demo.DOMAIN}:{port}/{slug}"
        leads = click(opened) or ""
        assert leads.startswith("https://example.com/from-the-page")
        await expect(clicks).to_have_text("1")

        await page.get_by_role("link", name="To its campaign").click()
        await expect(page.locator(".headlines")).to_contain_text(re.compile(r"clicks\s*1(?!\d)"))
        await page.get_by_role("link", name="Live", exact=True).click()
        await expect(page.get_by_role("row").filter(has_text="made-on-the-page")).to_be_visible()

        await page.get_by_role("link", name="Unknown slugs", exact=True).click()
        await until_shown(page, f"{demo.DOMAIN}/sprnig")
        await page.get_by_role("link", name=f"Make the link {demo.DOMAIN}/sprnig").click()
        await page.get_by_label("Destination", exact=True).fill("https://example.com/spring")
        await page.get_by_role("button", name="Make the link").click()
        await expect(page.get_by_role("heading", name=f"{demo.DOMAIN}/sprnig")).to_be_visible()
        await expect(clicks).to_have_text("0")
        leads = click(f"http://{demo.DOMAIN}:{port}/sprnig") or ""
        assert leads.startswith("https://example.com/spring")
        await expect(clicks).to_have_text("1")
