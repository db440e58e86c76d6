"""Links on the page: found, made, changed by two at once, tested, pasted, put away and brought back."""

import asyncio
import json
import re
import uuid
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.async_api import Page, expect

from deploy.local.processes import ClickHouse, Kafka
from tests.integration.clickhouse_http import Http
from tests.integration.console_process import ConsoleProcess
from tests.integration.page.browser import each_look, enter, findings, save, saved
from tests.integration.page.world import LOOKER, POSTS, TOKENS, WRITER
from tests.integration.streams import wait_for
from tests.integration.test_api import prepare

pytestmark = pytest.mark.asyncio(loop_scope="session")

DOMAIN: Final = f"p{uuid.uuid4().hex[:8]}.example"
"""The topic of links is shared with other tests."""


@pytest.fixture(scope="module")
def console(
    kafka: Kafka, clickhouse: ClickHouse, world: Http, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ConsoleProcess]:
    """A console of this module's own: on its domain each post has a link."""
    asyncio.run(prepare(kafka, TOKENS))
    url, group = f"{clickhouse.url}/{world.database}", f"page-links-{uuid.uuid4().hex}"
    place = tmp_path_factory.mktemp("page-links")
    with ConsoleProcess(place, kafka, group, clickhouse_url=url, domains=DOMAIN) as one:
        for post in POSTS:
            body = {
                "domain": DOMAIN,
                "slug": post.name,
                "destination": f"https://acme.example/{post.name}",
                "title": post.text,
                "campaign": post.campaign,
                "channel": post.channel,
                "post": post.name,
                "profile": post.profile,
                "tags": ["garden"],
            }
            answer = one.ask("POST", "/v1/links", body, token=WRITER)
            assert answer.status in (201, 202), answer.body
        wait_for(lambda: named(one) >= {post.campaign for post in POSTS}, "the campaigns have records")
        yield one


def named(console: ConsoleProcess) -> set[str]:
    """Campaigns that have a record: the page offers these."""
    return {one["name"] for one in console.ask("GET", "/v1/campaigns", token=WRITER).json["campaigns"]}


async def test_links_are_found_by_letters_and_labels_and_the_address_says_by_which(page: Page) -> None:
    await enter(page, WRITER, f"/links?domain={DOMAIN}")
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(len(POSTS))
    await each_look(page, "links")
    await page.keyboard.press("/")
    await page.keyboard.type("newsletter")
    await expect(rows).to_have_count(3)
    await expect(page).to_have_url(re.compile("search=newsletter"))
    await page.get_by_label("Campaign").select_option("spring-sale")
    await expect(rows).to_have_count(2)
    await page.reload()
    await expect(rows).to_have_count(2)
    await page.go_back()
    await expect(rows).to_have_count(3)
    await page.get_by_label("Find a link").fill("nothing like it")
    await expect(page.get_by_text("No link fits")).to_be_visible()
    assert await findings(page) == []


async def test_what_the_api_refuses_is_said_at_its_field_and_a_slug_is_made_up(page: Page) -> None:
    await enter(page, WRITER, f"/links?domain={DOMAIN}")
    await expect(page.locator("tbody tr").first).to_be_visible()
    await page.keyboard.press("n")
    await page.get_by_label("Destination", exact=True).fill("http://127.0.0.1/secret")
    await page.get_by_role("button", name="Make the link").click()
    field = page.get_by_label("Destination", exact=True)
    await expect(field).to_be_focused()
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#said-destination")).to_contain_text("private network")
    await each_look(page, "new-link")

    await field.fill("https://acme.example/roses")
    await page.get_by_label("Slug").fill(POSTS[0].name)
    await page.get_by_role("button", name="Make the link").click()
    await expect(page.locator(".wrong, .refused").first).to_be_visible()
    await page.get_by_label("Slug").fill("")
    await page.get_by_label("Campaign", exact=True).fill("roses-for-all")
    await page.get_by_role("button", name="Make the link").click()
    await expect(page.get_by_text("Made. Open it as a visitor would")).to_be_visible()
    await expect(page.locator("h1")).to_contain_text(re.compile(rf"{re.escape(DOMAIN)}/\w{{4,}}"))


async def test_two_who_edit_one_link_overwrite_nothing_unseen(page: Page, console: ConsoleProcess) -> None:
    slug = POSTS[1].name
    await enter(page, WRITER, f"/links/{DOMAIN}/{slug}")
    title = page.get_by_label("Title")
    await title.fill("Mine")
    other = {"title": "Theirs", "destination": "https://acme.example/theirs"}
    answer = console.ask("PATCH", f"/v1/links/{DOMAIN}/{slug}", other, token=WRITER)
    assert answer.status in (200, 202), answer.body
    await save(page)
    conflict = page.get_by_role("alert")
    await expect(conflict).to_contain_text("Somebody changed this link meanwhile")
    await expect(conflict).to_contain_text("they made it Theirs, you Mine")
    await expect(page.get_by_label("Destination", exact=True)).to_have_value("https://acme.example/theirs")
    await expect(title).to_have_value("Mine")
    await each_look(page, "conflict")
    assert console.ask("GET", f"/v1/links/{DOMAIN}/{slug}", token=WRITER).json["title"] == "Theirs"

    await save(page)
    await saved(page)
    kept = console.ask("GET", f"/v1/links/{DOMAIN}/{slug}", token=WRITER).json
    assert (kept["title"], kept["destination"]) == ("Mine", "https://acme.example/theirs")


async def test_a_link_is_tested_drawn_archived_deleted_and_restored(page: Page) -> None:
    slug = POSTS[2].name
    await enter(page, WRITER, f"/links/{DOMAIN}/{slug}?test=1&country=DE&query=qr%3D1")
    await expect(page.locator(".answer")).to_contain_text(f"https://acme.example/{slug}")
    await expect(page.locator(".answer")).to_contain_text("as a click, by its QR code")
    drawn = await page.locator("img.code").evaluate("image => image.decode().then(() => image.naturalWidth)")
    assert drawn > 0
    await each_look(page, "link")
    for kind, begins in (("SVG", b"<"), ("PNG", b"\x89PNG")):
        async with page.expect_download() as saving:
            await page.get_by_role("link", name=f"{kind} of the QR code").click()
        assert (await (await saving.value).path()).read_bytes().startswith(begins)

    await page.get_by_role("button", name="Archive").click()
    await expect(page.get_by_role("button", name="Fetch back from the archive")).to_be_visible()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_role("button", name="Delete it").click()
    await expect(page).to_have_url("/links/deleted")
    row = page.get_by_role("row").filter(has_text=f"{DOMAIN}/{slug}")
    await expect(row).to_be_visible()
    await each_look(page, "deleted")
    await row.get_by_role("button").click()
    await expect(page.get_by_text(f"{DOMAIN}/{slug} is back.")).to_be_visible()
    await expect(row).to_have_count(0)


async def test_many_lines_are_answered_one_by_one(page: Page, console: ConsoleProcess) -> None:
    await enter(page, WRITER, "/links/bulk?campaign=spring-sale")
    lines = [
        "https://acme.example/one bulk-one",
        f"https://acme.example/two {POSTS[0].name}",
        "nothing",
        json.dumps({"slug": "bulk-three", "destination": "https://acme.example/three"}),
        "{broken",
    ]
    await page.get_by_label("Lines").fill("\n".join(lines))
    await page.get_by_role("button", name="Make 5 links").click()
    await expect(page.get_by_text("2 made, 0 changed or deleted, 3 refused")).to_be_visible()
    await each_look(page, "bulk")
    made = console.ask("GET", f"/v1/links/{DOMAIN}/bulk-one", token=WRITER).json
    assert (made["destination"], made["campaign"]) == ("https://acme.example/one", "spring-sale")
    untouched = console.ask("GET", f"/v1/links/{DOMAIN}/{POSTS[0].name}", token=WRITER).json
    assert untouched["destination"] == f"https://acme.example/{POSTS[0].name}"
    await page.get_by_role("button", name="Keep the refused lines only").click()
    await expect(page.get_by_label("Lines")).to_have_value("\n".join([lines[1], lines[2], lines[4]]))


async def test_whoever_may_only_look_is_offered_no_change(page: Page) -> None:
    await enter(page, LOOKER, f"/links/{DOMAIN}/{POSTS[0].name}")
    await expect(page.get_by_text("Your token may look at links, not change them")).to_be_visible()
    await expect(page.get_by_role("button", name="Save")).to_have_count(0)
    assert await findings(page) == []
    await page.goto("/links/bulk")
    await expect(page.get_by_role("heading", name="Your token may not see this")).to_be_visible()
