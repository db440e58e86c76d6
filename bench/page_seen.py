"""What a browser sees of the page: when it paints, how long an interaction takes until it does, what travels."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

FIRST: Final = "first paint"
MORE: Final = "show more"
INTERACTIONS: Final = ("filter by channel", "sort", MORE, "change the period", "open compare")
"""Of few posts there are no more to show."""
_VIEWPORT: Final[ViewportSize] = {"width": 1440, "height": 900}
_WITHIN_MS: Final = 60_000
_SETTLED_S: Final = 1.0
"""What comes after the numbers (texts, small charts, the heat map) is not what an interaction waits for."""

# Chromium says when it painted first. Numbers are there in the task after the frame that follows their elements.
_WATCH: Final = """(() => {
    const seen = window.seen = {first: 0, numbers: 0, took: 0, shown: 0}
    new PerformanceObserver(list => {
        for (const one of list.getEntriesByName("first-contentful-paint")) seen.first = one.startTime
    }).observe({type: "paint", buffered: true})
    const afterPaint = then => requestAnimationFrame(() => {
        const channel = new MessageChannel()
        channel.port1.onmessage = then
        channel.port2.postMessage(0)
    })
    const ready = () => document.querySelector(".headlines .value") && document.querySelector(".card .count")
    const looking = new MutationObserver(() => {
        if (!ready()) return
        looking.disconnect()
        afterPaint(() => { seen.numbers = performance.now() })
    })
    looking.observe(document, {childList: true, subtree: true})
    window.timing = (type, shows) => {
        seen.took = seen.shown = 0
        addEventListener(type, event => {
            afterPaint(() => { seen.took = performance.now() - event.timeStamp })
            if (!shows) return
            // In the event's own task nothing has changed yet.
            const looks = () => {
                if (!document.querySelector(shows)) return requestAnimationFrame(looks)
                afterPaint(() => { seen.shown = performance.now() - event.timeStamp })
            }
            requestAnimationFrame(looks)
        }, {capture: true, once: true})
    }
})()"""


@dataclass(frozen=True)
class Visit:
    """Who looks at which campaign."""

    name: str
    bearer: str
    campaign: str

    @property
    def path(self) -> str:
        """The campaign's address."""
        return f"/campaigns/{quote(self.campaign)}"


Taken = dict[str, list[float]]


async def first_visits(browser: Browser, url: str, visit: Visit, runs: int) -> Taken:
    """Each with an empty cache: when it painted first, when numbers were shown (ms), and what travelled."""
    taken: Taken = defaultdict(list)
    for _ in range(runs):
        context = await _signed_in(browser, url, visit)
        page = await context.new_page()
        network = await context.new_cdp_session(page)
        await network.send("Network.enable")
        kinds: dict[str, str] = {}
        travelled: dict[str, float] = defaultdict(float)
        network.on("Network.responseReceived", lambda event, kinds=kinds: _kind(event, kinds))
        network.on(
            "Network.loadingFinished",
            lambda event, kinds=kinds, travelled=travelled: _count(event, kinds, travelled),
        )
        await page.goto(visit.path)
        await _until(page, "seen.numbers > 0 && seen.first > 0")
        numbers = dict(travelled)
        await page.wait_for_load_state("networkidle")
        seen = await page.evaluate("seen")
        taken[FIRST].append(seen["first"])
        taken["numbers shown"].append(seen["numbers"])
        taken["scripts and styles bytes"].append(travelled["Script"] + travelled["Stylesheet"])
        taken["scripts and styles bytes, until numbers"].append(numbers["Script"] + numbers["Stylesheet"])
        taken["answers bytes, until numbers"].append(numbers.get("Fetch", 0.0))
        taken["answers bytes"].append(travelled["Fetch"])
        await context.close()
    return dict(taken)


async def interactions(browser: Browser, url: str, visit: Visit, runs: int) -> Taken:
    """In one window, one after the other: from the event to the next paint, and until numbers are shown (ms)."""
    context = await _signed_in(browser, url, visit)
    page = await context.new_page()
    page.set_default_timeout(_WITHIN_MS)
    taken: Taken = defaultdict(list)
    channels = page.locator(".channels a")
    sorts = ("clicks", "impressions", "ctr", "newest", "needs")
    for number in range(runs):
        await page.goto(visit.path)
        await _until(page, "seen.numbers > 0")
        await page.wait_for_load_state("networkidle")
        await asyncio.sleep(_SETTLED_S)

        await page.evaluate("timing('click')")
        await channels.nth(1 + number % (await channels.count() - 1)).click()
        taken["filter by channel"].append((await _took(page))["took"])

        await page.evaluate("timing('change')")
        await page.get_by_label("Sort").select_option(sorts[number % 4])
        taken["sort"].append((await _took(page))["took"])

        more = page.locator("button.more")
        if await more.count():
            await page.evaluate("timing('click')")
            await more.click()
            taken[MORE].append((await _took(page))["took"])

        await page.evaluate("timing('click', '.loaded[aria-busy=false] .headlines .value')")
        await page.get_by_role("link", name="7 d", exact=True).click()
        period = await _took(page, shown=True)
        taken["change the period"].append(period["took"])
        taken["change the period, numbers shown"].append(period["shown"])

        await page.evaluate("timing('click', '.adds option:nth-child(2)')")
        await page.get_by_role("link", name="Compare", exact=True).click()
        opened = await _took(page, shown=True)
        taken["open compare"].append(opened["took"])
        taken["open compare, choices shown"].append(opened["shown"])
    await context.close()
    return dict(taken)


async def _signed_in(browser: Browser, url: str, visit: Visit) -> BrowserContext:
    context = await browser.new_context(base_url=url, viewport=_VIEWPORT, locale="en-GB")
    answer = await context.request.post(
        "/v1/session", data={"token": visit.bearer}, headers={"Clicktally-Page": "1"}
    )
    if not answer.ok:
        raise RuntimeError(f"nobody is signed in: {answer.status} {await answer.text()}")
    await context.add_init_script(_WATCH)
    return context


async def _took(page: Page, *, shown: bool = False) -> dict[str, float]:
    await _until(page, "seen.took > 0 && seen.shown > 0" if shown else "seen.took > 0")
    seen: dict[str, float] = await page.evaluate("seen")
    return seen


async def _until(page: Page, condition: str) -> None:
    """Within the page: its policy allows no text that is run there again and again."""
    async with asyncio.timeout(_WITHIN_MS / 1000):
        look = f"const look = () => {condition} ? done() : setTimeout(look, 30)"
        await page.evaluate(f"() => new Promise(done => {{ {look}; look() }})")


def _kind(event: dict[str, Any], kinds: dict[str, str]) -> None:
    kinds[event["requestId"]] = event["type"]


def _count(event: dict[str, Any], kinds: dict[str, str], travelled: dict[str, float]) -> None:
    travelled[kinds.get(event["requestId"], "")] += event["encodedDataLength"]
