"""Who clicked, and what was asked for in vain: on the page as SQL says it."""

import csv
import io
import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Locator, Page, expect

from tests.integration.clickhouse_http import Http
from tests.integration.page.browser import Looks, each_look, enter, findings, ready
from tests.integration.page.world import EVERYBODY, WRITER

pytestmark = pytest.mark.asyncio(loop_scope="session")

CAMPAIGN: Final = "/campaigns/spring-sale"
MORE_LOOKS: Final[Looks] = ((360, "dark"), (640, "light"), (1280, "light"), (1280, "dark"))


def whole(text: str) -> int:
    """The number in a text."""
    return int(re.sub(r"\D", "", text))


async def query_of(link: Locator) -> dict[str, str]:
    """The parameters of a link's address."""
    href = await link.get_attribute("href") or ""
    return {name: values[0] for name, values in parse_qs(urlsplit(href).query).items()}


def sql_time(text: str) -> str:
    return text.replace("T", " ").removesuffix("Z")


async def test_unique_clicks_are_those_of_sql_in_all_by_post_and_by_profile(page: Page, visited: Http) -> None:
    await enter(page, WRITER, f"{CAMPAIGN}?days=7")
    await ready(page)
    times = await query_of(page.get_by_role("link", name="Posts as CSV"))
    since, until = sql_time(times["since"]), sql_time(times["until"])

    def distinct(by: str, condition: str = "true") -> dict[str, int]:
        """Different visitors of each day, counted one by one."""
        rows = visited.rows(
            f"SELECT label, sum(of_day) FROM (SELECT {by} AS label, toDate(time) AS day,"
            " uniqExact(visitor) AS of_day FROM events INNER JOIN (SELECT * FROM links FINAL) AS links USING (link)"
            f" WHERE campaign = 'spring-sale' AND class = 'human' AND time >= '{since}' AND time < '{until}'"
            f" AND {condition} GROUP BY label, day) GROUP BY label"
        )
        return {label: int(amount) for label, amount in rows}

    headline = page.locator(".headlines .headline").filter(has_text="daily unique clicks")
    await expect(headline).to_be_visible()
    assert whole(await headline.locator(".value").inner_text()) == distinct("campaign")["spring-sale"]
    expected = distinct("post")
    cards = await page.locator(".card", has_text="daily unique clicks").all_inner_texts()
    shown = sorted(whole(found[1]) for card in cards if (found := re.search(r"([\d,]+) daily unique clicks", card)))
    assert shown == sorted(expected.values())

    await page.get_by_role("link", name="LinkedIn", exact=True).click()
    linkedin = distinct("channel", "channel = 'linkedin'")["linkedin"]
    await expect(headline.locator(".value")).to_have_text(f"{linkedin:,}")
    await page.get_by_role("link", name="LinkedIn", exact=True).click()
    profiles = page.locator("table.profiles tbody tr")
    by_profile = distinct("concat(channel, profile)")
    for one in await profiles.all():
        name = (await one.locator("td").first.inner_text()).split(" ", 1)
        channel = {"Search": "search", "X": "x"}.get(name[0], name[0].lower())
        profile = name[1].removeprefix("ads ")
        await expect(one.locator("td").nth(4)).to_have_text(f"{by_profile.get(channel + profile, 0):,}")

    await page.get_by_text("How was this counted?").click()
    await expect(page.locator(".counted")).to_contain_text("visitors of each UTC day")
    (rules,) = visited.rows("SELECT DISTINCT rules FROM counters WHERE class = 'human' AND clicks > 0")
    await expect(page.locator(".counted dd", has_text="the lists and rules that told")).to_contain_text(rules[0])
    await page.get_by_label("Clicks", exact=True).select_option("bot")
    await expect(headline).to_have_count(0)


async def test_breakdowns_say_what_sql_says_and_are_narrowed_by_any_value(page: Page, visited: Http) -> None:
    await enter(page, WRITER, CAMPAIGN)
    await ready(page)
    panel = page.get_by_role("region", name="Countries")
    await expect(panel.locator("tbody tr")).to_have_count(6)

    async def shown() -> list[tuple[str, int]]:
        rows = [(await one.locator("td").first.inner_text(), one) for one in await panel.locator("tbody tr").all()]
        return [(await row.locator("th").inner_text(), whole(clicks)) for clicks, row in rows]

    asked = await query_of(panel.get_by_role("link", name="Countries as CSV"))
    days = f"day >= '{asked['since'][:10]}' AND day < '{asked['until'][:10]}'"

    def counted(condition: str = "true") -> list[tuple[str, int]]:
        rows = visited.rows(
            "SELECT country, sumIf(clicks, class = 'human') AS people FROM breakdown_1d INNER JOIN"
            " (SELECT * FROM links FINAL) AS links USING (link)"
            f" WHERE campaign = 'spring-sale' AND {days} AND {condition} GROUP BY country"
            " HAVING people > 0 ORDER BY people DESC, sum(clicks) DESC, country"
        )
        return [(country, int(people)) for country, people in rows]

    names = {"DE": "Germany", "AT": "Austria", "CH": "Switzerland"}
    expected = counted()
    assert [(names.get(name, name), clicks) for name, clicks in expected[:3]] == (await shown())[:3]
    assert sum(clicks for _, clicks in await shown()) == sum(clicks for _, clicks in expected)
    await expect(panel).to_contain_text("all others")
    await expect(page.get_by_role("link", name="IP Geolocation by DB-IP")).to_have_attribute(
        "href", "https://db-ip.com"
    )
    await page.locator(".breakdowns").scroll_into_view_if_needed()
    await each_look(page, "breakdowns", MORE_LOOKS)

    await panel.get_by_role("button", name="Show more").click()
    await expect(panel.locator("tbody tr")).to_have_count(len(expected))
    await page.get_by_role("region", name="Devices").get_by_role("link", name="Device Phone").click()
    await expect(page.locator(".narrowed")).to_contain_text("Device Phone")
    await expect(page).to_have_url(re.compile("device=phone"))
    phones = counted("device = 'phone'")
    await expect(panel.locator("tbody tr").first.locator("td").first).to_have_text(f"{phones[0][1]:,}")
    assert sum(clicks for _, clicks in await shown()) == sum(clicks for _, clicks in phones)
    await page.go_back()
    await expect(page.locator(".narrowed")).to_have_count(0)

    await page.get_by_label("more breakdowns", exact=True).select_option("utm_source")
    await expect(page.get_by_role("region", name="utm_source")).to_contain_text("newsletter")
    async with page.expect_download() as saving:
        await panel.get_by_role("button", name="Countries as PNG").click()
    assert (await (await saving.value).path()).read_bytes().startswith(b"\x89PNG")
    await panel.get_by_text("SQL", exact=True).click()
    rows = visited.rows(await panel.locator(".sql pre").inner_text())
    assert sum(int(row[2]) for row in rows) == sum(clicks for _, clicks in expected)


async def test_one_link_tells_who_clicked_it_when_and_from_where(page: Page, visited: Http) -> None:
    link = "go.example/newsletter-44"
    await enter(page, WRITER, f"/links/{link}/clicks?days=7")
    panel = page.get_by_role("region", name="Countries")
    await expect(panel.locator("tbody tr").first).to_be_visible()
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    times = await query_of(page.get_by_role("link", name="When people click as CSV"))
    (counted,) = visited.rows(
        f"SELECT sumIf(clicks, class = 'human'), sum(impressions) FROM counters WHERE link = '{link}'"
        f" AND window_start >= '{sql_time(times['since'])}' AND window_start < '{sql_time(times['until'])}'"
    )
    shown = await page.locator(".headlines .value").all_inner_texts()
    assert [whole(one) for one in shown[:2]] == [int(one) for one in counted]
    assert 0 < whole(shown[3]) <= whole(shown[0])
    asked = await query_of(panel.get_by_role("link", name="Countries as CSV"))
    (first,) = visited.rows(
        "SELECT sum(clicks) AS people FROM breakdown_1d WHERE class = 'human'"
        f" AND link = '{link}' AND day >= '{asked['since'][:10]}' AND day < '{asked['until'][:10]}'"
        " GROUP BY country ORDER BY people DESC LIMIT 1"
    )
    await expect(panel.locator("tbody tr").first.locator("td").first).to_have_text(f"{int(first[0]):,}")
    await each_look(page, "link-clicks", MORE_LOOKS)
    await page.get_by_label("Clicks", exact=True).select_option("bot")
    await expect(page.locator(".breakdowns")).to_contain_text("bots\u2019 clicks")


async def test_what_was_asked_for_in_vain_is_found_and_becomes_a_link(page: Page, visited: Http) -> None:
    await enter(page, EVERYBODY, "/unknown")
    rows = page.locator("table.missed tbody tr")
    await expect(rows).to_have_count(6)
    csv_link = page.get_by_role("link", name="Unknown slugs as CSV")
    asked = await query_of(csv_link)
    expected = {
        (slug, reason): int(requests)
        for slug, reason, requests in visited.rows(
            "SELECT slug, reason, sum(requests) FROM unknown_slugs"
            f" WHERE day >= '{asked['since'][:10]}' AND day < '{asked['until'][:10]}' GROUP BY slug, reason"
        )
    }
    reasons = {"unknown": "there is no such link", "expired": "its time is over", "deleted": "it was deleted"}
    for (slug, reason), requests in expected.items():
        row = rows.filter(has_text=f"go.example/{slug}" if slug else "all other slugs together")
        await expect(row).to_contain_text(reasons[reason])
        await expect(row.locator("td").nth(2)).to_have_text(f"{requests:,}")
    chart = page.get_by_role("slider", name="Requests by day")
    await chart.focus()
    await page.keyboard.press("End")
    assert "not over yet" in (await chart.get_attribute("aria-valuetext") or "")
    await page.locator("h1").click()
    await each_look(page, "unknown", MORE_LOOKS)
    answer = await page.context.request.get(await csv_link.get_attribute("href") or "")
    told = csv.DictReader(io.StringIO(await answer.text()))
    assert sum(int(row["requests"]) for row in told) == sum(expected.values())
    async with page.expect_download() as drawing:
        await page.get_by_role("button", name="Requests by day as PNG").click()
    assert (await (await drawing.value).path()).read_bytes().startswith(b"\x89PNG")

    await page.keyboard.press("/")
    await page.keyboard.type("sprnig")
    await expect(rows).to_have_count(1)
    await expect(page).to_have_url("/unknown?search=sprnig")
    await rows.locator("summary").click()
    await expect(rows).to_contain_text("gardeners.example")
    await page.get_by_role("link", name="Make the link go.example/sprnig").click()
    await expect(page.get_by_label("Slug", exact=True)).to_have_value("sprnig")
    await expect(page.get_by_label("Domain", exact=True)).to_have_value("go.example")
    await page.go_back()
    await page.get_by_label("Find a slug").fill("nothing like it")
    await expect(page.get_by_text("No slug fits")).to_be_visible()
    assert await findings(page) == []
    await page.goto("/unknown?from=2020-01-01&to=2020-01-07")
    await expect(page.get_by_text("Nobody asked in vain in this period")).to_be_visible()
    assert await findings(page) == []


@pytest.mark.usefixtures("visited")
async def test_an_account_sees_its_own_expired_and_deleted_links_alone(page: Page) -> None:
    await enter(page, WRITER, "/unknown")
    rows = page.locator("table.missed tbody tr")
    await expect(rows).to_have_count(2)
    await expect(page.get_by_text("what is unknown belongs to no account")).to_be_visible()
    await expect(rows.filter(has_text="winter-sale").get_by_role("link", name="Bring it back")).to_be_visible()
    await page.get_by_label("Why it leads nowhere").select_option("expired")
    await expect(rows).to_have_count(1)
    await rows.get_by_role("link", name="See the link").click()
    await expect(page).to_have_url(re.compile("/links/go.example/newsletter-40"))
