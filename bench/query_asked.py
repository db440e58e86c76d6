"""What people ask of the public views, as their tools write it: some thirty questions, and the goals of some."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bench.query_fill import Account

MONTH_DAYS: Final = 30


@dataclass(frozen=True)
class Question:
    """One question. `sql` may name {campaign} and {link}, which change from one time to the next."""

    name: str
    sql: str
    goal: str = ""
    """Which of GOALS_MS its p95 counts for; empty: none."""


GOALS_MS: Final = {
    "one campaign, 30 days": 70.0,
    "one campaign, 30 days, by a plain join": 120.0,
    "account total, last hour": 30.0,
    "one link, last day": 15.0,
    "account-wide leaderboards, 30 days": 250.0,
    "account by day, a year": 50.0,
    "previews": 60.0,
}
_CAMPAIGN, _JOIN, _HOUR, _LINK, _LEADERS, _YEAR, _PREVIEW = GOALS_MS


def questions(account: Account) -> list[Question]:
    """The questions about an account, relative to its end."""
    end = account.start + timedelta(days=365)
    month = f"window_start >= '{_time(end - timedelta(days=MONTH_DAYS))}'"
    hour = f"window_start >= '{_time(end - timedelta(hours=1))}'"
    day = f"window_start >= '{_time(end - timedelta(days=1))}'"
    between = _between(end - timedelta(days=MONTH_DAYS), end)
    before = _between(end - timedelta(days=2 * MONTH_DAYS), end - timedelta(days=MONTH_DAYS))
    of_campaign = "link IN (SELECT link FROM links_now WHERE campaign = '{campaign}')"
    counts = "sum(clicks) AS c, sum(impressions) AS i, c / i AS ratio"
    return [
        Question("campaign: total", f"SELECT {counts} FROM ctr_1d WHERE {of_campaign} AND {month}", _CAMPAIGN),
        Question(
            "campaign: by day",
            f"SELECT window_start, {counts} FROM ctr_1d WHERE {of_campaign} AND {month}"
            " GROUP BY window_start ORDER BY window_start",
            _CAMPAIGN,
        ),
        Question(
            "campaign: by link",
            f"SELECT link, {counts} FROM ctr_1d WHERE {of_campaign} AND {month} GROUP BY link ORDER BY c DESC",
            _CAMPAIGN,
        ),
        Question(
            "campaign: by day of Kolkata",
            f"SELECT day, {counts} FROM ctr_1d_tz(zone = 'Asia/Kolkata') WHERE {of_campaign}"
            f" AND day >= '{end - timedelta(days=MONTH_DAYS):%Y-%m-%d}' GROUP BY day ORDER BY day",
        ),
        Question(
            "campaign: classes",
            f"SELECT sum(clicks), sum(bot_clicks), sum(prefetch_clicks), sum(unknown_clicks) FROM ctr_1d"
            f" WHERE {of_campaign} AND {month}",
            _CAMPAIGN,
        ),
        Question(
            "campaign: by channel, plain join",
            f"SELECT channel, {counts} FROM ctr_1d JOIN links_now ON ctr_1d.link = links_now.link"
            f" WHERE campaign = '{{campaign}}' AND {month} GROUP BY channel",
            _JOIN,
        ),
        Question("account: last hour", f"SELECT sum(clicks), sum(gross_clicks) FROM totals_1m WHERE {hour}", _HOUR),
        Question("account: last day by minute", f"SELECT * FROM totals_1m WHERE {day} ORDER BY window_start"),
        Question(
            "link: last day by minute",
            f"SELECT window_start, clicks, impressions FROM ctr_1m WHERE link = '{{link}}' AND {day}"
            " ORDER BY window_start",
            _LINK,
        ),
        Question(
            "link: a year by day",
            "SELECT window_start, clicks, impressions FROM ctr_1d WHERE link = '{link}' ORDER BY window_start",
        ),
        Question(
            "leaders: links",
            f"SELECT link, clicks, impressions, ctr FROM link_performance_between{between}"
            " ORDER BY clicks DESC LIMIT 10",
            _LEADERS,
        ),
        Question(
            "leaders: posts",
            f"SELECT post, clicks, impressions, ctr, pattern FROM post_performance_between{between}"
            " ORDER BY clicks DESC LIMIT 10",
            _LEADERS,
        ),
        *(
            Question(
                f"leaders: {label}s",
                f"SELECT {label}, clicks, impressions, ctr FROM {label}_performance_between{between}"
                " ORDER BY clicks DESC LIMIT 10",
                _LEADERS,
            )
            for label in ("campaign", "channel", "profile")
        ),
        Question("report: channels", f"SELECT * FROM channel_performance_between{between} ORDER BY clicks DESC"),
        Question("report: profiles", f"SELECT * FROM profile_performance_between{between} ORDER BY clicks DESC"),
        Question(
            "leaders: links, of ctr_1d",
            f"SELECT link, {counts} FROM ctr_1d WHERE {month} GROUP BY link ORDER BY c DESC LIMIT 10",
        ),
        Question(
            "previous period",
            "SELECT channel, this.clicks, before.clicks, this.ctr, before.ctr"
            f" FROM channel_performance_between{between} AS this"
            f" LEFT JOIN channel_performance_between{before} AS before USING account, channel",
        ),
        Question(
            "year: by day", "SELECT window_start, clicks, gross_clicks FROM totals_1d ORDER BY window_start", _YEAR
        ),
        Question(
            "year: by day of Kolkata",
            "SELECT day, sum(clicks) FROM totals_1d_tz(zone = 'Asia/Kolkata') GROUP BY day ORDER BY day",
        ),
        Question(
            "heat map: weekday and hour in Berlin, 30 days",
            "SELECT toDayOfWeek(day) AS weekday, toHour(window_start) AS hour, sum(clicks)"
            " FROM totals_1h_tz(zone = 'Europe/Berlin')"
            f" WHERE day >= '{end - timedelta(days=MONTH_DAYS):%Y-%m-%d}' GROUP BY weekday, hour",
        ),
        Question(
            "funnel of kinds, 30 days",
            "SELECT sum(impressions_served), sum(impressions_rendered), sum(impressions_viewable), sum(clicks)"
            f" FROM totals_1d WHERE {month}",
        ),
        Question("data quality, 30 days", f"SELECT * FROM data_quality_between{between}"),
        *(
            Question(f"preview: {view}", f"SELECT * FROM {view} LIMIT 100", _PREVIEW)
            for view in (
                "ctr_1m",
                "ctr_1h",
                "ctr_1d",
                "totals_1m",
                "totals_1h",
                "totals_1d",
                "links_now",
                "channels",
            )
        ),
        Question("preview: post_performance", "SELECT * FROM post_performance LIMIT 100"),
    ]


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _between(since: datetime, until: datetime) -> str:
    return f"(since = '{_time(since)}', until = '{_time(until)}')"
