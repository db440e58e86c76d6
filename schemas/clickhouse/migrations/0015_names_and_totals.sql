-- What:   names and kinds of links by a dictionary; totals_1m, totals_1h, totals_1d, totals_1h_tz, totals_1d_tz: all
--         links together; ctr_… in the order of the counters' key
-- Grain:  link_names, links_named: link, deleted ones too. totals_…: window. ctr_…: (link, window) as in 0004
-- Writer: none: the dictionary reads links_named again within seconds of a change, the rest are views
-- Undo:   apply the views of 0011 again; DROP VIEW totals_…; DROP DICTIONARY link_names; DROP VIEW links_named
-- Why:    joining 200,000 links cost every report more than its counters. Without link the projection by_minute
--         answers, which no view with link can reach. GROUP BY and ORDER BY along the key let a preview (LIMIT 100)
--         end after 100 windows, where optimize_aggregation_in_order is set: in the reader's profile.
--         docs/adr/0021 says what the dictionary costs, and how late it may be
CREATE OR REPLACE VIEW links_named
(
    link String COMMENT 'domain/slug',
    account String COMMENT 'as in links_now',
    campaign String COMMENT 'as in links_now',
    post String COMMENT 'as in links_now',
    channel String COMMENT 'as in links_now, in lower case',
    profile String COMMENT 'as in links_now',
    awareness Bool COMMENT 'whether its aim is awareness: impressions lead, CTR is not judged',
    kinds Array(UInt8) COMMENT 'kinds that CTR may divide by, in the order of preference; none: all four',
    divides_by UInt8 COMMENT 'the same as a sum of 1 viewable, 2 rendered, 4 platform, 8 served',
    range_low Nullable(Float64) COMMENT 'reference range of its channel, lower end; NULL: none',
    range_high Nullable(Float64) COMMENT 'upper end'
)
AS SELECT
    own.link AS link,
    toString(own.account) AS account,
    own.campaign AS campaign,
    own.post AS post,
    own.channel AS channel,
    own.profile AS profile,
    toBool(own.aim = 'awareness') AS awareness,
    if(own.kind = 0, usual.kinds, [own.kind]) AS kinds,
    multiIf(
        own.kind != 0, toUInt8([1, 2, 4, 8][own.kind]),
        usual.divides_by = 0, 15,
        usual.divides_by
    ) AS divides_by,
    usual.ctr_low AS range_low,
    usual.ctr_high AS range_high
FROM
(
    SELECT
        link,
        account,
        campaign,
        post,
        lower(trim(links.channel)) AS channel,
        profile,
        aim,
        toUInt8(indexOf(['viewable', 'rendered', 'platform', 'served'], ctr_impressions)) AS kind
    FROM links FINAL
) AS own
LEFT JOIN
(
    SELECT
        channel,
        arrayFilter(
            kind -> kind != 0,
            arrayMap(name -> toUInt8(indexOf(['viewable', 'rendered', 'platform', 'served'], name)), channels.kinds)
        ) AS kinds,
        toUInt8(arraySum(kind -> [1, 2, 4, 8][kind], arrayDistinct(kinds))) AS divides_by,
        ctr_low,
        ctr_high
    FROM channels FINAL
) AS usual ON own.channel = usual.channel;

CREATE OR REPLACE DICTIONARY link_names
(
    link String,
    account String,
    campaign String,
    post String,
    channel String,
    profile String,
    awareness Bool,
    kinds Array(UInt8),
    divides_by UInt8 DEFAULT 15,
    range_low Nullable(Float64),
    range_high Nullable(Float64)
)
PRIMARY KEY link
SOURCE(CLICKHOUSE(
    TABLE 'links_named'
    INVALIDATE_QUERY 'SELECT sum(cityHash64(*)) FROM (SELECT count(), max(version) FROM {database}.links UNION ALL SELECT count(), max(version) FROM {database}.channels)'
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 2 MAX 5);

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
AS WITH
    dictGet('link_names', 'divides_by', link) AS divides_by,
    dictGet('link_names', 'kinds', link) AS kinds,
    [impressions_viewable, impressions_rendered, impressions_platform, impressions_served] AS by_kind,
    toInt64(-9223372036854775808) AS never,
    greatest(
        if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, never),
        if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, never),
        if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, never),
        if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, never)
    ) AS largest
SELECT
    link,
    window_start,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    duplicate_clicks,
    unknown_clicks,
    if(largest = never, 0, largest) AS impressions,
    if(
        empty(kinds) AND impressions = 0,
        '',
        ['viewable', 'rendered', 'platform', 'served'][
            arrayFirst(kind -> by_kind[kind] = impressions, if(empty(kinds), [1, 2, 3, 4], kinds))
        ]
    ) AS impression_kind,
    impressions_served,
    impressions_rendered,
    impressions_viewable,
    impressions_platform,
    impressions_unverified,
    gross_impressions,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent
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
AS WITH
    dictGet('link_names', 'divides_by', link) AS divides_by,
    dictGet('link_names', 'kinds', link) AS kinds,
    [impressions_viewable, impressions_rendered, impressions_platform, impressions_served] AS by_kind,
    toInt64(-9223372036854775808) AS never,
    greatest(
        if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, never),
        if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, never),
        if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, never),
        if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, never)
    ) AS largest
SELECT
    link,
    window_start,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    duplicate_clicks,
    unknown_clicks,
    if(largest = never, 0, largest) AS impressions,
    if(
        empty(kinds) AND impressions = 0,
        '',
        ['viewable', 'rendered', 'platform', 'served'][
            arrayFirst(kind -> by_kind[kind] = impressions, if(empty(kinds), [1, 2, 3, 4], kinds))
        ]
    ) AS impression_kind,
    impressions_served,
    impressions_rendered,
    impressions_viewable,
    impressions_platform,
    impressions_unverified,
    gross_impressions,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent
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
AS WITH
    dictGet('link_names', 'divides_by', link) AS divides_by,
    dictGet('link_names', 'kinds', link) AS kinds,
    [impressions_viewable, impressions_rendered, impressions_platform, impressions_served] AS by_kind,
    toInt64(-9223372036854775808) AS never,
    greatest(
        if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, never),
        if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, never),
        if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, never),
        if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, never)
    ) AS largest
SELECT
    link,
    window_start,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    duplicate_clicks,
    unknown_clicks,
    if(largest = never, 0, largest) AS impressions,
    if(
        empty(kinds) AND impressions = 0,
        '',
        ['viewable', 'rendered', 'platform', 'served'][
            arrayFirst(kind -> by_kind[kind] = impressions, if(empty(kinds), [1, 2, 3, 4], kinds))
        ]
    ) AS impression_kind,
    impressions_served,
    impressions_rendered,
    impressions_viewable,
    impressions_platform,
    impressions_unverified,
    gross_impressions,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent
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
);

CREATE OR REPLACE VIEW ctr_1h_tz AS WITH
    dictGet('link_names', 'divides_by', link) AS divides_by,
    dictGet('link_names', 'kinds', link) AS kinds,
    [impressions_viewable, impressions_rendered, impressions_platform, impressions_served] AS by_kind,
    toInt64(-9223372036854775808) AS never,
    greatest(
        if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, never),
        if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, never),
        if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, never),
        if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, never)
    ) AS largest
SELECT
    link,
    day,
    window_start,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    duplicate_clicks,
    unknown_clicks,
    if(largest = never, 0, largest) AS impressions,
    if(
        empty(kinds) AND impressions = 0,
        '',
        ['viewable', 'rendered', 'platform', 'served'][
            arrayFirst(kind -> by_kind[kind] = impressions, if(empty(kinds), [1, 2, 3, 4], kinds))
        ]
    ) AS impression_kind,
    impressions_served,
    impressions_rendered,
    impressions_viewable,
    impressions_platform,
    impressions_unverified,
    gross_impressions,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent
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
);

CREATE OR REPLACE VIEW ctr_1d_tz AS WITH
    dictGet('link_names', 'divides_by', link) AS divides_by,
    dictGet('link_names', 'kinds', link) AS kinds,
    [impressions_viewable, impressions_rendered, impressions_platform, impressions_served] AS by_kind,
    toInt64(-9223372036854775808) AS never,
    greatest(
        if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, never),
        if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, never),
        if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, never),
        if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, never)
    ) AS largest
SELECT
    link,
    day,
    window_start,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    duplicate_clicks,
    unknown_clicks,
    if(largest = never, 0, largest) AS impressions,
    if(
        empty(kinds) AND impressions = 0,
        '',
        ['viewable', 'rendered', 'platform', 'served'][
            arrayFirst(kind -> by_kind[kind] = impressions, if(empty(kinds), [1, 2, 3, 4], kinds))
        ]
    ) AS impression_kind,
    impressions_served,
    impressions_rendered,
    impressions_viewable,
    impressions_platform,
    impressions_unverified,
    gross_impressions,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent
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
);

CREATE OR REPLACE VIEW totals_1m
(
    window_start DateTime('UTC') COMMENT 'the minute, UTC',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    bot_clicks Int64 COMMENT 'clicks by crawlers, link previews, monitors, HTTP libraries',
    prefetch_clicks Int64 COMMENT 'requests that a browser made in advance',
    duplicate_clicks Int64 COMMENT 'the same visitor on the same link again within seconds',
    unknown_clicks Int64 COMMENT 'clicks with an empty or unreadable user agent',
    impressions_served Int64 COMMENT 'human impressions: our pixel was fetched',
    impressions_rendered Int64 COMMENT 'human impressions: a client says it rendered the content',
    impressions_viewable Int64 COMMENT 'human impressions: a client says the content was in view',
    impressions_platform Int64 COMMENT 'impressions that a platform reports',
    impressions_unverified Int64 COMMENT 'pixels that a mail proxy fetched, perhaps without a reader; divided by nowhere',
    gross_impressions Int64 COMMENT 'impressions of all kinds and traffic classes'
)
AS SELECT
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
GROUP BY kind, counters.window_start
ORDER BY kind, counters.window_start;

CREATE OR REPLACE VIEW totals_1h
(
    window_start DateTime('UTC') COMMENT 'the hour, UTC',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    bot_clicks Int64 COMMENT 'clicks by crawlers, link previews, monitors, HTTP libraries',
    prefetch_clicks Int64 COMMENT 'requests that a browser made in advance',
    duplicate_clicks Int64 COMMENT 'the same visitor on the same link again within seconds',
    unknown_clicks Int64 COMMENT 'clicks with an empty or unreadable user agent',
    impressions_served Int64 COMMENT 'human impressions: our pixel was fetched',
    impressions_rendered Int64 COMMENT 'human impressions: a client says it rendered the content',
    impressions_viewable Int64 COMMENT 'human impressions: a client says the content was in view',
    impressions_platform Int64 COMMENT 'impressions that a platform reports',
    impressions_unverified Int64 COMMENT 'pixels that a mail proxy fetched, perhaps without a reader; divided by nowhere',
    gross_impressions Int64 COMMENT 'impressions of all kinds and traffic classes'
)
AS SELECT
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
GROUP BY kind, toStartOfHour(counters.window_start)
ORDER BY kind, toStartOfHour(counters.window_start);

CREATE OR REPLACE VIEW totals_1d
(
    window_start DateTime('UTC') COMMENT 'the beginning of the day, UTC',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    bot_clicks Int64 COMMENT 'clicks by crawlers, link previews, monitors, HTTP libraries',
    prefetch_clicks Int64 COMMENT 'requests that a browser made in advance',
    duplicate_clicks Int64 COMMENT 'the same visitor on the same link again within seconds',
    unknown_clicks Int64 COMMENT 'clicks with an empty or unreadable user agent',
    impressions_served Int64 COMMENT 'human impressions: our pixel was fetched',
    impressions_rendered Int64 COMMENT 'human impressions: a client says it rendered the content',
    impressions_viewable Int64 COMMENT 'human impressions: a client says the content was in view',
    impressions_platform Int64 COMMENT 'impressions that a platform reports',
    impressions_unverified Int64 COMMENT 'pixels that a mail proxy fetched, perhaps without a reader; divided by nowhere',
    gross_impressions Int64 COMMENT 'impressions of all kinds and traffic classes'
)
AS SELECT
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
GROUP BY kind, toStartOfDay(counters.window_start)
ORDER BY kind, toStartOfDay(counters.window_start);

CREATE OR REPLACE VIEW totals_1h_tz AS
WITH
    timeZoneOffset(toTimeZone(counters.window_start, {zone:String})) AS shift,
    counters.window_start - (toUnixTimestamp(counters.window_start) + shift) % 3600 AS hour_if_clocks_stood_still,
    timeZoneOffset(toTimeZone(hour_if_clocks_stood_still, {zone:String})) AS shift_then
SELECT
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
GROUP BY kind, window_start, day;

CREATE OR REPLACE VIEW totals_1d_tz AS
SELECT
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
GROUP BY kind, toStartOfDay(counters.window_start, {zone:String}), day;
