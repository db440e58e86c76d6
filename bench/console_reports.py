"""Reports over 100 million counter rows, as the page and scripts ask the console for them.

The account is that of `make bench-query`, filled once and kept. A console of its own, with a Kafka of its own, asks
it; each request is of another campaign or of another month than the one before, so that no answer is one that was
kept.
"""

import os
import time
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from bench.console_api import Door, Kind, Request, took_ms
from bench.console_links import publish_token
from bench.machine import LOAD_CORE, SERVER_CORE
from bench.query import DATABASE, filled
from bench.query_asked import MONTH_DAYS
from bench.query_fill import CAMPAIGNS, DAYS, Account
from bench.results import Rounds
from bench.stack import kafka, running, say, scratch
from deploy.local.ports import free_port
from schemas.tokens import new_token

CAMPAIGN_GOAL_MS: Final = 150.0
ACCOUNT_GOAL_MS: Final = 500.0
_TIMES: Final = 30
_MONTHS: Final = 40
"""Different ends of a month, a day apart."""
_CAMPAIGN_STEP: Final = 37
"""Campaigns are asked for in another order than that of their traffic."""


def reports(rows: int, measured: Rounds) -> tuple[float, float]:
    """Ask each kind of report; the slowest p95 (ms) of those of a campaign, and of those of the whole account."""
    with ExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, os.sched_getaffinity(0))
        os.sched_setaffinity(0, {LOAD_CORE, SERVER_CORE})  # what is started here may use both, as in bench.query
        server, account = stack.enter_context(filled(rows))
        place = stack.enter_context(scratch())
        broker = stack.enter_context(kafka(place, partitions=1, core=SERVER_CORE))
        token, bearer = new_token(name="bench", roles=("reports:read",), now_ms=int(time.time() * 1000))
        publish_token(broker.bootstrap, token)
        port = free_port()
        env = {
            "BOOTSTRAP_SERVERS": broker.bootstrap,
            "CLICKHOUSE_URL": f"{server.url}/{DATABASE}",
            "DIRECTORY": str(place / "index"),
            "PORT": str(port),
            "REQUESTS_PER_SECOND": "1000000",
            "REQUESTS_BURST": "1000000",
        }
        api = stack.enter_context(
            contextmanager(running)("api", ["console", "serve"], env, place / "api.log", None)
        )
        api.until(lambda: api.metric("clicktally_api_writer") == 1, "a console that writes")
        door = Door(port, bearer)
        slowest = [
            _slowest(door, kinds, measured) for kinds in (of_a_campaign(account), of_the_whole_account(account))
        ]
    return slowest[0], slowest[1]


def of_a_campaign(account: Account) -> dict[str, Kind]:
    """What is asked of one campaign, or two, over the account's last 30 days."""
    month = _month(account, 0)

    def of(report: str, **chosen: str) -> Kind:
        return lambda number: _get(report, {"campaign": _campaign(number), **chosen, **month})

    def compared(number: int) -> Request:
        sides = [("of", f"campaign={_campaign(number + side)}") for side in range(2)]
        return Request("GET", f"/v1/reports/compare?{urlencode([*sides, *month.items()])}")

    return {
        "report of a campaign: totals": of("totals"),
        "report of a campaign: by day": of("series", unit="day", zone="Europe/Berlin"),
        "report of a campaign: by hour and channel": of("series", unit="hour", by="channel"),
        "report of a campaign: heat map": of("heat-map", zone="Europe/Berlin"),
        "report of a campaign: by channel and profile": of("breakdown", by="channel,profile"),
        "report of a campaign: by channel and profile, CSV": of("breakdown", by="channel,profile", format="csv"),
        "report of a campaign: by channel and profile, Arrow": of(
            "breakdown", by="channel,profile", format="arrow"
        ),
        "report of a campaign: bots": of("breakdown", by="channel", **{"class": "bot"}),
        "report of a campaign: devices": of("clicks", by="device"),
        "report of a campaign: unique clicks": of("uniques"),
        "report of a campaign: quality": of("quality"),
        "report of two campaigns: compared": compared,
    }


def of_the_whole_account(account: Account) -> dict[str, Kind]:
    """What reads all campaigns, over 30 days that end another day each time.

    Posts are judged by the account's median, those of one campaign, too.
    """

    def of(report: str, **chosen: str) -> Kind:
        return lambda number: _get(report, chosen | _month(account, number % _MONTHS))

    def of_one(number: int) -> Request:
        return _get("posts", {"campaign": _campaign(number)} | _month(account, number % _MONTHS))

    return {
        "report of a campaign: posts, judged": of_one,
        "report of the account: campaigns, judged": of("campaigns"),
        "report of the account: the first 100 posts, judged": of("posts", limit="100"),
        "report of the account: channels, judged": of("channels"),
        "report of the account: totals": of("totals"),
        "report of the account: quality": of("quality"),
    }


def _slowest(door: Door, kinds: Mapping[str, Kind], measured: Rounds) -> float:
    """Each kind by one client; the slowest p95."""
    slowest = 0.0
    for name, kind in kinds.items():
        took = took_ms(door, kind, times=_TIMES, clients=1)
        measured.add(name, **took)
        say(f"{name}: p50 {took['p50_ms']:.0f} ms, p95 {took['p95_ms']:.0f} ms")
        slowest = max(slowest, took["p95_ms"])
    return slowest


def _campaign(number: int) -> str:
    return f"campaign-{(20 + number * _CAMPAIGN_STEP) % CAMPAIGNS}"


def _month(account: Account, days_before: int) -> dict[str, str]:
    """The last 30 days of the account, or as many that end some days before."""
    until = account.start + timedelta(days=DAYS - days_before)
    return {"since": _time(until - timedelta(days=MONTH_DAYS)), "until": _time(until)}


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _get(report: str, chosen: dict[str, str]) -> Request:
    return Request("GET", f"/v1/reports/{report}?{urlencode(chosen)}")
