-- What:   a month of the counter table that is over becomes one part; views of CTR that look at one projection instead of
--         three; days by their fingerprint without a join
-- Grain:  as in 0001, 0029, 0030 and 0031; no row and no total changes
-- Writer: merges of counters; the rest are views
-- Undo:   ALTER TABLE counters RESET SETTING min_age_to_force_merge_seconds, min_age_to_force_merge_on_partition_only,
--         merge_with_ttl_timeout; apply ctr_… of 0031, counted_days of 0029 and link_sum_days_now of 0030 again
-- Why:    * A month of flushes that is over has some parts for good, and a preview of a view reads the first rows of
--           each: 60 -> 35 ms over a year. Nothing is ever added to such a month, so it is merged once, a day after its
--           last row. Markers that have had their time leave a part by rewriting it: once a day is enough, where it is
--           a month's.
--         * What aggregates the counters is compared with each of their projections, 0.9 ms each, and none
--           ever fits links. preferred_optimize_projection_name names the only one that is looked at.
--         docs/adr/0039
ALTER TABLE counters MODIFY SETTING min_age_to_force_merge_on_partition_only = 1;

ALTER TABLE counters MODIFY SETTING min_age_to_force_merge_seconds = 86400;

ALTER TABLE counters MODIFY SETTING merge_with_ttl_timeout = 86400;

CREATE OR REPLACE VIEW counted_days
(
    day Date COMMENT 'the day, UTC',
    fingerprint Int64 COMMENT 'sum over its links of a hash of the link times each of their sums times a number of its own'
)
AS SELECT
    toDate(window_start) AS day,
    sum(
        toInt64(cityHash64(link)) * (
            clicks * if(class = 'human', 5426842059153846286, 3360529941502164197)
            + impressions * (
                3116072192056199847
                + if(class = 'human', 3307847047020649999, 0)
                + if(class = 'human' AND impression_kind = 'viewable', 4010328021800667833, 0)
                + if(class = 'human' AND impression_kind = 'rendered', 2189611071722290449, 0)
                + if(class = 'human' AND impression_kind = 'platform', 2134646737966204727, 0)
                + if(class = 'human' AND impression_kind = 'served', 2589888097089738489, 0)
            )
        )
    ) AS fingerprint
FROM counters
WHERE kind = 0
GROUP BY kind, toDate(window_start)
SETTINGS preferred_optimize_projection_name = 'by_day';

CREATE OR REPLACE VIEW link_sum_days_now
(
    day Date COMMENT 'a day that has counters, UTC',
    version UInt64 COMMENT 'the rows of link_sums that say of it what the counters say now; 0: none do'
)
AS SELECT
    day,
    if(argMax(of_sums, made) = sum(of_counters), max(made), 0) AS version
FROM
(
    SELECT day, fingerprint AS of_counters, toInt64(0) AS of_sums, toUInt64(0) AS made
    FROM counted_days
    UNION ALL
    SELECT day, toInt64(0) AS of_counters, fingerprint AS of_sums, version AS made
    FROM link_sum_days
)
GROUP BY day
HAVING min(made) = 0;

CREATE OR REPLACE VIEW ctr_1m
(
    link String COMMENT 'domain/slug',
    window_start DateTime('UTC') COMMENT 'the minute, UTC',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    bot_clicks Int64 COMMENT 'clicks by crawlers, link previews, monitors, HTTP libraries',
    prefetch_clicks Int64 COMMENT 'requests that a browser made in advance',
    duplicate_clicks Int64 COMMENT 'the same visitor on the same link again within seconds',
    unknown_clicks Int64 COMMENT 'clicks with an empty or unreadable user agent',
    impressions Int64 COMMENT 'human impressions of the kind that CTR divides by, which impression_kind names',
    impression_kind String COMMENT 'that kind; empty when nothing decides. Add up impressions where this is one',
    impressions_served Int64 COMMENT 'human impressions: our pixel was fetched',
    impressions_rendered Int64 COMMENT 'human impressions: a client says it rendered the content',
    impressions_viewable Int64 COMMENT 'human impressions: a client says the content was in view',
    impressions_platform Int64 COMMENT 'impressions that a platform reports',
    impressions_unverified Int64 COMMENT 'pixels that a mail proxy fetched, perhaps without a reader; divided by nowhere',
    gross_impressions Int64 COMMENT 'impressions of all kinds and traffic classes',
    ctr Nullable(Float64) COMMENT 'clicks / impressions; NULL without impressions. Never average it: sum over sum',
    over_100_percent Bool COMMENT 'whether ctr is above 1: something is counted on one side only'
)
AS SELECT
    link,
    window_start,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    duplicate_clicks,
    unknown_clicks,
    impressions,
    if(
        impressions = 0 AND empty(kinds),
        '',
        ['viewable', 'rendered', 'platform', 'served'][
            arrayFirst(
                kind -> [impressions_viewable, impressions_rendered, impressions_platform, impressions_served][kind]
                    = impressions,
                if(empty(kinds), [1, 2, 3, 4], kinds)
            )
        ]
    ) AS impression_kind,
    impressions_served,
    impressions_rendered,
    impressions_viewable,
    impressions_platform,
    impressions_unverified,
    gross_impressions,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    toBool(impressions > 0 AND clicks > impressions) AS over_100_percent
FROM
(
    SELECT
        *,
        dictGet('link_names', 'kinds', link) AS kinds,
        dictGet('link_names', 'divides_by', link) AS divides_by,
        ifNull(
            greatest(
                nullIf(impressions_viewable * bitTest(divides_by, 0), 0),
                nullIf(impressions_rendered * bitTest(divides_by, 1), 0),
                nullIf(impressions_platform * bitTest(divides_by, 2), 0),
                nullIf(impressions_served * bitTest(divides_by, 3), 0)
            ),
            0
        ) AS impressions
    FROM
    (
        SELECT
            link,
            counters.window_start AS window_start,
            sumIf(counters.clicks, class = 'human') AS clicks,
            sum(counters.clicks) AS gross_clicks,
            sumIf(counters.clicks, class = 'bot') AS bot_clicks,
            sumIf(counters.clicks, class = 'prefetch') AS prefetch_clicks,
            sumIf(counters.clicks, class = 'duplicate') AS duplicate_clicks,
            sumIf(counters.clicks, class = 'unknown') AS unknown_clicks,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'served') AS impressions_served,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'rendered') AS impressions_rendered,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'viewable') AS impressions_viewable,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'platform') AS impressions_platform,
            sumIf(counters.impressions, class = 'unverified') AS impressions_unverified,
            sum(counters.impressions) AS gross_impressions
        FROM counters
        WHERE kind = 0
        GROUP BY kind, link, counters.window_start
        ORDER BY kind, link, counters.window_start
        SETTINGS preferred_optimize_projection_name = 'by_day'
    )
);

CREATE OR REPLACE VIEW ctr_1h
(
    link String COMMENT 'domain/slug',
    window_start DateTime('UTC') COMMENT 'the hour, UTC',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    bot_clicks Int64 COMMENT 'clicks by crawlers, link previews, monitors, HTTP libraries',
    prefetch_clicks Int64 COMMENT 'requests that a browser made in advance',
    duplicate_clicks Int64 COMMENT 'the same visitor on the same link again within seconds',
    unknown_clicks Int64 COMMENT 'clicks with an empty or unreadable user agent',
    impressions Int64 COMMENT 'human impressions of the kind that CTR divides by, which impression_kind names',
    impression_kind String COMMENT 'that kind; empty when nothing decides. Add up impressions where this is one',
    impressions_served Int64 COMMENT 'human impressions: our pixel was fetched',
    impressions_rendered Int64 COMMENT 'human impressions: a client says it rendered the content',
    impressions_viewable Int64 COMMENT 'human impressions: a client says the content was in view',
    impressions_platform Int64 COMMENT 'impressions that a platform reports',
    impressions_unverified Int64 COMMENT 'pixels that a mail proxy fetched, perhaps without a reader; divided by nowhere',
    gross_impressions Int64 COMMENT 'impressions of all kinds and traffic classes',
    ctr Nullable(Float64) COMMENT 'clicks / impressions; NULL without impressions. Never average it: sum over sum',
    over_100_percent Bool COMMENT 'whether ctr is above 1: something is counted on one side only'
)
AS SELECT
    link,
    window_start,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    duplicate_clicks,
    unknown_clicks,
    impressions,
    if(
        impressions = 0 AND empty(kinds),
        '',
        ['viewable', 'rendered', 'platform', 'served'][
            arrayFirst(
                kind -> [impressions_viewable, impressions_rendered, impressions_platform, impressions_served][kind]
                    = impressions,
                if(empty(kinds), [1, 2, 3, 4], kinds)
            )
        ]
    ) AS impression_kind,
    impressions_served,
    impressions_rendered,
    impressions_viewable,
    impressions_platform,
    impressions_unverified,
    gross_impressions,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    toBool(impressions > 0 AND clicks > impressions) AS over_100_percent
FROM
(
    SELECT
        *,
        dictGet('link_names', 'kinds', link) AS kinds,
        dictGet('link_names', 'divides_by', link) AS divides_by,
        ifNull(
            greatest(
                nullIf(impressions_viewable * bitTest(divides_by, 0), 0),
                nullIf(impressions_rendered * bitTest(divides_by, 1), 0),
                nullIf(impressions_platform * bitTest(divides_by, 2), 0),
                nullIf(impressions_served * bitTest(divides_by, 3), 0)
            ),
            0
        ) AS impressions
    FROM
    (
        SELECT
            link,
            toStartOfHour(counters.window_start) AS window_start,
            sumIf(counters.clicks, class = 'human') AS clicks,
            sum(counters.clicks) AS gross_clicks,
            sumIf(counters.clicks, class = 'bot') AS bot_clicks,
            sumIf(counters.clicks, class = 'prefetch') AS prefetch_clicks,
            sumIf(counters.clicks, class = 'duplicate') AS duplicate_clicks,
            sumIf(counters.clicks, class = 'unknown') AS unknown_clicks,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'served') AS impressions_served,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'rendered') AS impressions_rendered,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'viewable') AS impressions_viewable,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'platform') AS impressions_platform,
            sumIf(counters.impressions, class = 'unverified') AS impressions_unverified,
            sum(counters.impressions) AS gross_impressions
        FROM counters
        WHERE kind = 0
        GROUP BY kind, link, toStartOfHour(counters.window_start)
        ORDER BY kind, link, toStartOfHour(counters.window_start)
        SETTINGS preferred_optimize_projection_name = 'by_day'
    )
);

CREATE OR REPLACE VIEW ctr_1d
(
    link String COMMENT 'domain/slug',
    window_start DateTime('UTC') COMMENT 'the beginning of the day, UTC',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    bot_clicks Int64 COMMENT 'clicks by crawlers, link previews, monitors, HTTP libraries',
    prefetch_clicks Int64 COMMENT 'requests that a browser made in advance',
    duplicate_clicks Int64 COMMENT 'the same visitor on the same link again within seconds',
    unknown_clicks Int64 COMMENT 'clicks with an empty or unreadable user agent',
    impressions Int64 COMMENT 'human impressions of the kind that CTR divides by, which impression_kind names',
    impression_kind String COMMENT 'that kind; empty when nothing decides. Add up impressions where this is one',
    impressions_served Int64 COMMENT 'human impressions: our pixel was fetched',
    impressions_rendered Int64 COMMENT 'human impressions: a client says it rendered the content',
    impressions_viewable Int64 COMMENT 'human impressions: a client says the content was in view',
    impressions_platform Int64 COMMENT 'impressions that a platform reports',
    impressions_unverified Int64 COMMENT 'pixels that a mail proxy fetched, perhaps without a reader; divided by nowhere',
    gross_impressions Int64 COMMENT 'impressions of all kinds and traffic classes',
    ctr Nullable(Float64) COMMENT 'clicks / impressions; NULL without impressions. Never average it: sum over sum',
    over_100_percent Bool COMMENT 'whether ctr is above 1: something is counted on one side only'
)
AS SELECT
    link,
    window_start,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    duplicate_clicks,
    unknown_clicks,
    impressions,
    if(
        impressions = 0 AND empty(kinds),
        '',
        ['viewable', 'rendered', 'platform', 'served'][
            arrayFirst(
                kind -> [impressions_viewable, impressions_rendered, impressions_platform, impressions_served][kind]
                    = impressions,
                if(empty(kinds), [1, 2, 3, 4], kinds)
            )
        ]
    ) AS impression_kind,
    impressions_served,
    impressions_rendered,
    impressions_viewable,
    impressions_platform,
    impressions_unverified,
    gross_impressions,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    toBool(impressions > 0 AND clicks > impressions) AS over_100_percent
FROM
(
    SELECT
        *,
        dictGet('link_names', 'kinds', link) AS kinds,
        dictGet('link_names', 'divides_by', link) AS divides_by,
        ifNull(
            greatest(
                nullIf(impressions_viewable * bitTest(divides_by, 0), 0),
                nullIf(impressions_rendered * bitTest(divides_by, 1), 0),
                nullIf(impressions_platform * bitTest(divides_by, 2), 0),
                nullIf(impressions_served * bitTest(divides_by, 3), 0)
            ),
            0
        ) AS impressions
    FROM
    (
        SELECT
            link,
            toStartOfDay(counters.window_start) AS window_start,
            sumIf(counters.clicks, class = 'human') AS clicks,
            sum(counters.clicks) AS gross_clicks,
            sumIf(counters.clicks, class = 'bot') AS bot_clicks,
            sumIf(counters.clicks, class = 'prefetch') AS prefetch_clicks,
            sumIf(counters.clicks, class = 'duplicate') AS duplicate_clicks,
            sumIf(counters.clicks, class = 'unknown') AS unknown_clicks,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'served') AS impressions_served,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'rendered') AS impressions_rendered,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'viewable') AS impressions_viewable,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'platform') AS impressions_platform,
            sumIf(counters.impressions, class = 'unverified') AS impressions_unverified,
            sum(counters.impressions) AS gross_impressions
        FROM counters
        WHERE kind = 0
        GROUP BY kind, link, toStartOfDay(counters.window_start)
        ORDER BY kind, link, toStartOfDay(counters.window_start)
        SETTINGS preferred_optimize_projection_name = 'by_day'
    )
);

CREATE OR REPLACE VIEW ctr_1h_tz AS SELECT
    link,
    day,
    window_start,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    duplicate_clicks,
    unknown_clicks,
    impressions,
    if(
        impressions = 0 AND empty(kinds),
        '',
        ['viewable', 'rendered', 'platform', 'served'][
            arrayFirst(
                kind -> [impressions_viewable, impressions_rendered, impressions_platform, impressions_served][kind]
                    = impressions,
                if(empty(kinds), [1, 2, 3, 4], kinds)
            )
        ]
    ) AS impression_kind,
    impressions_served,
    impressions_rendered,
    impressions_viewable,
    impressions_platform,
    impressions_unverified,
    gross_impressions,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    toBool(impressions > 0 AND clicks > impressions) AS over_100_percent
FROM
(
    SELECT
        *,
        dictGet('link_names', 'kinds', link) AS kinds,
        dictGet('link_names', 'divides_by', link) AS divides_by,
        ifNull(
            greatest(
                nullIf(impressions_viewable * bitTest(divides_by, 0), 0),
                nullIf(impressions_rendered * bitTest(divides_by, 1), 0),
                nullIf(impressions_platform * bitTest(divides_by, 2), 0),
                nullIf(impressions_served * bitTest(divides_by, 3), 0)
            ),
            0
        ) AS impressions
    FROM
    (
        WITH
            timeZoneOffset(toTimeZone(counters.window_start, {zone:String})) AS shift,
            counters.window_start - (toUnixTimestamp(counters.window_start) + shift) % 3600 AS hour_if_clocks_stood_still,
            timeZoneOffset(toTimeZone(hour_if_clocks_stood_still, {zone:String})) AS shift_then
        SELECT
            link,
            toDate(counters.window_start, {zone:String}) AS day,
            toTimeZone(hour_if_clocks_stood_still + shift - shift_then, {zone:String}) AS window_start,
            sumIf(counters.clicks, class = 'human') AS clicks,
            sum(counters.clicks) AS gross_clicks,
            sumIf(counters.clicks, class = 'bot') AS bot_clicks,
            sumIf(counters.clicks, class = 'prefetch') AS prefetch_clicks,
            sumIf(counters.clicks, class = 'duplicate') AS duplicate_clicks,
            sumIf(counters.clicks, class = 'unknown') AS unknown_clicks,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'served') AS impressions_served,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'rendered') AS impressions_rendered,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'viewable') AS impressions_viewable,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'platform') AS impressions_platform,
            sumIf(counters.impressions, class = 'unverified') AS impressions_unverified,
            sum(counters.impressions) AS gross_impressions
        FROM counters
        WHERE kind = 0
        GROUP BY kind, link, window_start, day
        SETTINGS preferred_optimize_projection_name = 'by_day'
    )
);

CREATE OR REPLACE VIEW ctr_1d_tz AS SELECT
    link,
    day,
    window_start,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    duplicate_clicks,
    unknown_clicks,
    impressions,
    if(
        impressions = 0 AND empty(kinds),
        '',
        ['viewable', 'rendered', 'platform', 'served'][
            arrayFirst(
                kind -> [impressions_viewable, impressions_rendered, impressions_platform, impressions_served][kind]
                    = impressions,
                if(empty(kinds), [1, 2, 3, 4], kinds)
            )
        ]
    ) AS impression_kind,
    impressions_served,
    impressions_rendered,
    impressions_viewable,
    impressions_platform,
    impressions_unverified,
    gross_impressions,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    toBool(impressions > 0 AND clicks > impressions) AS over_100_percent
FROM
(
    SELECT
        *,
        dictGet('link_names', 'kinds', link) AS kinds,
        dictGet('link_names', 'divides_by', link) AS divides_by,
        ifNull(
            greatest(
                nullIf(impressions_viewable * bitTest(divides_by, 0), 0),
                nullIf(impressions_rendered * bitTest(divides_by, 1), 0),
                nullIf(impressions_platform * bitTest(divides_by, 2), 0),
                nullIf(impressions_served * bitTest(divides_by, 3), 0)
            ),
            0
        ) AS impressions
    FROM
    (
        SELECT
            link,
            toDate(counters.window_start, {zone:String}) AS day,
            toStartOfDay(counters.window_start, {zone:String}) AS window_start,
            sumIf(counters.clicks, class = 'human') AS clicks,
            sum(counters.clicks) AS gross_clicks,
            sumIf(counters.clicks, class = 'bot') AS bot_clicks,
            sumIf(counters.clicks, class = 'prefetch') AS prefetch_clicks,
            sumIf(counters.clicks, class = 'duplicate') AS duplicate_clicks,
            sumIf(counters.clicks, class = 'unknown') AS unknown_clicks,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'served') AS impressions_served,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'rendered') AS impressions_rendered,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'viewable') AS impressions_viewable,
            sumIf(counters.impressions, class = 'human' AND impression_kind = 'platform') AS impressions_platform,
            sumIf(counters.impressions, class = 'unverified') AS impressions_unverified,
            sum(counters.impressions) AS gross_impressions
        FROM counters
        WHERE kind = 0
        GROUP BY kind, link, toStartOfDay(counters.window_start, {zone:String}), day
        SETTINGS preferred_optimize_projection_name = 'by_day'
    )
);
