-- What:   the views over counters with less to plan and fewer look-ups; names by keys of what a link belongs to;
--         Wilson's interval for any number of impressions
-- Grain:  as in 0015 and 0016. post_counts: post and row of the report; report_counts: row of the report, by `by`
-- Writer: none, views; link_names as in 0015
-- Undo:   apply the views and the dictionary of 0015 and 0016 again; DROP VIEW post_counts, report_counts, and twins
-- Why:    the planner hashes each expression together with all that is below it, aliases spelled out: 0.25 s for a
--         report that then read nothing. A view is a border, so the steps are views, and nothing that is long is named
--         twice on one level. The engine takes a dictionary's tuple apart into one look-up an attribute: materialize
--         keeps it one. Posts are grouped by keys of 16 bytes instead of four names, which are looked up for the rows
--         that are shown. 4 * impressions * impressions left Int64 above 1.5e9 impressions. docs/adr/0031

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
    range_high Nullable(Float64) COMMENT 'upper end',
    account_key UInt128 COMMENT 'the account as a number (SipHash); 0: empty',
    post_key UInt128 COMMENT 'account, campaign, post and channel as a number; 0: all empty, and unknown links',
    campaign_key UInt128 COMMENT 'account and campaign',
    channel_key UInt128 COMMENT 'account and channel',
    profile_key UInt128 COMMENT 'account, channel and profile'
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
    if(channel = '', NULL, usual.ctr_low) AS range_low,
    if(channel = '', NULL, usual.ctr_high) AS range_high,
    if(account = '', 0, reinterpretAsUInt128(sipHash128(account))) AS account_key,
    if(
        account = '' AND campaign = '' AND post = '' AND channel = '', 0,
        reinterpretAsUInt128(sipHash128(account, campaign, post, channel))
    ) AS post_key,
    if(account = '' AND campaign = '', 0, reinterpretAsUInt128(sipHash128(account, campaign))) AS campaign_key,
    if(account = '' AND channel = '', 0, reinterpretAsUInt128(sipHash128(account, channel))) AS channel_key,
    if(
        account = '' AND channel = '' AND profile = '', 0,
        reinterpretAsUInt128(sipHash128(account, channel, profile))
    ) AS profile_key
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
    range_high Nullable(Float64),
    account_key UInt128,
    post_key UInt128,
    campaign_key UInt128,
    channel_key UInt128,
    profile_key UInt128
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
        if(largest = -9223372036854775808, 0, largest) AS impressions
    FROM
    (
        SELECT
            *,
            dictGet('link_names', 'divides_by', link) AS divides_by,
            greatest(
                if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, -9223372036854775808),
                if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, -9223372036854775808),
                if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, -9223372036854775808),
                if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, -9223372036854775808)
            ) AS largest
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
        if(largest = -9223372036854775808, 0, largest) AS impressions
    FROM
    (
        SELECT
            *,
            dictGet('link_names', 'divides_by', link) AS divides_by,
            greatest(
                if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, -9223372036854775808),
                if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, -9223372036854775808),
                if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, -9223372036854775808),
                if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, -9223372036854775808)
            ) AS largest
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
        if(largest = -9223372036854775808, 0, largest) AS impressions
    FROM
    (
        SELECT
            *,
            dictGet('link_names', 'divides_by', link) AS divides_by,
            greatest(
                if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, -9223372036854775808),
                if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, -9223372036854775808),
                if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, -9223372036854775808),
                if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, -9223372036854775808)
            ) AS largest
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
        if(largest = -9223372036854775808, 0, largest) AS impressions
    FROM
    (
        SELECT
            *,
            dictGet('link_names', 'divides_by', link) AS divides_by,
            greatest(
                if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, -9223372036854775808),
                if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, -9223372036854775808),
                if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, -9223372036854775808),
                if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, -9223372036854775808)
            ) AS largest
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
        if(largest = -9223372036854775808, 0, largest) AS impressions
    FROM
    (
        SELECT
            *,
            dictGet('link_names', 'divides_by', link) AS divides_by,
            greatest(
                if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, -9223372036854775808),
                if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, -9223372036854775808),
                if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, -9223372036854775808),
                if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, -9223372036854775808)
            ) AS largest
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
    )
);

CREATE OR REPLACE VIEW link_performance AS
SELECT
    link,
    dictGet('link_names', 'account', link) AS account,
    dictGet('link_names', 'campaign', link) AS campaign,
    dictGet('link_names', 'post', link) AS post,
    dictGet('link_names', 'channel', link) AS channel,
    dictGet('link_names', 'profile', link) AS profile,
    dictGet('link_names', 'awareness', link) AS awareness,
    clicks,
    gross_clicks,
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
    impressions_of_all_kinds,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    dictGet('link_names', 'range_low', link) AS range_low,
    dictGet('link_names', 'range_high', link) AS range_high
FROM
(
    SELECT
        *,
        dictGet('link_names', 'kinds', link) AS kinds,
        if(largest = -9223372036854775808, 0, largest) AS impressions
    FROM
    (
        SELECT
            *,
            dictGet('link_names', 'divides_by', link) AS divides_by,
            greatest(
                if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, -9223372036854775808),
                if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, -9223372036854775808),
                if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, -9223372036854775808),
                if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, -9223372036854775808)
            ) AS largest
        FROM
        (
            SELECT
                link,
                sumIf(counters.clicks, class = 'human') AS clicks,
                sum(counters.clicks) AS gross_clicks,
                sumIf(counters.impressions, class = 'human' AND impression_kind = 'viewable') AS impressions_viewable,
                sumIf(counters.impressions, class = 'human' AND impression_kind = 'rendered') AS impressions_rendered,
                sumIf(counters.impressions, class = 'human' AND impression_kind = 'platform') AS impressions_platform,
                sumIf(counters.impressions, class = 'human' AND impression_kind = 'served') AS impressions_served,
                sumIf(counters.impressions, class = 'human') AS impressions_of_all_kinds
            FROM counters
            WHERE kind = 0
            GROUP BY kind, link
        )
    )
);

CREATE OR REPLACE VIEW link_performance_between AS
SELECT
    link,
    dictGet('link_names', 'account', link) AS account,
    dictGet('link_names', 'campaign', link) AS campaign,
    dictGet('link_names', 'post', link) AS post,
    dictGet('link_names', 'channel', link) AS channel,
    dictGet('link_names', 'profile', link) AS profile,
    dictGet('link_names', 'awareness', link) AS awareness,
    clicks,
    gross_clicks,
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
    impressions_of_all_kinds,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    dictGet('link_names', 'range_low', link) AS range_low,
    dictGet('link_names', 'range_high', link) AS range_high
FROM
(
    SELECT
        *,
        dictGet('link_names', 'kinds', link) AS kinds,
        if(largest = -9223372036854775808, 0, largest) AS impressions
    FROM
    (
        SELECT
            *,
            dictGet('link_names', 'divides_by', link) AS divides_by,
            greatest(
                if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, -9223372036854775808),
                if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, -9223372036854775808),
                if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, -9223372036854775808),
                if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, -9223372036854775808)
            ) AS largest
        FROM
        (
            SELECT
                link,
                sumIf(counters.clicks, class = 'human') AS clicks,
                sum(counters.clicks) AS gross_clicks,
                sumIf(counters.impressions, class = 'human' AND impression_kind = 'viewable') AS impressions_viewable,
                sumIf(counters.impressions, class = 'human' AND impression_kind = 'rendered') AS impressions_rendered,
                sumIf(counters.impressions, class = 'human' AND impression_kind = 'platform') AS impressions_platform,
                sumIf(counters.impressions, class = 'human' AND impression_kind = 'served') AS impressions_served,
                sumIf(counters.impressions, class = 'human') AS impressions_of_all_kinds
            FROM counters
            WHERE kind = 0
                AND window_start >= {since:DateTime('UTC')}
                AND window_start < {until:DateTime('UTC')}
            GROUP BY kind, link
        )
    )
);

CREATE OR REPLACE VIEW post_counts AS
SELECT
    post_key,
    key,
    any(account_key) AS account_key,
    any(link) AS example,
    toInt64(count()) AS links,
    sum(clicks) AS clicks,
    sum(gross_clicks) AS gross_clicks,
    sum(impressions) AS impressions,
    groupBitOr(
        if(
            bitCount(largest_kinds) < 2,
            largest_kinds,
            [1, 2, 4, 8][
                arrayFirst(
                    kind -> bitTest(largest_kinds, kind - 1),
                    arrayConcat(dictGet('link_names', 'kinds', link), [1, 2, 3, 4])
                )
            ]
        )
    ) AS kinds,
    min(awareness) AS awareness,
    any(range_low) AS range_low,
    any(range_high) AS range_high
FROM
(
    SELECT
        *,
        if(largest = -9223372036854775808, 0, largest) AS impressions,
        bitAnd(
            divides_by,
            (impressions_viewable = largest) + 2 * (impressions_rendered = largest)
                + 4 * (impressions_platform = largest) + 8 * (impressions_served = largest)
        ) AS largest_kinds
    FROM
    (
        SELECT
            *,
            names.1 AS divides_by,
            names.2 AS awareness,
            names.3 AS account_key,
            names.4 AS post_key,
            ifNull(names.8, nan) AS range_low,
            ifNull(names.9, nan) AS range_high,
            multiIf(
                {by:String} = 'post', names.4,
                {by:String} = 'campaign', names.5,
                {by:String} = 'channel', names.6,
                names.7
            ) AS key,
            greatest(
                if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, -9223372036854775808),
                if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, -9223372036854775808),
                if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, -9223372036854775808),
                if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, -9223372036854775808)
            ) AS largest
        FROM
        (
            SELECT
                *,
                materialize(
                    dictGet(
                        'link_names',
                        (
                            'divides_by', 'awareness', 'account_key', 'post_key', 'campaign_key', 'channel_key',
                            'profile_key', 'range_low', 'range_high'
                        ),
                        link
                    )
                ) AS names
            FROM
            (
                SELECT
                    link,
                    sumIf(counters.clicks, class = 'human') AS clicks,
                    sum(counters.clicks) AS gross_clicks,
                    sumIf(counters.impressions, class = 'human' AND impression_kind = 'viewable') AS impressions_viewable,
                    sumIf(counters.impressions, class = 'human' AND impression_kind = 'rendered') AS impressions_rendered,
                    sumIf(counters.impressions, class = 'human' AND impression_kind = 'platform') AS impressions_platform,
                    sumIf(counters.impressions, class = 'human' AND impression_kind = 'served') AS impressions_served,
                    sumIf(counters.impressions, class = 'human') AS impressions_of_all_kinds
                FROM counters
                WHERE kind = 0
                GROUP BY kind, link
            )
        )
    )
)
GROUP BY post_key, key;

CREATE OR REPLACE VIEW post_counts_between AS
SELECT
    post_key,
    key,
    any(account_key) AS account_key,
    any(link) AS example,
    toInt64(count()) AS links,
    sum(clicks) AS clicks,
    sum(gross_clicks) AS gross_clicks,
    sum(impressions) AS impressions,
    groupBitOr(
        if(
            bitCount(largest_kinds) < 2,
            largest_kinds,
            [1, 2, 4, 8][
                arrayFirst(
                    kind -> bitTest(largest_kinds, kind - 1),
                    arrayConcat(dictGet('link_names', 'kinds', link), [1, 2, 3, 4])
                )
            ]
        )
    ) AS kinds,
    min(awareness) AS awareness,
    any(range_low) AS range_low,
    any(range_high) AS range_high
FROM
(
    SELECT
        *,
        if(largest = -9223372036854775808, 0, largest) AS impressions,
        bitAnd(
            divides_by,
            (impressions_viewable = largest) + 2 * (impressions_rendered = largest)
                + 4 * (impressions_platform = largest) + 8 * (impressions_served = largest)
        ) AS largest_kinds
    FROM
    (
        SELECT
            *,
            names.1 AS divides_by,
            names.2 AS awareness,
            names.3 AS account_key,
            names.4 AS post_key,
            ifNull(names.8, nan) AS range_low,
            ifNull(names.9, nan) AS range_high,
            multiIf(
                {by:String} = 'post', names.4,
                {by:String} = 'campaign', names.5,
                {by:String} = 'channel', names.6,
                names.7
            ) AS key,
            greatest(
                if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, -9223372036854775808),
                if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, -9223372036854775808),
                if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, -9223372036854775808),
                if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, -9223372036854775808)
            ) AS largest
        FROM
        (
            SELECT
                *,
                materialize(
                    dictGet(
                        'link_names',
                        (
                            'divides_by', 'awareness', 'account_key', 'post_key', 'campaign_key', 'channel_key',
                            'profile_key', 'range_low', 'range_high'
                        ),
                        link
                    )
                ) AS names
            FROM
            (
                SELECT
                    link,
                    sumIf(counters.clicks, class = 'human') AS clicks,
                    sum(counters.clicks) AS gross_clicks,
                    sumIf(counters.impressions, class = 'human' AND impression_kind = 'viewable') AS impressions_viewable,
                    sumIf(counters.impressions, class = 'human' AND impression_kind = 'rendered') AS impressions_rendered,
                    sumIf(counters.impressions, class = 'human' AND impression_kind = 'platform') AS impressions_platform,
                    sumIf(counters.impressions, class = 'human' AND impression_kind = 'served') AS impressions_served,
                    sumIf(counters.impressions, class = 'human') AS impressions_of_all_kinds
                FROM counters
                WHERE kind = 0
                    AND window_start >= {since:DateTime('UTC')}
                    AND window_start < {until:DateTime('UTC')}
                GROUP BY kind, link
            )
        )
    )
)
GROUP BY post_key, key;

CREATE OR REPLACE VIEW report_counts AS
SELECT
    *,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    if(impressions > 0 AND clicks BETWEEN 0 AND impressions, toFloat64(impressions), NULL) AS trials
FROM
(
    SELECT
        of_key AS key,
        any(of_example) AS example,
        sum(of_links) AS links,
        toInt64(count()) AS posts,
        sum(of_clicks) AS clicks,
        sum(of_gross_clicks) AS gross_clicks,
        sum(of_impressions) AS impressions,
        groupBitOr(of_kinds) AS kind_bits,
        min(of_awareness) AS awareness,
        -- Of posts on several channels the range is what CTR would be if each were at the end of its own
        multiIf(
            countIf(isNaN(of_range_low)) != 0, NULL,
            min(of_range_low) = max(of_range_low), min(of_range_low),
            sum(of_impressions) = 0, NULL,
            sum(of_impressions * of_range_low) / sum(of_impressions)
        ) AS range_low,
        multiIf(
            countIf(isNaN(of_range_high)) != 0, NULL,
            min(of_range_high) = max(of_range_high), min(of_range_high),
            sum(of_impressions) = 0, NULL,
            sum(of_impressions * of_range_high) / sum(of_impressions)
        ) AS range_high,
        any(usual_impressions) AS usual_impressions
    FROM
    (
        SELECT
            groupArray(key) AS of_key,
            groupArray(example) AS of_example,
            groupArray(links) AS of_links,
            groupArray(clicks) AS of_clicks,
            groupArray(gross_clicks) AS of_gross_clicks,
            groupArray(of_post.impressions) AS of_impressions,
            groupArray(kinds) AS of_kinds,
            groupArray(awareness) AS of_awareness,
            groupArray(range_low) AS of_range_low,
            groupArray(range_high) AS of_range_high,
            -- A post of several profiles is several rows of theirs
            if(
                {by:String} = 'profile',
                tupleElement(arrayReduce('sumMap', [groupArray(post_key)], [of_impressions]), 2),
                of_impressions
            ) AS of_posts,
            ifNotFinite(arrayReduce('quantileExactInclusive(0.5)', arrayFilter(amount -> amount > 0, of_posts)), 0)
                AS usual_impressions
        FROM post_counts(by = {by:String}) AS of_post
        GROUP BY account_key
    )
    ARRAY JOIN
        of_key, of_example, of_links, of_clicks, of_gross_clicks, of_impressions, of_kinds, of_awareness, of_range_low,
        of_range_high
    GROUP BY of_key
);

CREATE OR REPLACE VIEW report_counts_between AS
SELECT
    *,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    if(impressions > 0 AND clicks BETWEEN 0 AND impressions, toFloat64(impressions), NULL) AS trials
FROM
(
    SELECT
        of_key AS key,
        any(of_example) AS example,
        sum(of_links) AS links,
        toInt64(count()) AS posts,
        sum(of_clicks) AS clicks,
        sum(of_gross_clicks) AS gross_clicks,
        sum(of_impressions) AS impressions,
        groupBitOr(of_kinds) AS kind_bits,
        min(of_awareness) AS awareness,
        -- Of posts on several channels the range is what CTR would be if each were at the end of its own
        multiIf(
            countIf(isNaN(of_range_low)) != 0, NULL,
            min(of_range_low) = max(of_range_low), min(of_range_low),
            sum(of_impressions) = 0, NULL,
            sum(of_impressions * of_range_low) / sum(of_impressions)
        ) AS range_low,
        multiIf(
            countIf(isNaN(of_range_high)) != 0, NULL,
            min(of_range_high) = max(of_range_high), min(of_range_high),
            sum(of_impressions) = 0, NULL,
            sum(of_impressions * of_range_high) / sum(of_impressions)
        ) AS range_high,
        any(usual_impressions) AS usual_impressions
    FROM
    (
        SELECT
            groupArray(key) AS of_key,
            groupArray(example) AS of_example,
            groupArray(links) AS of_links,
            groupArray(clicks) AS of_clicks,
            groupArray(gross_clicks) AS of_gross_clicks,
            groupArray(of_post.impressions) AS of_impressions,
            groupArray(kinds) AS of_kinds,
            groupArray(awareness) AS of_awareness,
            groupArray(range_low) AS of_range_low,
            groupArray(range_high) AS of_range_high,
            -- A post of several profiles is several rows of theirs
            if(
                {by:String} = 'profile',
                tupleElement(arrayReduce('sumMap', [groupArray(post_key)], [of_impressions]), 2),
                of_impressions
            ) AS of_posts,
            ifNotFinite(arrayReduce('quantileExactInclusive(0.5)', arrayFilter(amount -> amount > 0, of_posts)), 0)
                AS usual_impressions
        FROM post_counts_between(
            by = {by:String}, since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')}
        ) AS of_post
        GROUP BY account_key
    )
    ARRAY JOIN
        of_key, of_example, of_links, of_clicks, of_gross_clicks, of_impressions, of_kinds, of_awareness, of_range_low,
        of_range_high
    GROUP BY of_key
);

CREATE OR REPLACE VIEW post_performance
(
    account String COMMENT 'whom the links belong to',
    campaign String COMMENT 'name of the campaign',
    post String COMMENT 'name of the post',
    channel String COMMENT 'x, linkedin, email, …, in lower case',
    links Int64 COMMENT 'how many links of it were counted',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    impressions Int64 COMMENT 'human impressions, of each link those of the kind that it is divided by',
    kinds Array(String) COMMENT 'the kinds of impressions in that sum',
    ctr Nullable(Float64) COMMENT 'sum of clicks / sum of impressions; NULL without impressions',
    ctr_from Nullable(Float64) COMMENT 'lower end of the 95 % interval of CTR (Wilson); NULL where it has none',
    ctr_to Nullable(Float64) COMMENT 'upper end',
    enough_data Bool COMMENT 'whether CTR can be judged: at the low end of the range it would be 5 clicks',
    over_100_percent Bool COMMENT 'whether ctr is above 1: something is counted on one side only',
    range_low Nullable(Float64) COMMENT 'lower end of the reference range of the channel; NULL: none',
    range_high Nullable(Float64) COMMENT 'upper end',
    position String COMMENT 'where CTR lies: below, within, above; empty without a range or CTR',
    usual_impressions Float64 COMMENT 'the account''s median of impressions of a post, over the same time',
    pattern String COMMENT 'many or few impressions a post, few or many clicks; or why there is no judgement',
    meaning String COMMENT 'what the pattern means',
    advice String COMMENT 'what to do'
)
AS
SELECT
    dictGet('link_names', 'account', example) AS account,
    dictGet('link_names', 'campaign', example) AS campaign,
    dictGet('link_names', 'post', example) AS post,
    dictGet('link_names', 'channel', example) AS channel,
    links,
    clicks,
    gross_clicks,
    impressions,
    arrayFilter(
        (kind, bit) -> bitTest(kind_bits, bit),
        ['platform', 'rendered', 'served', 'viewable'],
        [2, 1, 3, 0]
    ) AS kinds,
    ctr,
    multiIf(isNull(trials), NULL, clicks = 0, 0, middle - reach) AS ctr_from,
    multiIf(isNull(trials), NULL, clicks = impressions, 1, middle + reach) AS ctr_to,
    enough_data,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent,
    range_low,
    range_high,
    position,
    usual_impressions,
    pattern,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks', 'awareness'
        ],
        [
            'seen, but the hook did not land', 'the message resonated with a small audience',
            'reach and engagement both work', 'neither shown nor engaging', 'impressions lead, CTR is not judged'
        ],
        ''
    ) AS meaning,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks'
        ],
        [
            'rewrite the opening line or the call to action',
            'repeat this angle with a stronger hook, another time of day',
            'note what made it different and reuse it', 'other topic, other angle, other time'
        ],
        ''
    ) AS advice
FROM
(
    SELECT
        *,
        1.959963984540054 AS z,
        1 + z * z / trials AS spread,
        (clicks / trials + z * z / (2 * trials)) / spread AS middle,
        z * sqrt(clicks / trials * (1 - clicks / trials) / trials + z * z / (4 * trials * trials)) / spread AS reach,
        toBool(ifNull(impressions * range_low >= 5, impressions >= 1000)) AS enough_data,
        impressions / posts >= usual_impressions AS many,
        multiIf(
            isNull(ctr) OR isNull(range_low) OR isNull(range_high), '',
            ctr < range_low, 'below',
            ctr > range_high, 'above',
            'within'
        ) AS position,
        multiIf(
            awareness, 'awareness',
            isNull(ctr), 'no impressions',
            NOT enough_data, 'not enough data yet',
            position = '', 'no reference range',
            concat(
                if(many, 'many impressions, ', 'few impressions, '),
                multiIf(
                    position = 'below', 'few clicks',
                    many, 'many clicks',
                    'high CTR'
                )
            )
        ) AS pattern
    FROM report_counts(by = 'post')
);

CREATE OR REPLACE VIEW post_performance_between AS
SELECT
    dictGet('link_names', 'account', example) AS account,
    dictGet('link_names', 'campaign', example) AS campaign,
    dictGet('link_names', 'post', example) AS post,
    dictGet('link_names', 'channel', example) AS channel,
    links,
    clicks,
    gross_clicks,
    impressions,
    arrayFilter(
        (kind, bit) -> bitTest(kind_bits, bit),
        ['platform', 'rendered', 'served', 'viewable'],
        [2, 1, 3, 0]
    ) AS kinds,
    ctr,
    multiIf(isNull(trials), NULL, clicks = 0, 0, middle - reach) AS ctr_from,
    multiIf(isNull(trials), NULL, clicks = impressions, 1, middle + reach) AS ctr_to,
    enough_data,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent,
    range_low,
    range_high,
    position,
    usual_impressions,
    pattern,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks', 'awareness'
        ],
        [
            'seen, but the hook did not land', 'the message resonated with a small audience',
            'reach and engagement both work', 'neither shown nor engaging', 'impressions lead, CTR is not judged'
        ],
        ''
    ) AS meaning,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks'
        ],
        [
            'rewrite the opening line or the call to action',
            'repeat this angle with a stronger hook, another time of day',
            'note what made it different and reuse it', 'other topic, other angle, other time'
        ],
        ''
    ) AS advice
FROM
(
    SELECT
        *,
        1.959963984540054 AS z,
        1 + z * z / trials AS spread,
        (clicks / trials + z * z / (2 * trials)) / spread AS middle,
        z * sqrt(clicks / trials * (1 - clicks / trials) / trials + z * z / (4 * trials * trials)) / spread AS reach,
        toBool(ifNull(impressions * range_low >= 5, impressions >= 1000)) AS enough_data,
        impressions / posts >= usual_impressions AS many,
        multiIf(
            isNull(ctr) OR isNull(range_low) OR isNull(range_high), '',
            ctr < range_low, 'below',
            ctr > range_high, 'above',
            'within'
        ) AS position,
        multiIf(
            awareness, 'awareness',
            isNull(ctr), 'no impressions',
            NOT enough_data, 'not enough data yet',
            position = '', 'no reference range',
            concat(
                if(many, 'many impressions, ', 'few impressions, '),
                multiIf(
                    position = 'below', 'few clicks',
                    many, 'many clicks',
                    'high CTR'
                )
            )
        ) AS pattern
    FROM report_counts_between(
        by = 'post', since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')}
    )
);

CREATE OR REPLACE VIEW campaign_performance
(
    account String COMMENT 'whom the links belong to',
    campaign String COMMENT 'name of the campaign',
    links Int64 COMMENT 'how many links of it were counted',
    posts Int64 COMMENT 'how many posts these links are in',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    impressions Int64 COMMENT 'human impressions, of each link those of the kind that it is divided by',
    kinds Array(String) COMMENT 'the kinds of impressions in that sum',
    ctr Nullable(Float64) COMMENT 'sum of clicks / sum of impressions; NULL without impressions',
    ctr_from Nullable(Float64) COMMENT 'lower end of the 95 % interval of CTR (Wilson); NULL where it has none',
    ctr_to Nullable(Float64) COMMENT 'upper end',
    enough_data Bool COMMENT 'whether CTR can be judged: at the low end of the range it would be 5 clicks',
    over_100_percent Bool COMMENT 'whether ctr is above 1: something is counted on one side only',
    range_low Nullable(Float64) COMMENT 'lower end of the reference range of the channel; NULL: none',
    range_high Nullable(Float64) COMMENT 'upper end',
    position String COMMENT 'where CTR lies: below, within, above; empty without a range or CTR',
    usual_impressions Float64 COMMENT 'the account''s median of impressions of a post, over the same time',
    pattern String COMMENT 'many or few impressions a post, few or many clicks; or why there is no judgement',
    meaning String COMMENT 'what the pattern means',
    advice String COMMENT 'what to do'
)
AS
SELECT
    dictGet('link_names', 'account', example) AS account,
    dictGet('link_names', 'campaign', example) AS campaign,
    links,
    posts,
    clicks,
    gross_clicks,
    impressions,
    arrayFilter(
        (kind, bit) -> bitTest(kind_bits, bit),
        ['platform', 'rendered', 'served', 'viewable'],
        [2, 1, 3, 0]
    ) AS kinds,
    ctr,
    multiIf(isNull(trials), NULL, clicks = 0, 0, middle - reach) AS ctr_from,
    multiIf(isNull(trials), NULL, clicks = impressions, 1, middle + reach) AS ctr_to,
    enough_data,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent,
    range_low,
    range_high,
    position,
    usual_impressions,
    pattern,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks', 'awareness'
        ],
        [
            'seen, but the hook did not land', 'the message resonated with a small audience',
            'reach and engagement both work', 'neither shown nor engaging', 'impressions lead, CTR is not judged'
        ],
        ''
    ) AS meaning,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks'
        ],
        [
            'rewrite the opening line or the call to action',
            'repeat this angle with a stronger hook, another time of day',
            'note what made it different and reuse it', 'other topic, other angle, other time'
        ],
        ''
    ) AS advice
FROM
(
    SELECT
        *,
        1.959963984540054 AS z,
        1 + z * z / trials AS spread,
        (clicks / trials + z * z / (2 * trials)) / spread AS middle,
        z * sqrt(clicks / trials * (1 - clicks / trials) / trials + z * z / (4 * trials * trials)) / spread AS reach,
        toBool(ifNull(impressions * range_low >= 5, impressions >= 1000)) AS enough_data,
        impressions / posts >= usual_impressions AS many,
        multiIf(
            isNull(ctr) OR isNull(range_low) OR isNull(range_high), '',
            ctr < range_low, 'below',
            ctr > range_high, 'above',
            'within'
        ) AS position,
        multiIf(
            awareness, 'awareness',
            isNull(ctr), 'no impressions',
            NOT enough_data, 'not enough data yet',
            position = '', 'no reference range',
            concat(
                if(many, 'many impressions, ', 'few impressions, '),
                multiIf(
                    position = 'below', 'few clicks',
                    many, 'many clicks',
                    'high CTR'
                )
            )
        ) AS pattern
    FROM report_counts(by = 'campaign')
);

CREATE OR REPLACE VIEW campaign_performance_between AS
SELECT
    dictGet('link_names', 'account', example) AS account,
    dictGet('link_names', 'campaign', example) AS campaign,
    links,
    posts,
    clicks,
    gross_clicks,
    impressions,
    arrayFilter(
        (kind, bit) -> bitTest(kind_bits, bit),
        ['platform', 'rendered', 'served', 'viewable'],
        [2, 1, 3, 0]
    ) AS kinds,
    ctr,
    multiIf(isNull(trials), NULL, clicks = 0, 0, middle - reach) AS ctr_from,
    multiIf(isNull(trials), NULL, clicks = impressions, 1, middle + reach) AS ctr_to,
    enough_data,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent,
    range_low,
    range_high,
    position,
    usual_impressions,
    pattern,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks', 'awareness'
        ],
        [
            'seen, but the hook did not land', 'the message resonated with a small audience',
            'reach and engagement both work', 'neither shown nor engaging', 'impressions lead, CTR is not judged'
        ],
        ''
    ) AS meaning,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks'
        ],
        [
            'rewrite the opening line or the call to action',
            'repeat this angle with a stronger hook, another time of day',
            'note what made it different and reuse it', 'other topic, other angle, other time'
        ],
        ''
    ) AS advice
FROM
(
    SELECT
        *,
        1.959963984540054 AS z,
        1 + z * z / trials AS spread,
        (clicks / trials + z * z / (2 * trials)) / spread AS middle,
        z * sqrt(clicks / trials * (1 - clicks / trials) / trials + z * z / (4 * trials * trials)) / spread AS reach,
        toBool(ifNull(impressions * range_low >= 5, impressions >= 1000)) AS enough_data,
        impressions / posts >= usual_impressions AS many,
        multiIf(
            isNull(ctr) OR isNull(range_low) OR isNull(range_high), '',
            ctr < range_low, 'below',
            ctr > range_high, 'above',
            'within'
        ) AS position,
        multiIf(
            awareness, 'awareness',
            isNull(ctr), 'no impressions',
            NOT enough_data, 'not enough data yet',
            position = '', 'no reference range',
            concat(
                if(many, 'many impressions, ', 'few impressions, '),
                multiIf(
                    position = 'below', 'few clicks',
                    many, 'many clicks',
                    'high CTR'
                )
            )
        ) AS pattern
    FROM report_counts_between(
        by = 'campaign', since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')}
    )
);

CREATE OR REPLACE VIEW channel_performance
(
    account String COMMENT 'whom the links belong to',
    channel String COMMENT 'x, linkedin, email, …, in lower case',
    links Int64 COMMENT 'how many links of it were counted',
    posts Int64 COMMENT 'how many posts these links are in',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    impressions Int64 COMMENT 'human impressions, of each link those of the kind that it is divided by',
    kinds Array(String) COMMENT 'the kinds of impressions in that sum',
    ctr Nullable(Float64) COMMENT 'sum of clicks / sum of impressions; NULL without impressions',
    ctr_from Nullable(Float64) COMMENT 'lower end of the 95 % interval of CTR (Wilson); NULL where it has none',
    ctr_to Nullable(Float64) COMMENT 'upper end',
    enough_data Bool COMMENT 'whether CTR can be judged: at the low end of the range it would be 5 clicks',
    over_100_percent Bool COMMENT 'whether ctr is above 1: something is counted on one side only',
    range_low Nullable(Float64) COMMENT 'lower end of the reference range of the channel; NULL: none',
    range_high Nullable(Float64) COMMENT 'upper end',
    position String COMMENT 'where CTR lies: below, within, above; empty without a range or CTR',
    usual_impressions Float64 COMMENT 'the account''s median of impressions of a post, over the same time',
    pattern String COMMENT 'many or few impressions a post, few or many clicks; or why there is no judgement',
    meaning String COMMENT 'what the pattern means',
    advice String COMMENT 'what to do'
)
AS
SELECT
    dictGet('link_names', 'account', example) AS account,
    dictGet('link_names', 'channel', example) AS channel,
    links,
    posts,
    clicks,
    gross_clicks,
    impressions,
    arrayFilter(
        (kind, bit) -> bitTest(kind_bits, bit),
        ['platform', 'rendered', 'served', 'viewable'],
        [2, 1, 3, 0]
    ) AS kinds,
    ctr,
    multiIf(isNull(trials), NULL, clicks = 0, 0, middle - reach) AS ctr_from,
    multiIf(isNull(trials), NULL, clicks = impressions, 1, middle + reach) AS ctr_to,
    enough_data,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent,
    range_low,
    range_high,
    position,
    usual_impressions,
    pattern,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks', 'awareness'
        ],
        [
            'seen, but the hook did not land', 'the message resonated with a small audience',
            'reach and engagement both work', 'neither shown nor engaging', 'impressions lead, CTR is not judged'
        ],
        ''
    ) AS meaning,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks'
        ],
        [
            'rewrite the opening line or the call to action',
            'repeat this angle with a stronger hook, another time of day',
            'note what made it different and reuse it', 'other topic, other angle, other time'
        ],
        ''
    ) AS advice
FROM
(
    SELECT
        *,
        1.959963984540054 AS z,
        1 + z * z / trials AS spread,
        (clicks / trials + z * z / (2 * trials)) / spread AS middle,
        z * sqrt(clicks / trials * (1 - clicks / trials) / trials + z * z / (4 * trials * trials)) / spread AS reach,
        toBool(ifNull(impressions * range_low >= 5, impressions >= 1000)) AS enough_data,
        impressions / posts >= usual_impressions AS many,
        multiIf(
            isNull(ctr) OR isNull(range_low) OR isNull(range_high), '',
            ctr < range_low, 'below',
            ctr > range_high, 'above',
            'within'
        ) AS position,
        multiIf(
            awareness, 'awareness',
            isNull(ctr), 'no impressions',
            NOT enough_data, 'not enough data yet',
            position = '', 'no reference range',
            concat(
                if(many, 'many impressions, ', 'few impressions, '),
                multiIf(
                    position = 'below', 'few clicks',
                    many, 'many clicks',
                    'high CTR'
                )
            )
        ) AS pattern
    FROM report_counts(by = 'channel')
);

CREATE OR REPLACE VIEW channel_performance_between AS
SELECT
    dictGet('link_names', 'account', example) AS account,
    dictGet('link_names', 'channel', example) AS channel,
    links,
    posts,
    clicks,
    gross_clicks,
    impressions,
    arrayFilter(
        (kind, bit) -> bitTest(kind_bits, bit),
        ['platform', 'rendered', 'served', 'viewable'],
        [2, 1, 3, 0]
    ) AS kinds,
    ctr,
    multiIf(isNull(trials), NULL, clicks = 0, 0, middle - reach) AS ctr_from,
    multiIf(isNull(trials), NULL, clicks = impressions, 1, middle + reach) AS ctr_to,
    enough_data,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent,
    range_low,
    range_high,
    position,
    usual_impressions,
    pattern,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks', 'awareness'
        ],
        [
            'seen, but the hook did not land', 'the message resonated with a small audience',
            'reach and engagement both work', 'neither shown nor engaging', 'impressions lead, CTR is not judged'
        ],
        ''
    ) AS meaning,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks'
        ],
        [
            'rewrite the opening line or the call to action',
            'repeat this angle with a stronger hook, another time of day',
            'note what made it different and reuse it', 'other topic, other angle, other time'
        ],
        ''
    ) AS advice
FROM
(
    SELECT
        *,
        1.959963984540054 AS z,
        1 + z * z / trials AS spread,
        (clicks / trials + z * z / (2 * trials)) / spread AS middle,
        z * sqrt(clicks / trials * (1 - clicks / trials) / trials + z * z / (4 * trials * trials)) / spread AS reach,
        toBool(ifNull(impressions * range_low >= 5, impressions >= 1000)) AS enough_data,
        impressions / posts >= usual_impressions AS many,
        multiIf(
            isNull(ctr) OR isNull(range_low) OR isNull(range_high), '',
            ctr < range_low, 'below',
            ctr > range_high, 'above',
            'within'
        ) AS position,
        multiIf(
            awareness, 'awareness',
            isNull(ctr), 'no impressions',
            NOT enough_data, 'not enough data yet',
            position = '', 'no reference range',
            concat(
                if(many, 'many impressions, ', 'few impressions, '),
                multiIf(
                    position = 'below', 'few clicks',
                    many, 'many clicks',
                    'high CTR'
                )
            )
        ) AS pattern
    FROM report_counts_between(
        by = 'channel', since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')}
    )
);

CREATE OR REPLACE VIEW profile_performance
(
    account String COMMENT 'whom the links belong to',
    channel String COMMENT 'x, linkedin, email, …, in lower case',
    profile String COMMENT 'account that posted',
    links Int64 COMMENT 'how many links of it were counted',
    posts Int64 COMMENT 'how many posts these links are in',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    impressions Int64 COMMENT 'human impressions, of each link those of the kind that it is divided by',
    kinds Array(String) COMMENT 'the kinds of impressions in that sum',
    ctr Nullable(Float64) COMMENT 'sum of clicks / sum of impressions; NULL without impressions',
    ctr_from Nullable(Float64) COMMENT 'lower end of the 95 % interval of CTR (Wilson); NULL where it has none',
    ctr_to Nullable(Float64) COMMENT 'upper end',
    enough_data Bool COMMENT 'whether CTR can be judged: at the low end of the range it would be 5 clicks',
    over_100_percent Bool COMMENT 'whether ctr is above 1: something is counted on one side only',
    range_low Nullable(Float64) COMMENT 'lower end of the reference range of the channel; NULL: none',
    range_high Nullable(Float64) COMMENT 'upper end',
    position String COMMENT 'where CTR lies: below, within, above; empty without a range or CTR',
    usual_impressions Float64 COMMENT 'the account''s median of impressions of a post, over the same time',
    pattern String COMMENT 'many or few impressions a post, few or many clicks; or why there is no judgement',
    meaning String COMMENT 'what the pattern means',
    advice String COMMENT 'what to do'
)
AS
SELECT
    dictGet('link_names', 'account', example) AS account,
    dictGet('link_names', 'channel', example) AS channel,
    dictGet('link_names', 'profile', example) AS profile,
    links,
    posts,
    clicks,
    gross_clicks,
    impressions,
    arrayFilter(
        (kind, bit) -> bitTest(kind_bits, bit),
        ['platform', 'rendered', 'served', 'viewable'],
        [2, 1, 3, 0]
    ) AS kinds,
    ctr,
    multiIf(isNull(trials), NULL, clicks = 0, 0, middle - reach) AS ctr_from,
    multiIf(isNull(trials), NULL, clicks = impressions, 1, middle + reach) AS ctr_to,
    enough_data,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent,
    range_low,
    range_high,
    position,
    usual_impressions,
    pattern,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks', 'awareness'
        ],
        [
            'seen, but the hook did not land', 'the message resonated with a small audience',
            'reach and engagement both work', 'neither shown nor engaging', 'impressions lead, CTR is not judged'
        ],
        ''
    ) AS meaning,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks'
        ],
        [
            'rewrite the opening line or the call to action',
            'repeat this angle with a stronger hook, another time of day',
            'note what made it different and reuse it', 'other topic, other angle, other time'
        ],
        ''
    ) AS advice
FROM
(
    SELECT
        *,
        1.959963984540054 AS z,
        1 + z * z / trials AS spread,
        (clicks / trials + z * z / (2 * trials)) / spread AS middle,
        z * sqrt(clicks / trials * (1 - clicks / trials) / trials + z * z / (4 * trials * trials)) / spread AS reach,
        toBool(ifNull(impressions * range_low >= 5, impressions >= 1000)) AS enough_data,
        impressions / posts >= usual_impressions AS many,
        multiIf(
            isNull(ctr) OR isNull(range_low) OR isNull(range_high), '',
            ctr < range_low, 'below',
            ctr > range_high, 'above',
            'within'
        ) AS position,
        multiIf(
            awareness, 'awareness',
            isNull(ctr), 'no impressions',
            NOT enough_data, 'not enough data yet',
            position = '', 'no reference range',
            concat(
                if(many, 'many impressions, ', 'few impressions, '),
                multiIf(
                    position = 'below', 'few clicks',
                    many, 'many clicks',
                    'high CTR'
                )
            )
        ) AS pattern
    FROM report_counts(by = 'profile')
);

CREATE OR REPLACE VIEW profile_performance_between AS
SELECT
    dictGet('link_names', 'account', example) AS account,
    dictGet('link_names', 'channel', example) AS channel,
    dictGet('link_names', 'profile', example) AS profile,
    links,
    posts,
    clicks,
    gross_clicks,
    impressions,
    arrayFilter(
        (kind, bit) -> bitTest(kind_bits, bit),
        ['platform', 'rendered', 'served', 'viewable'],
        [2, 1, 3, 0]
    ) AS kinds,
    ctr,
    multiIf(isNull(trials), NULL, clicks = 0, 0, middle - reach) AS ctr_from,
    multiIf(isNull(trials), NULL, clicks = impressions, 1, middle + reach) AS ctr_to,
    enough_data,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent,
    range_low,
    range_high,
    position,
    usual_impressions,
    pattern,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks', 'awareness'
        ],
        [
            'seen, but the hook did not land', 'the message resonated with a small audience',
            'reach and engagement both work', 'neither shown nor engaging', 'impressions lead, CTR is not judged'
        ],
        ''
    ) AS meaning,
    transform(
        pattern,
        [
            'many impressions, few clicks', 'few impressions, high CTR', 'many impressions, many clicks',
            'few impressions, few clicks'
        ],
        [
            'rewrite the opening line or the call to action',
            'repeat this angle with a stronger hook, another time of day',
            'note what made it different and reuse it', 'other topic, other angle, other time'
        ],
        ''
    ) AS advice
FROM
(
    SELECT
        *,
        1.959963984540054 AS z,
        1 + z * z / trials AS spread,
        (clicks / trials + z * z / (2 * trials)) / spread AS middle,
        z * sqrt(clicks / trials * (1 - clicks / trials) / trials + z * z / (4 * trials * trials)) / spread AS reach,
        toBool(ifNull(impressions * range_low >= 5, impressions >= 1000)) AS enough_data,
        impressions / posts >= usual_impressions AS many,
        multiIf(
            isNull(ctr) OR isNull(range_low) OR isNull(range_high), '',
            ctr < range_low, 'below',
            ctr > range_high, 'above',
            'within'
        ) AS position,
        multiIf(
            awareness, 'awareness',
            isNull(ctr), 'no impressions',
            NOT enough_data, 'not enough data yet',
            position = '', 'no reference range',
            concat(
                if(many, 'many impressions, ', 'few impressions, '),
                multiIf(
                    position = 'below', 'few clicks',
                    many, 'many clicks',
                    'high CTR'
                )
            )
        ) AS pattern
    FROM report_counts_between(
        by = 'profile', since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')}
    )
);

DROP VIEW IF EXISTS performance;

DROP VIEW IF EXISTS performance_between;
