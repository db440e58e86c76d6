"""Statements of the reports beside those of performance: variants, data quality, annotations; without any I/O."""

from datetime import datetime
from typing import Final

from console.api.problems import Problem
from console.api.report_filters import NAMES, conditions_of, counted_in, moment, wanted_links, where
from console.api.report_wire import AnnotationsQuery, DestinationsQuery, QualityQuery, VariantsQuery
from console.api.reports import Statement, between, links_counted, times_of

_CLASSES: Final = "row.1 NOT IN ('', 'human')"
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
    wanted = wanted_links(query, account)
    conditions, parameters = wanted.among("link"), wanted.parameters
    if query.link is not None:
        conditions.append("link = {link:String}")
        parameters = (*parameters, ("link", query.link))
    text = (
        "SELECT * REPLACE (formatDateTime(split_since, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC') AS split_since)"  # noqa: S608 - closed sets
        f" FROM link_destinations_between{between(since, until)}{where(conditions)}"
        f" ORDER BY link, destination LIMIT {query.limit}"
    )
    return Statement(text, parameters, since, until)


def quality(query: QualityQuery, account: str, now: datetime, *, all_accounts: bool) -> Statement:
    """What may be wrong with the numbers; `all_accounts`: with what belongs to no link. Raises Problem."""
    since, until = times_of(query, now)
    wanted = wanted_links(query, account)
    among = wanted.among("link")
    everything = all_accounts and not among
    findings = [
        _of_counters(f"counters{where([*counted_in(since, until), *among])}"),
        _of_links(f"{links_counted(since, until, few=wanted.are_few)}{where(among)}", unnamed=everything),
    ]
    if everything:
        findings += [_of_flushes(since, until), _of_posts(since, until)]
    text = (
        "SELECT * FROM (SELECT '' AS finding, toInt64(0) AS amount, emptyArrayString() AS examples, '' AS meaning"  # noqa: S608 - closed sets
        f" WHERE 0 UNION ALL {' UNION ALL '.join(findings)}) ORDER BY finding"
    )
    return Statement(text, wanted.parameters, since, until)


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
        f" (SELECT published_at, {NAMES} FROM links FINAL"
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


def _of_counters(counters: str) -> str:
    """What traffic classes, rule sets and the last minute say, by reading counters once."""
    by_class = (
        "SELECT class, sum(clicks) AS class_clicks, sum(impressions) AS class_impressions, groupUniqArray(rules)"  # noqa: S608 - closed sets
        f" AS class_rules, max(window_start) AS class_last FROM {counters} GROUP BY class"
    )
    of_classes = ", ".join(
        f"arrayMap(row -> (concat('{column}: ', row.1), row.{place}, emptyArrayString(),"
        f" 'in gross_{column}, not in {column}'), arrayFilter(row -> {_CLASSES} AND row.{place} != 0, counted))"
        for place, column in ((2, "clicks"), (3, "impressions"))
    )
    return (
        f"SELECT one.1, one.2, one.3, one.4 FROM (SELECT arrayConcat({of_classes}, ["  # noqa: S608 - closed sets
        "('rule sets', toInt64(length(rules)), arrayMap(one -> toString(one), arraySlice(rules, 1, 10)),"
        " 'numbers of the rule sets that told people from bots in this time'),"
        " ('counted up to', toInt64(if(empty(counted), -1, dateDiff('second', last, now('UTC')))),"
        " if(empty(counted), emptyArrayString(), [formatDateTime(last, '%Y-%m-%dT%H:%i:%SZ', 'UTC')]),"
        " 'seconds since the last minute of this time in which anything was counted; -1: never')]) AS findings"
        " FROM (SELECT groupArray((class, class_clicks, class_impressions)) AS counted,"
        f" arraySort(groupUniqArrayArray(class_rules)) AS rules, max(class_last) AS last FROM ({by_class})))"
        " ARRAY JOIN findings AS one"
    )


def _of_links(links: str, *, unnamed: bool) -> str:
    """What the links' own counts say, by reading them once; `unnamed`: which of them nothing is known of, too."""
    findings = [
        (
            "links over 100 %",
            "ifNull(ctr > 1, false)",
            (
                "more clicks than impressions of the kind that CTR divides by: these are missing, or clicks come"
                " from elsewhere"
            ),
        ),
        (
            "links without impressions of their kind",
            "impressions = 0 AND impressions_of_all_kinds != 0",
            "impressions of other kinds only, hence no CTR: see ctr_impressions of the link, kinds of its channel",
        ),
    ]
    if unnamed:
        findings.append(
            (
                "links without names",
                "NOT dictHas('link_names', link)",
                "counted, but not in the table of links: reports have them under empty names",
            )
        )
    counted = ", ".join(
        f"('{finding}', toInt64(countIf({holds})), groupArraySortedIf(10)(link, {holds}), '{meaning}')"
        for finding, holds, meaning in findings
    )
    return (
        f"SELECT one.1, one.2, one.3, one.4 FROM (SELECT [{counted}] AS findings FROM {links})"  # noqa: S608 - closed sets
        " ARRAY JOIN findings AS one"
    )


def _of_flushes(since: datetime, until: datetime) -> str:
    """What belongs to no link: of the flushes' own rows."""
    return (
        "SELECT one.1, one.2, emptyArrayString(), one.3 FROM (SELECT ["  # noqa: S608 - closed sets
        "('late events', toInt64(sum(late)), 'counted, but after the lateness that windows are allowed'),"
        " ('dead letters', toInt64(sum(dead_letters)),"
        " 'could be no event; the topic dead-letters has them with the reason')] AS findings FROM counters"
        f" WHERE kind = 2 AND touched_at >= {moment(since)} AND touched_at < {moment(until)})"
        " ARRAY JOIN findings AS one"
    )


def _of_posts(since: datetime, until: datetime) -> str:
    """Posts of which platforms told, and that no link names."""
    return (
        "SELECT 'posts without a link', toInt64(uniqExact(platform, post)),"  # noqa: S608 - closed sets
        " arraySort(groupUniqArray(10)(concat(platform, ' ', post))),"
        " 'platforms told totals of them, which count for no link: name the post on its link, by post_id or"
        f" post_url' FROM snapshots WHERE link = '' AND observed_at >= {moment(since)}"
        f" AND observed_at < {moment(until)}"
    )
