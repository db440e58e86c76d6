"""Statements of the reports beside those of performance: variants, data quality, annotations; without any I/O."""

from datetime import datetime
from typing import Final

from console.api.problems import Problem
from console.api.report_wire import AnnotationsQuery, DestinationsQuery, QualityQuery, VariantsQuery
from console.api.reports import NAMED, Statement, between, conditions_of, moment, times_of, where

_CLASSES: Final = "class NOT IN ('', 'human')"
_GLOBAL: Final = "'late events', 'dead letters', 'links without names'"
"""Findings of the view that belong to no link that anybody could be asked for."""
_NAMES: Final = ("account", "campaign", "post", "channel", "profile")


def variants(query: VariantsQuery, account: str, now: datetime) -> Statement:
    """The variants of each experiment against its control. Raises Problem."""
    since, until = times_of(query, now)
    for name in _NAMES[1:]:
        for given in (name, f"not_{name}"):
            if getattr(query, given) is not None:
                raise Problem(
                    "bad-request", f"an experiment has no {name}: filter by account, experiment", parameter=given
                )
    conditions, parameters = conditions_of(query, account)
    if query.experiment is not None:
        conditions.append("experiment = {experiment:String}")
        parameters = (*parameters, ("experiment", query.experiment))
    text = (
        f"SELECT * FROM variant_comparison_between{between(since, until)}{where(conditions)}"  # noqa: S608 - closed sets
        f" ORDER BY account, experiment, is_control DESC, variant LIMIT {query.limit}"
    )
    return Statement(text, parameters, since, until)


def destinations(query: DestinationsQuery, account: str, now: datetime) -> Statement:
    """Where links with variants or rules led, and whether visitors were split as meant. Raises Problem."""
    since, until = times_of(query, now)
    conditions, parameters = conditions_of(query, account)
    wanted = [f"link IN (SELECT link FROM {NAMED}{where(conditions)})"] if conditions else []  # noqa: S608 - closed sets
    if query.link is not None:
        wanted.append("link = {link:String}")
        parameters = (*parameters, ("link", query.link))
    text = (
        "SELECT * REPLACE (formatDateTime(split_since, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC') AS split_since)"  # noqa: S608 - closed sets
        f" FROM link_destinations_between{between(since, until)}{where(wanted)}"
        f" ORDER BY link, destination LIMIT {query.limit}"
    )
    return Statement(text, parameters, since, until)


def quality(query: QualityQuery, account: str, now: datetime, *, all_accounts: bool) -> Statement:
    """What may be wrong with the numbers; `all_accounts`: with what belongs to no link. Raises Problem."""
    since, until = times_of(query, now)
    conditions, parameters = conditions_of(query, account)
    links = f"link_performance_between{between(since, until)}"
    counted = (
        "(SELECT *, dictGet('link_names', ('account', 'campaign', 'post', 'channel', 'profile'), link) AS names,"  # noqa: S608 - closed sets
        " names.account AS account, names.campaign AS campaign, names.post AS post, names.channel AS channel,"
        " names.profile AS profile FROM counters WHERE kind = 0"
        f" AND window_start >= {moment(since)} AND window_start < {moment(until)})"
    )
    findings = [
        _by_class(counted, conditions, "clicks", "in gross_clicks, not in clicks"),
        _by_class(counted, conditions, "impressions", "in gross_impressions, not in impressions"),
        _of_links(
            links,
            [*conditions, "ctr > 1"],
            "links over 100 %",
            "more clicks than impressions of the kind that CTR divides by: these are missing, or clicks come from"
            " elsewhere",
        ),
        _of_links(
            links,
            [*conditions, "impressions = 0", "impressions_of_all_kinds != 0"],
            "links without impressions of their kind",
            "impressions of other kinds only, hence no CTR: see ctr_impressions of the link, kinds of its channel",
        ),
        _about(
            "rule sets",
            "toInt64(uniqExact(rules)), arrayMap(one -> toString(one), arraySort(groupUniqArray(10)(rules)))",
            "numbers of the rule sets that told people from bots in this time",
            f"{counted}{where(conditions)}",
        ),
        _about(
            "counted up to",
            "toInt64(ifNull(dateDiff('second', maxOrNull(window_start), now('UTC')), -1)), if(count() = 0,"
            " emptyArrayString(), [formatDateTime(max(window_start), '%Y-%m-%dT%H:%i:%SZ', 'UTC')])",
            "seconds since the last minute of this time in which anything was counted; -1: never",
            f"{counted}{where(conditions)}",
        ),
    ]
    if all_accounts and not conditions:
        findings += [
            _about(
                "posts without a link",
                "toInt64(uniqExact(platform, post)), arraySort(groupUniqArray(10)(concat(platform, ' ', post)))",
                "platforms told totals of them, which count for no link: name the post on its link, by post_id or"
                " post_url",
                f"snapshots WHERE link = '' AND observed_at >= {moment(since)} AND observed_at < {moment(until)}",
            ),
            f"SELECT * FROM data_quality_between{between(since, until)} WHERE finding IN ({_GLOBAL})",  # noqa: S608 - closed sets
        ]
    text = (
        "SELECT * FROM (SELECT '' AS finding, toInt64(0) AS amount, emptyArrayString() AS examples, '' AS meaning"  # noqa: S608 - closed sets
        f" WHERE 0 UNION ALL {' UNION ALL '.join(findings)}) ORDER BY finding"
    )
    return Statement(text, parameters, since, until)


def annotations(query: AnnotationsQuery, account: str, now: datetime) -> Statement:
    """What happened to posts: published, revised by a platform, another metric. Raises Problem."""
    since, until = times_of(query, now)
    conditions, parameters = conditions_of(query, account)
    conditions = [f"happened_at >= {moment(since)}", f"happened_at < {moment(until)}", *conditions]
    names = ", ".join(f"dictGet('link_names', '{name}', link) AS {name}" for name in _NAMES)
    text = (
        "SELECT formatDateTime(happened_at, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS at, what, account, campaign, post,"  # noqa: S608 - closed sets
        " channel, profile, detail, impressions FROM ("
        "SELECT toDateTime(min(published_at), 'UTC') AS happened_at, 'published' AS what, account, campaign, post,"
        " channel, profile, '' AS detail, toInt64(0) AS impressions FROM"
        " (SELECT published_at, toString(links.account) AS account, campaign, post,"
        " lower(trim(links.channel)) AS channel, profile FROM links FINAL"
        " WHERE NOT deleted AND published_at IS NOT NULL)"
        " GROUP BY account, campaign, post, channel, profile"
        " UNION ALL SELECT toDateTime(observed_at, 'UTC') AS happened_at,"
        " if(metric_before != '', 'definition changed', 'revised') AS what,"
        f" {names}, if(metric_before != '', concat(metric_before, ' is now ', series), why) AS detail,"
        " sum(revisions.impressions) AS impressions FROM revisions"
        f" WHERE observed_at >= {moment(since)} AND observed_at < {moment(until)}"
        " GROUP BY happened_at, what, link, detail)"
        f"{where(conditions)} ORDER BY at, what, account, campaign, post, channel LIMIT {query.limit}"
    )
    return Statement(text, parameters, since, until)


def _about(finding: str, amount_and_examples: str, meaning: str, source: str) -> str:
    return f"SELECT '{finding}', {amount_and_examples}, '{meaning}' FROM {source}"  # noqa: S608 - closed sets


def _by_class(counted: str, conditions: list[str], column: str, meaning: str) -> str:
    return (
        f"SELECT concat('{column}: ', class), sum({column}), emptyArrayString(), '{meaning}' FROM {counted}"  # noqa: S608 - closed sets
        f"{where([*conditions, _CLASSES])} GROUP BY class HAVING sum({column}) != 0"
    )


def _of_links(links: str, conditions: list[str], finding: str, meaning: str) -> str:
    return (
        f"SELECT '{finding}', toInt64(count()), groupArraySorted(10)(link), '{meaning}' FROM {links}"  # noqa: S608 - closed sets
        f"{where(conditions)}"
    )
