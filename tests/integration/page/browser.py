"""The console's page in Chromium: signed in, watched for errors, judged by axe-core, pictured."""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal

from playwright.async_api import Browser, Page, expect

from console.api.page_files import BUILT
from deploy.local.node import PAGE
from tests.integration.console_process import ConsoleProcess
from tests.tokens import bearer_of

WITHIN_MS: Final = 60_000
"""Of a machine that others use too; a second when it is idle."""
PAIR_WITHIN_S: Final = 1.0
"""Of `console/page/src/state/shortcuts.ts`."""
expect.set_options(timeout=WITHIN_MS)
_AXE: Final = PAGE / "node_modules" / "axe-core" / "axe.min.js"
_FINDINGS: Final = """() => axe.run(document, {resultTypes: ["violations"]}).then(result =>
    result.violations.map(one => `${one.id}: ${one.nodes.map(node => node.html.slice(0, 120)).join(" | ")}`))"""
_TOO_WIDE: Final = """() => {
    const {scrollWidth, clientWidth} = document.documentElement
    const beyond = [...document.body.querySelectorAll("*")].filter(one =>
        one.getBoundingClientRect().right > clientWidth + 1 && !one.closest(".scrolls, .canvas, nav"))
    return scrollWidth > clientWidth ? [scrollWidth, ...beyond.map(one => one.outerHTML.slice(0, 120))] : []
}"""
Looks = tuple[tuple[int, Literal["light", "dark"]], ...]
LOOKS: Final[Looks] = ((360, "light"), (1280, "dark"))
"""Widths of the window and colour schemes."""
_WIDE: Final = (1280, 900)
_PICTURES: Final = "CLICKTALLY_TEST_PICTURES"
"""A directory: where it is set, pictures for the documentation are written there."""


@asynccontextmanager
async def window(running: Browser, console: ConsoleProcess) -> AsyncIterator[Page]:
    """A window of the console's page, nobody signed in. Raises AssertionError for errors that the page logged."""
    assert (BUILT / "index.html").exists(), "the page is not built: `make page`"
    context = await running.new_context(
        base_url=f"http://127.0.0.1:{console.port}",
        viewport={"width": _WIDE[0], "height": _WIDE[1]},
        locale="en-GB",
        accept_downloads=True,
    )
    page = await context.new_page()
    page.set_default_timeout(WITHIN_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    try:
        yield page
    finally:
        await context.close()
    # What the network refused is told by the browser itself; the tests of that look at what the page says.
    assert [error for error in errors if "Failed to load resource" not in error and "net::" not in error] == []


@asynccontextmanager
async def away(console: ConsoleProcess) -> AsyncIterator[None]:
    """While the console is killed; it is back and ready afterwards."""
    console.kill()
    try:
        yield
    finally:
        console.start()
        await asyncio.to_thread(console.wait_until_ready)


async def enter(page: Page, number: int, path: str) -> None:
    """Go to an address as the holder of a token, without the form."""
    answer = await page.context.request.post(
        "/v1/session", data={"token": bearer_of(number)}, headers={"Clicktally-Page": "1"}
    )
    assert answer.ok, await answer.text()
    await page.goto(path)


async def sign_in(page: Page, number: int) -> None:
    """With the token of this number, on the form that is shown."""
    await page.get_by_label("Token").fill(bearer_of(number))
    await page.get_by_role("button", name="Sign in").click()


async def ready(page: Page) -> None:
    """Until a page with cards shows its counts, those of now as well."""
    await expect(page.locator(".card").first).to_be_visible()
    await expect(page.locator(".pulse.on")).to_be_visible()
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)


async def press_both(page: Page, first: str, second: str) -> None:
    """One key after the other within the second in which they are a pair."""
    pressed_s = PAIR_WITHIN_S
    while pressed_s >= PAIR_WITHIN_S:
        began = time.monotonic()
        await page.keyboard.press(first)
        await page.keyboard.press(second)
        pressed_s = time.monotonic() - began


async def save(page: Page) -> None:
    """Press Save, whatever becomes of it."""
    await page.get_by_role("button", name="Save", exact=True).click()


async def saved(page: Page) -> None:
    """Until the page says that it is saved. Of texts, parts are found in any case: `Saved.` alone would be found in
    what is said of edits that are not saved, too.
    """
    await expect(page.get_by_text("Saved. Visitors are led there from now on.")).to_be_visible()


async def findings(page: Page) -> list[str]:
    """What axe-core says of the page, and whether it scrolls sideways."""
    await page.evaluate(_AXE.read_text())
    found: list[str] = await page.evaluate(_FINDINGS)
    wide: list[str] = await page.evaluate(_TOO_WIDE)
    return [*found, *(f"scrolls sideways: {one}" for one in wide)]


async def each_look(page: Page, name: str, looks: Looks = LOOKS) -> None:
    """The page as it is now, in every width and colour scheme: axe-core finds nothing, pictures where wanted."""
    for width, scheme in looks:
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size({"width": width, "height": _WIDE[1]})
        await picture(page, f"{name}-{width}-{scheme}")
        found = await findings(page)
        assert not found, (name, width, scheme, found)
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": _WIDE[0], "height": _WIDE[1]})


async def picture(page: Page, name: str) -> None:
    """Write a picture of the window for the documentation, where pictures are wanted."""
    if directory := os.environ.get(_PICTURES):
        await page.screenshot(path=Path(directory) / f"{name}.png", animations="disabled")


async def counts_of(page: Page, selector: str) -> list[dict[str, Any]]:
    """The text, clicks and impressions of each element."""
    texts = await page.locator(selector).all_inner_texts()
    return [
        {"text": text, "clicks": number_in(text, "clicks"), "impressions": number_in(text, "impressions")}
        for text in texts
    ]


def number_in(text: str, unit: str) -> int:
    """The number before, or in the line after, its unit."""
    found = re.search(rf"([\d,]+)\s+{unit}\b|\b{unit}\s+([\d,]+)", text)
    assert found, f"no {unit} in {text!r}"
    return int((found[1] or found[2]).replace(",", ""))
