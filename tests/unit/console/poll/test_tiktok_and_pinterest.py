"""TikTok's codes and cursor; Pinterest's ninety days."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from console.poll.platforms.pinterest import first_and_last_day
from console.poll.state import Post
from tests.platform_servers.pinterest import PinterestServer
from tests.platform_servers.server import Fault
from tests.platform_servers.tiktok import TikTokServer, error
from tests.unit.console.poll.polling import DAY_MS, START, START_MS, START_S, SomeLinks, polling


async def test_tiktoks_own_list_and_numbers(tmp_path: Path) -> None:
    server = TikTokServer()
    server.videos = {str(7000 - number): (number, int(START_S) - number * 86_400) for number in range(5)}
    async with polling(server, "tiktok", tmp_path) as account:
        result = await account.round("6000")
    assert (result.state, result.snapshots, result.gone) == ("ok", 5, 1)
    assert server.paths().count("/v2/video/list/") == 3


async def test_twenty_videos_are_one_call_and_one_more_is_another(tmp_path: Path) -> None:
    server = TikTokServer()
    async with polling(server, "tiktok", tmp_path) as account:
        await account.round(*(str(number) for number in range(21)))
    assert server.paths().count("/v2/video/query/") == 2


@pytest.mark.parametrize(
    ("status", "code", "state", "slept"),
    [
        (429, "rate_limit_exceeded", "ok", [60]),
        (200, "rate_limit_exceeded", "ok", [60]),
        (401, "access_token_invalid", "token", []),
        (200, "access_token_invalid", "token", []),
        (401, "scope_not_authorized", "token", []),
        (200, "invalid_params", "failing", []),
    ],
)
async def test_the_code_of_tiktoks_error_tells_whatever_the_status(
    tmp_path: Path, status: int, code: str, state: str, slept: list[float]
) -> None:
    server = TikTokServer()
    server.videos = {"7000": (5, int(START_S))}
    server.faults = [Fault(status, {"data": {}, **error(code, "told")})]
    async with polling(server, "tiktok", tmp_path) as account:
        result = await account.round()
    assert (result.state, account.clock.slept) == (state, slept)
    assert state == "ok" or code in result.error


async def test_the_days_of_a_pin_become_totals_of_days(tmp_path: Path) -> None:
    server = PinterestServer(START.date())
    server.pins = {"55": {"2026-11-26": 10, "2026-11-27": 4}}
    server.made = {"55": "2026-11-20T10:00:00"}
    async with polling(server, "pinterest", tmp_path) as account:
        account.links = SomeLinks("sho.rt/55")
        result = await account.round()
    assert (result.state, result.snapshots, result.matched) == ("ok", 2, 2)
    assert server.requests[-1].query["start_date"] == "2026-11-20"
    assert account.sent[0].start_ms == datetime(2026, 11, 26, tzinfo=UTC).timestamp() * 1000


async def test_pins_are_listed_by_bookmark_and_deleted_ones_are_gone(tmp_path: Path) -> None:
    server = PinterestServer(START.date())
    server.made = {str(number): "2026-11-20T10:00:00" for number in range(5)}
    server.pins = {str(number): {"2026-11-26": 1} for number in range(4)}
    async with polling(server, "pinterest", tmp_path) as account:
        result = await account.round()
    assert (result.snapshots, result.gone) == (4, 1)
    assert server.paths().count("/v5/pins") == 3


@pytest.mark.parametrize("age_days", [89, 90, 91, 500])
async def test_no_more_than_ninety_days_back_are_asked_for(tmp_path: Path, age_days: int) -> None:
    server = PinterestServer(START.date())
    server.pins = {"55": {}}
    async with polling(server, "pinterest", tmp_path) as account:
        result = await account.round(Post(id="55", published_ms=START_MS - age_days * DAY_MS))
    assert result.complaints == []
    first = date.fromisoformat(server.requests[-1].query["start_date"])
    assert first == START.date() - timedelta(days=min(age_days, 90))


@pytest.mark.parametrize(("clock", "first"), [((23, 54, 59), 29), ((23, 55, 0), 30)])
def test_shortly_before_midnight_the_ninety_days_are_those_of_tomorrow(
    clock: tuple[int, int, int], first: int
) -> None:
    now = datetime(2026, 11, 27, *clock, tzinfo=UTC)
    assert first_and_last_day(0, int(now.timestamp() * 1000)) == (date(2026, 8, first), date(2026, 11, 27))


def test_a_pin_of_a_moment_ago_on_a_faster_clock_is_asked_for_today() -> None:
    assert first_and_last_day(START_MS + DAY_MS, START_MS) == (START.date(), START.date())


async def test_pinterests_429_lasts_as_long_as_its_reset_says(tmp_path: Path) -> None:
    server = PinterestServer(START.date())
    server.pins = {"55": {"2026-11-26": 1}}
    server.faults = [
        Fault(429, {"code": 8, "message": "You have exceeded your rate limit"}, {"X-RateLimit-Reset": "17"})
    ]
    async with polling(server, "pinterest", tmp_path) as account:
        assert (await account.round("55")).state == "ok"
    assert account.clock.slept == [17]
