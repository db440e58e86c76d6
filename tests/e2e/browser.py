"""Debian's Chromium, headless, for tests of what browsers really send."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from playwright.async_api import Browser, Page, async_playwright

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_START_S: Final = 60.0


def chromium() -> str:
    """The browser's program. Raises AssertionError with what to do when there is none."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    assert program, "no Chromium on the path: `make setup` as root installs it, or `sudo apt-get install chromium`"
    return program


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A running browser with nothing in it."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=chromium(), headless=True, args=list(_FLAGS), timeout=_START_S * 1000
        )
        try:
            yield running
        finally:
            await running.close()


@asynccontextmanager
async def window() -> AsyncIterator[Page]:
    """A page whose window can be minimized: Playwright's own browsers make theirs believe that they are seen."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        child = await asyncio.create_subprocess_exec(
            chromium(),
            "--headless",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            *_FLAGS,
            "about:blank",
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(_START_S):
                port = await _debugging_port(Path(profile, "DevToolsActivePort"))
            async with async_playwright() as playwright:
                running = await playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}", no_defaults=True)
                (context,) = running.contexts
                # It listens before it has its window.
                yield context.pages[0] if context.pages else await context.wait_for_event("page")
        finally:
            child.terminate()
            await child.wait()


async def set_window(page: Page, state: Literal["minimized", "normal"]) -> None:
    """Minimize the window of a page, or bring it back, until the page knows."""
    session = await page.context.new_cdp_session(page)
    window_id = (await session.send("Browser.getWindowForTarget"))["windowId"]
    await session.send("Browser.setWindowBounds", {"windowId": window_id, "bounds": {"windowState": state}})
    await page.evaluate(
        """hidden => new Promise(done => {
            const look = () => { if (document.hidden == hidden) done() }
            document.addEventListener("visibilitychange", look)
            look()
        })""",
        state == "minimized",
    )
    await session.detach()


async def _debugging_port(written: Path) -> int:
    """The port that the browser listens on, once it wrote it down: the first line of the file."""
    while not (written.exists() and "\n" in written.read_text()):  # noqa: ASYNC110, ASYNC240 - a file says nothing
        await asyncio.sleep(0.02)
    return int(written.read_text().partition("\n")[0])  # noqa: ASYNC240 - of 60 bytes
