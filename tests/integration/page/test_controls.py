"""Controls of the page: a link's other destinations, the time zone, pictures to take along, many posts."""

import asyncio
import json
import re
import uuid
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.async_api import Page, Request, Route, expect

from deploy.local.processes import ClickHouse, Kafka
from tests.integration.clickhouse_http import Http
from tests.integration.console_process import ConsoleProcess
from tests.integration.counted import know_links, run_sql
from tests.integration.page.browser import Looks, each_look, enter, save, saved
from tests.integration.page.world import TOKENS, WRITER
from tests.integration.test_api import prepare
from tests.tokens import token

pytestmark = pytest.mark.asyncio(loop_scope="session")

DOMAIN: Final = f"c{uuid.uuid4().hex[:8]}.example"
"""The topic of links is shared with other tests."""
LOOKS: Final[Looks] = ((360, "light"), (640, "light"), (1280, "dark"))
"""640 is 1280 at 200 %."""
MANY: Final = 120
CROWD: Final = 41
"""The token of an account that has many posts."""


@pytest.fixture(scope="module")
def console(
    kafka: Kafka, clickhouse: ClickHouse, world: Http, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ConsoleProcess]:
    """A console of this module's own, which knows where its links are opened."""
    crowd = token(CROWD, "reports:read", "links:read", account="crowd")
    asyncio.run(prepare(kafka, (*TOKENS, crowd)))
    count_many(world)
    url, group = f"{clickhouse.url}/{world.database}", f"page-controls-{uuid.uuid4().hex}"
    with ConsoleProcess(
        tmp_path_factory.mktemp("page-controls"),
        kafka,
        group,
        clickhouse_url=url,
        domains=DOMAIN,
        link_urls="http://{domain}:8123",
        zones="Europe/Berlin",
    ) as one:
        yield one


def count_many(http: Http) -> None:
    """Posts of an account of their own: the n-th has n clicks of an hour ago, and n of yesterday."""
    names = ", ".join(
        f"('go.example/many-{n}', 1, false, 'crowd', 'many', 'many-{n}', '{('x', 'email')[n % 2]}', 'p', '')"
        for n in range(MANY)
    )
    run_sql(
        http,
        "INSERT INTO links (link, version, deleted, account, campaign, post, channel, profile, aim) VALUES "
        + names,
    )
    know_links(http)
    run_sql(
        http,
        "INSERT INTO counters (kind, link, window_start, class, impression_kind, clicks, impressions)"
        " SETTINGS insert_deduplicate = 0 SELECT 0, concat('go.example/many-', toString(number % 120)),"
        " toStartOfMinute(now()) - if(number < 120, 3600, 86400), 'human', '', number % 120, 0 FROM numbers(240)",
    )


def made(console: ConsoleProcess, slug: str, **more: object) -> dict[str, Any]:
    """A link of a destination, and more."""
    body = {"domain": DOMAIN, "slug": slug, "destination": f"https://acme.example/{slug}", **more}
    answer = console.ask("POST", "/v1/links", body, token=WRITER)
    assert answer.status in (201, 202), answer.body
    link: dict[str, Any] = answer.json
    return link


def read(console: ConsoleProcess, slug: str) -> dict[str, Any]:
    """The link as it is."""
    link: dict[str, Any] = console.ask("GET", f"/v1/links/{DOMAIN}/{slug}", token=WRITER).json
    return link


async def test_rules_and_variants_are_edited_refused_at_their_fields_and_tested_beside(
    page: Page, console: ConsoleProcess
) -> None:
    made(console, "split")
    await enter(page, WRITER, f"/links/{DOMAIN}/split")
    await page.get_by_text("Where else it leads").click()
    await page.get_by_role("button", name="Add a rule").click()
    rule = page.get_by_role("group", name="Rule 1")
    await rule.get_by_label("Name").fill("Alps")
    await rule.get_by_label("Destination").fill("http://127.0.0.1/secret")
    await save(page)
    countries = rule.get_by_label("Countries")
    await expect(countries).to_be_focused()
    await expect(page.locator("#said-rules-0-countries")).to_contain_text("no condition")
    await countries.fill("at, ch")
    await save(page)
    await expect(rule.get_by_label("Destination")).to_be_focused()
    await expect(page.locator("#said-rules-0-destination")).to_contain_text("private network")
    await expect(page.locator(".refused")).to_contain_text("Rule 1: Destination")
    await rule.get_by_label("Destination").fill("https://acme.example/alps")
    await rule.get_by_label("iPhone, iPad").check()

    await page.get_by_role("button", name="Add a variant").click()
    variant = page.get_by_role("group", name="Variant B")
    await variant.get_by_label("Destination").fill("https://acme.example/b")
    await variant.get_by_label("Weight").fill("3")
    await expect(variant).to_contain_text(re.compile(r"75\s%"))
    await expect(page.get_by_role("group", name="The destination above")).to_contain_text(re.compile(r"25\s%"))
    await each_look(page, "destinations", LOOKS)
    await save(page)
    await saved(page)
    link = read(console, "split")
    (kept_rule,) = link["rules"]
    assert (kept_rule["name"], kept_rule["countries"], kept_rule["devices"]) == ("Alps", ["AT", "CH"], ["ios"])
    (kept,) = link["variants"]
    assert (kept["name"], kept["weight"], link["weight"]) == ("B", 3, 1)

    await page.get_by_role("button", name="Test Rule 1").click()
    await expect(page.locator(".answer")).to_contain_text("https://acme.example/alps")
    await expect(page.locator(".answer")).to_contain_text("the rule “Alps” fits this visitor")
    await each_look(page, "destinations-tested", LOOKS)


async def test_destinations_keep_their_numbers_by_another_name_and_rules_their_order(
    page: Page, console: ConsoleProcess
) -> None:
    alps = {"name": "Alps", "destination": "https://acme.example/alps", "countries": ["AT"]}
    (kept,) = made(
        console, "kept", rules=[alps], variants=[{"name": "B", "destination": "https://acme.example/b"}]
    )["variants"]
    await enter(page, WRITER, f"/links/{DOMAIN}/kept?test=1&country=AT")
    await expect(page.locator(".answer")).to_contain_text("https://acme.example/alps")
    await page.get_by_role("group", name="Variant B").get_by_label("Name").fill("Bold")
    await page.get_by_role("button", name="Add a rule").click()
    second = page.get_by_role("group", name="Rule 2")
    await second.get_by_label("Name").fill("Germans")
    await second.get_by_label("Destination").fill("https://acme.example/de")
    await second.get_by_label("Languages").fill("DE")
    await page.get_by_role("button", name="Move Rule 2 up").click()
    await expect(page.get_by_text("It is asked with your edits")).to_be_visible()
    await save(page)
    await saved(page)
    link = read(console, "kept")
    assert [(one["name"], one["number"]) for one in link["variants"]] == [("Bold", kept["number"])]
    assert [one["name"] for one in link["rules"]] == ["Germans", "Alps"]
    await page.get_by_role("button", name="Remove Rule 1").click()
    await page.get_by_role("button", name="Remove Rule 1").click()
    await save(page)
    await saved(page)
    # What is asked beside is asked anew of what was saved.
    await expect(page.locator(".answer")).not_to_contain_text("https://acme.example/alps")
    assert read(console, "kept")["rules"] == []


async def test_a_link_is_tested_as_it_is_written_before_it_is_saved(page: Page, console: ConsoleProcess) -> None:
    made(console, "unsaved")
    await enter(page, WRITER, f"/links/{DOMAIN}/unsaved?test=1&country=AT")
    answer = page.locator(".answer")
    await expect(answer).to_contain_text("https://acme.example/unsaved")
    await page.get_by_label("Destination", exact=True).fill("https://acme.example/written")
    await expect(page.get_by_text("It is asked with your edits")).to_be_visible()
    await expect(answer).to_contain_text("https://acme.example/written")
    await page.get_by_text("Where else it leads").click()
    await page.get_by_role("button", name="Add a rule").click()
    rule = page.get_by_role("group", name="Rule 1")
    await rule.get_by_label("Name").fill("Alps")
    await rule.get_by_label("Destination").fill("https://acme.example/alps")
    await rule.get_by_label("Countries").fill("at")
    await expect(answer).to_contain_text("the rule “Alps” fits this visitor")
    await rule.get_by_label("Destination").fill("http://127.0.0.1/secret")
    await expect(page.locator("details", has=page.get_by_label("Country"))).to_contain_text("private network")
    assert read(console, "unsaved")["destination"] == "https://acme.example/unsaved"
    await rule.get_by_label("Destination").fill("https://acme.example/alps")
    await save(page)
    await saved(page)
    await expect(answer).to_contain_text("https://acme.example/alps")
    await expect(page.get_by_text("It is asked with your edits")).to_have_count(0)


async def test_a_change_that_this_host_does_not_follow_yet_is_saved_and_said_to_hold_in_a_moment(
    page: Page, console: ConsoleProcess
) -> None:
    made(console, "soon")
    await enter(page, WRITER, f"/links/{DOMAIN}/soon")

    async def not_followed(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, status=HTTPStatus.ACCEPTED)

    await page.route("**/v1/links/**/soon", not_followed)
    await page.get_by_label("Title").fill("In a moment")
    await save(page)
    await expect(page.get_by_text("redirector follows in a moment")).to_be_visible()
    assert read(console, "soon")["title"] == "In a moment"


async def test_the_rest_of_a_link_is_edited_too_and_opens_where_its_domain_answers(
    page: Page, console: ConsoleProcess
) -> None:
    made(console, "rest")
    await enter(page, WRITER, f"/links/{DOMAIN}/rest")
    opened = await page.get_by_role("link", name="Open", exact=True).get_attribute("href")
    assert opened == f"http://{DOMAIN}:8123/rest"
    for group in ("When it works", "What the destination is told", "Redirect, impressions and post"):
        await page.locator("summary", has_text=group).click()
    await page.get_by_label("Works until").fill("2030-01-02T12:00")
    await page.get_by_label("After that, leads to").fill("https://acme.example/over")
    await page.get_by_label(re.compile("^Pass the visitor.s query on")).check()
    await page.get_by_label("Add these UTM parameters to the destination").uncheck()
    await page.get_by_label("utm_source").fill("page")
    await page.get_by_label("Browsers keep it for, in seconds").fill("ten")
    await page.get_by_label("Pages that may report impressions").fill("https://blog.example")
    await each_look(page, "link-all", LOOKS)
    await save(page)
    await expect(page.get_by_label("Browsers keep it for, in seconds")).to_be_focused()
    await page.get_by_label("Browsers keep it for, in seconds").fill("60")
    await save(page)
    await saved(page)
    await expect(page.get_by_text("clicks that they answer themselves are not counted")).to_be_visible()
    link = read(console, "rest")
    assert link["expires_at"] == "2030-01-02T11:00:00Z"
    assert (link["expired_destination"], link["pass_query"], link["add_utm"]) == (
        *("https://acme.example/over", True, False),
    )
    assert (link["utm_source"], link["cache_s"], link["origins"]) == ("page", 60, ["https://blog.example"])
    parameter = page.get_by_label(re.compile("^Parameter for the click.s id"))
    await parameter.fill("ct click")
    await save(page)
    await expect(parameter).to_be_focused()
    await parameter.fill("ct_click")
    await save(page)
    await expect(page.get_by_text("no browser may keep a redirect that tells its click's id")).to_be_visible()
    assert read(console, "rest")["click_id_parameter"] == "ct_click"


async def test_a_zone_is_chosen_kept_in_the_address_and_asked_of_reports(page: Page) -> None:
    def asks_tokyo(request: Request) -> bool:
        parts = urlsplit(request.url)
        return parts.path == "/v1/reports/series" and parse_qs(parts.query).get("zone") == ["Asia/Tokyo"]

    await enter(page, WRITER, "/campaigns/spring-sale?days=7")
    await expect(page.locator(".card").first).to_be_visible()
    zones = page.get_by_label("Time zone")
    await expect(zones).to_have_value("Europe/Berlin")
    async with page.expect_request(asks_tokyo):
        await zones.select_option("Asia/Tokyo")
    await expect(page).to_have_url(re.compile("zone=Asia%2FTokyo"))
    await expect(page.locator(".series .readout")).to_contain_text("Asia/Tokyo")
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    href = await page.get_by_role("link", name="Posts as CSV").get_attribute("href") or ""
    assert parse_qs(urlsplit(href).query)["since"][0].endswith("T15:00:00Z"), "midnight in Tokyo"
    await each_look(page, "zone", LOOKS)

    await page.get_by_role("link", name="Quality", exact=True).click()
    await expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    await page.go_back()
    await page.reload()
    await expect(zones).to_have_value("Asia/Tokyo")
    await zones.select_option("Europe/Berlin")
    await expect(page).not_to_have_url(re.compile("zone"))
    await page.goto("/campaigns/spring-sale?zone=Nowhere/Atlantis")
    await expect(zones).to_have_value("Europe/Berlin")


async def test_of_many_posts_cards_come_some_at_a_time_and_filters_are_of_all(page: Page, world: Http) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await enter(page, CROWD, "/campaigns/many?sort=clicks&days=7")
    cards = page.locator(".card")
    await expect(cards).to_have_count(16)
    await expect(page.get_by_text(re.compile("120 posts"))).to_be_visible()
    await expect(cards.first).to_contain_text("many-119")
    await expect(cards.first.locator(".spark .bars").first).to_have_attribute("d", re.compile("M.*z"))
    await page.get_by_role("button", name="Show 16 more; 16 of 120 are shown").click()
    await expect(cards).to_have_count(32)
    await expect(cards.nth(31).locator(".spark .bars").first).to_have_attribute("d", re.compile("M.*z"))
    for shown in range(32, MANY, 16):
        left = min(16, MANY - shown)
        await page.get_by_role("button", name=f"Show {left} more; {shown} of {MANY} are shown").click()
    await expect(cards).to_have_count(MANY)
    await expect(page.get_by_role("button", name="more")).to_have_count(0)
    for url in asked:
        parts = parse_qs(urlsplit(url).query)
        assert len(parts.get("posts", [])) <= 16, "a chart is asked for with its card"
    await each_look(page, "many", LOOKS)
    await page.get_by_role("link", name="Email", exact=True).click()
    await expect(cards).to_have_count(16)
    rows = world.rows(
        "SELECT sum(clicks) FROM link_performance_between(since = '2000-01-01 00:00:00', until ="
        " '2100-01-01 00:00:00') WHERE campaign = 'many' AND channel = 'email'"
    )
    await expect(page.locator(".headlines")).to_contain_text(f"{int(rows[0][0]):,}")


async def test_comparisons_and_live_counts_are_taken_along_as_pictures(page: Page) -> None:
    sides = [urlencode({"campaign": "spring-sale", "post": post}) for post in ("newsletter-44", "founder-note")]
    await enter(page, WRITER, f"/compare?{urlencode([('of', side) for side in sides])}")
    await expect(page.locator("h2.verdict")).to_be_visible()
    for path, name in ((None, "Compare as PNG"), ("/live", "The last ten minutes as PNG")):
        if path:
            await page.goto(path)
            await expect(page.locator(".pulse.on")).to_be_visible()
        async with page.expect_download() as drawing:
            await page.get_by_role("button", name=name).click()
        file = await (await drawing.value).path()
        assert file.read_bytes().startswith(b"\x89PNG")
        assert file.stat().st_size > 5_000
    chart = page.get_by_role("slider", name="The last ten minutes")
    await chart.focus()
    await page.keyboard.press("End")
    await expect(chart).to_have_attribute("aria-valuetext", re.compile("not over yet"))
    await each_look(page, "live-axis", LOOKS)


async def test_answers_of_a_long_paste_come_while_it_lasts(page: Page, console: ConsoleProcess) -> None:
    await enter(page, WRITER, "/links/bulk")
    lines = [
        json.dumps({"slug": f"bulk-{n}", "destination": f"https://acme.example/{n}", "tags": ["bulk"]})
        for n in range(15_000)
    ]
    lines[1500] = json.dumps({"slug": "bulk-wrong", "destination": "http://127.0.0.1/"})
    # As a paste: typing so much would take the test a while.
    await page.get_by_label("Lines").evaluate(
        """(field, text) => {
            field.value = text
            field.dispatchEvent(new Event("input", {bubbles: true}))
        }""",
        "\n".join(lines),
    )
    seen = page.get_by_text(re.compile(r"^\d+ made, 0 changed or deleted, \d refused$"))
    await page.evaluate(
        """() => {
            window.told = new Set()
            const look = () => {
                const made = /^(\\d+) made/.exec(document.querySelector(".results h2")?.textContent ?? "")
                if (made) window.told.add(Number(made[1]))
                requestAnimationFrame(look)
            }
            look()
        }"""
    )
    await page.get_by_role("button", name="Make 15,000 links").click()
    await expect(page.get_by_text("14999 made, 0 changed or deleted, 1 refused")).to_be_visible()
    await expect(seen).to_be_visible()
    assert len(await page.evaluate("[...window.told]")) > 1, "some were told before the last"
    await expect(page.locator("tbody tr").first).to_contain_text("private network")
    assert console.ask("GET", f"/v1/links/{DOMAIN}/bulk-4999", token=WRITER).status == 200
