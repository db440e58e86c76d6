"""What marketers look at: campaigns, posts, channels; clicks are blue, impressions grey."""

from deploy.grafana.builder import BLUE, GREY, Choice, Dashboard, Look, Panel, Row, Sql

_RANGE = "since = '${__from:date:seconds}', until = '${__to:date:seconds}'"
_ACCOUNTS = "$__conditionalAll(account IN (${account:singlequote}), $account)"
_CAMPAIGNS = "$__conditionalAll(campaign IN (${campaign:singlequote}), $campaign)"
_CHANNELS = "$__conditionalAll(channel IN (${channel:singlequote}), $channel)"
_ALL = f"{_ACCOUNTS} AND {_CAMPAIGNS} AND {_CHANNELS}"
# links_now keeps the case of a channel's name; the reports have it in lower case.
_LINKS = f"(SELECT link, account, campaign, lower(trim(channel)) AS channel FROM links_now WHERE {_ALL})"
_SUMS = 'sum(clicks) AS "Clicks", sum(impressions) AS "Impressions", "Clicks" / nullIf("Impressions", 0) AS "CTR"'

CLICKS = Look(color=BLUE, decimals=0)
IMPRESSIONS = Look(color=GREY, decimals=0)
CTR = Look(unit="percentunit", decimals=2)
LOOKS = {"Clicks": CLICKS, "Impressions": IMPRESSIONS, "CTR": CTR, "CTR from": CTR, "CTR to": CTR}
_NUMBERS = (
    'clicks AS "Clicks", impressions AS "Impressions", ctr AS "CTR", ctr_from AS "CTR from", ctr_to AS "CTR to",'
    ' pattern AS "Pattern", advice AS "What to do"'
)
_NUMBERS_OF = ("Clicks", "Impressions", "CTR", "CTR from", "CTR to", "Pattern", "What to do")


def _report(view: str, names: dict[str, str], where: str) -> Sql:
    """Rows of one of the performance views, the most clicked ones first."""
    shown = ", ".join(f'{column} AS "{title}"' for column, title in names.items())
    return Sql(
        f'SELECT {shown}, {_NUMBERS} FROM {view}_between({_RANGE}) WHERE {where} ORDER BY "Clicks" DESC LIMIT 200',
        (*names.values(), *_NUMBERS_OF),
    )


def _over_time(view: str, columns: str, names: tuple[str, ...], by: str = "") -> Sql:
    group = "time" + (f", {by}" if by else "")
    return Sql(
        f"SELECT $__timeInterval(window_start) AS time, {columns} FROM {view}"
        f" INNER JOIN {_LINKS} AS links USING link WHERE $__timeFilter(window_start)"
        f" GROUP BY {group} ORDER BY {group}",
        ("time", *names),
    )


_TOTALS = Row(
    "All of it",
    (
        Panel(
            "Clicks, impressions, CTR",
            "stat",
            (
                Sql(
                    f"SELECT {_SUMS} FROM link_performance_between({_RANGE}) WHERE {_ALL}",
                    ("Clicks", "Impressions", "CTR"),
                ),
            ),
            "Human clicks; impressions of the kind that each link is divided by; sum over sum.",
            width=24,
            height=4,
            looks=LOOKS,
        ),
        Panel(
            "Clicks and impressions",
            "timeseries",
            (
                _over_time(
                    "ctr_1h",
                    'sum(clicks) AS "Clicks", sum(impressions) AS "Impressions"',
                    ("Clicks", "Impressions"),
                ),
            ),
            "By hours or what fits the time that is shown. Impressions have their own axis.",
            looks=LOOKS | {"Impressions": Look(color=GREY, decimals=0, axis="right")},
            interval="1h",
        ),
        Panel(
            "CTR by channel",
            "timeseries",
            (
                _over_time(
                    "ctr_1h",
                    'channel, sum(clicks) / nullIf(sum(impressions), 0) AS "CTR"',
                    ("channel", "CTR"),
                    "channel",
                ),
            ),
            unit="percentunit",
            interval="1h",
        ),
        Panel(
            "The last three hours by minute",
            "timeseries",
            (
                _over_time(
                    "ctr_1m",
                    'sum(clicks) AS "Clicks", sum(impressions) AS "Impressions"',
                    ("Clicks", "Impressions"),
                ),
            ),
            looks=LOOKS | {"Impressions": Look(color=GREY, decimals=0, axis="right")},
            interval="1m",
            last="3h",
        ),
        Panel(
            "Clicks by class",
            "timeseries",
            (
                _over_time(
                    "ctr_1h",
                    'sum(clicks) AS "Human", sum(bot_clicks) AS "Bots", sum(prefetch_clicks) AS "Prefetches",'
                    ' sum(duplicate_clicks) AS "Duplicates", sum(unknown_clicks) AS "Unknown"',
                    ("Human", "Bots", "Prefetches", "Duplicates", "Unknown"),
                ),
            ),
            "Only human clicks are clicks in the other panels.",
            looks={"Human": CLICKS},
            interval="1h",
        ),
    ),
)
_REPORTS = Row(
    "Reports",
    (
        Panel(
            "Campaigns",
            "table",
            (_report("campaign_performance", {"campaign": "Campaign"}, f"{_ACCOUNTS} AND {_CAMPAIGNS}"),),
            "Of all channels. docs/reports.md says how each number is made.",
            width=24,
            looks=LOOKS,
        ),
        Panel(
            "Posts",
            "table",
            (
                _report(
                    "post_performance",
                    {"campaign": "Campaign", "post": "Post", "channel": "Channel"},
                    _ALL,
                ),
            ),
            width=24,
            height=10,
            looks=LOOKS,
        ),
        Panel(
            "Channels",
            "table",
            (_report("channel_performance", {"channel": "Channel"}, f"{_ACCOUNTS} AND {_CHANNELS}"),),
            "Of all campaigns.",
            looks=LOOKS,
        ),
        Panel(
            "Profiles",
            "table",
            (
                _report(
                    "profile_performance",
                    {"channel": "Channel", "profile": "Profile"},
                    f"{_ACCOUNTS} AND {_CHANNELS}",
                ),
            ),
            "Of all campaigns.",
            looks=LOOKS,
        ),
        Panel(
            "Variants",
            "table",
            (
                Sql(
                    'SELECT experiment AS "Experiment", variant AS "Variant", is_control AS "Control",'
                    ' clicks AS "Clicks", impressions AS "Impressions", ctr AS "CTR", lift AS "Lift",'
                    ' p_adjusted AS "p", verdict AS "Verdict", is_winner AS "Winner"'
                    f" FROM variant_comparison_between({_RANGE}) WHERE {_ACCOUNTS}"
                    ' ORDER BY "Experiment", "Control" DESC, "Variant"',
                    (
                        "Experiment",
                        "Variant",
                        "Control",
                        "Clicks",
                        "Impressions",
                        "CTR",
                        "Lift",
                        "p",
                        "Verdict",
                        "Winner",
                    ),
                ),
            ),
            "p is corrected for all pairs of the experiment.",
            looks=LOOKS | {"Lift": Look(unit="percentunit", decimals=1), "p": Look(decimals=4)},
        ),
        Panel(
            "What may be wrong with the numbers",
            "table",
            (
                Sql(
                    'SELECT finding AS "Finding", amount AS "Amount", meaning AS "Meaning"'
                    f' FROM data_quality_between({_RANGE}) ORDER BY "Finding"',
                    ("Finding", "Amount", "Meaning"),
                ),
            ),
            "Of all accounts.",
        ),
    ),
)

PRODUCT = Dashboard(
    uid="clicktally-product",
    title="Clicks and impressions",
    description="Campaigns, posts, channels: clicks, impressions, CTR. Times are UTC.",
    rows=(_TOTALS, _REPORTS),
    choices=(
        Choice(
            "account", "Account", "SELECT DISTINCT toString(account) AS account FROM links_now ORDER BY account"
        ),
        Choice(
            "campaign",
            "Campaign",
            f"SELECT DISTINCT campaign FROM links_now WHERE {_ACCOUNTS} ORDER BY campaign",
        ),
        Choice(
            "channel",
            "Channel",
            f"SELECT DISTINCT lower(trim(channel)) AS c FROM links_now WHERE {_ACCOUNTS} ORDER BY c",
        ),
    ),
)
