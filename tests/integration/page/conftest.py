"""One browser, one console and one month of counts for all tests of the page."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from deploy.local.processes import ClickHouse, Kafka
from tests.e2e.browser import browser
from tests.integration.clickhouse_http import Http
from tests.integration.console_process import ConsoleProcess
from tests.integration.migrated import make_migrated
from tests.integration.page.browser import window
from tests.integration.page.visits import miss, visit
from tests.integration.page.world import TOKENS, WRITER, fill, name_posts
from tests.integration.test_api import prepare


@pytest.fixture(scope="package")
def world(clickhouse: ClickHouse) -> Iterator[Http]:
    """A database with a month of counts and who is behind them; what a test adds to it stays."""
    database = f"page_{uuid.uuid4().hex}"
    http = make_migrated(clickhouse.url, database)
    now = datetime.now(UTC)
    fill(http, now)
    visit(http, now)
    yield http
    http(f"DROP DATABASE {database}")


@pytest.fixture(scope="package")
def visited(world: Http) -> Http:
    """The month of counts and visitors, and what led nowhere."""
    miss(world, datetime.now(UTC))
    return world


@pytest.fixture(scope="package")
def console(
    kafka: Kafka, clickhouse: ClickHouse, world: Http, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ConsoleProcess]:
    """A console that shows them, with a record of each post; a module that needs other settings starts its own."""
    asyncio.run(prepare(kafka, TOKENS))
    url, group = f"{clickhouse.url}/{world.database}", f"page-{uuid.uuid4().hex}"
    with ConsoleProcess(tmp_path_factory.mktemp("page"), kafka, group, clickhouse_url=url) as one:
        name_posts(one, datetime.now(UTC), token=WRITER)
        yield one


@pytest_asyncio.fixture(loop_scope="session", scope="package")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for all; each test has a window with cookies of its own."""
    async with browser() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def page(chromium: Browser, console: ConsoleProcess) -> AsyncIterator[Page]:
    """A window, nobody signed in."""
    async with window(chromium, console) as one:
        yield one
