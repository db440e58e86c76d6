"""Debian's Chromium, headless, for tests of what browsers really send."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, async_playwright

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


def chromium() -> str:
    """The browser's program. Raises AssertionError with what to do when there is none."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    assert program, "no Chromium on the path: `make setup` as root installs it, or `sudo apt-get install chromium`"
    return program


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A running browser with nothing in it."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium(), headless=True, args=list(_FLAGS))
        try:
            yield running
        finally:
            await running.close()
