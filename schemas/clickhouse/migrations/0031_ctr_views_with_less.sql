-- What:   ctr_1m, ctr_1h, ctr_1d and twins with a zone, with a level less
-- Grain:  as in 0025
-- Writer: none, views
-- Undo:   apply these views of 0025 again
-- Why:    greatest passes NULLs over, so that the kind which divides needs no number that stands for none: less to plan,
--         72 -> 70 ms of CPU for a preview of a year of 103 million counter rows, 15.5 -> 14.9 for a link's last day.
--         docs/adr/0037
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
    )
);
