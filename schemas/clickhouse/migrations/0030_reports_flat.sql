-- What:   reports of posts, campaigns, channels and profiles in one view each, from sums by link and day that lie by week
--         (link_sums, which takes the place of link_days)
-- Grain:  reports as in 0025. link_sums: a link's day (UTC) in one version; link_sum_days: a day that was rolled up;
--         link_sum_days_now: a day that has counters
-- Writer: `python -m stream tables` for link_sums and link_sum_days, as in 0029; the rest are views
-- Undo:   apply 0029 and the reports of 0025 that it leaves; DROP VIEW link_sum_days_now; DROP TABLE link_sum_days,
--         link_sums
-- Why:    rows of a month lay by link, so each granule held some of each day; by week, of granules of other weeks the
--         days alone are read (CPU of a sum by link over 30 days 215 -> 191 ms). A report was three views with
--         parameters, each analysed anew by the one above, and gathered all posts in arrays to know their median, which
--         is a window function here: 452 -> 400 ms of CPU for posts. The tables have other names, so that a roller of
--         before, still running, names no rows that are not there. docs/adr/0037
CREATE TABLE IF NOT EXISTS link_sums
(
    day Date,
    link String,
    version UInt64,
    clicks Int64,
    gross_clicks Int64,
    impressions_viewable Int64,
    impressions_rendered Int64,
    impressions_platform Int64,
    impressions_served Int64,
    impressions_of_all_kinds Int64,
    gross_impressions Int64,
    fingerprint Int64 ALIAS toInt64(cityHash64(link)) * (
        clicks * 2066312117651682089
        + gross_clicks * 3360529941502164197
        + impressions_viewable * 4010328021800667833
        + impressions_rendered * 2189611071722290449
        + impressions_platform * 2134646737966204727
        + impressions_served * 2589888097089738489
        + impressions_of_all_kinds * 3307847047020649999
        + gross_impressions * 3116072192056199847
    )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (toMonday(day), link, day, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS link_sum_days
(
    day Date,
    version UInt64,
    fingerprint Int64,
    made_at DateTime('UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY day
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW link_sum_days_now
(
    day Date COMMENT 'a day that has counters, UTC',
    version UInt64 COMMENT 'the rows of link_sums that say of it what the counters say now; 0: none do'
)
AS SELECT day, if(made.fingerprint = counted.fingerprint, made.version, 0) AS version
FROM counted_days AS counted
LEFT JOIN
(
    SELECT
        day,
        max(link_sum_days.version) AS version,
        argMax(link_sum_days.fingerprint, link_sum_days.version) AS fingerprint
    FROM link_sum_days
    GROUP BY day
) AS made USING (day);

CREATE OR REPLACE VIEW link_sums_between AS
WITH
    (
        SELECT (groupArrayIf(version, whole), groupArrayIf(day, NOT whole))
        FROM
        (
            SELECT
                day,
                version,
                version != 0 AND toDateTime(day, 'UTC') >= {since:DateTime('UTC')}
                    AND toDateTime(day + 1, 'UTC') <= {until:DateTime('UTC')} AS whole
            FROM link_sum_days_now
            WHERE day >= toDate({since:DateTime('UTC')}) AND day <= toDate({until:DateTime('UTC')})
        )
    ) AS days
SELECT
    link,
    sum(of_rows.clicks) AS clicks,
    sum(of_rows.gross_clicks) AS gross_clicks,
    sum(of_rows.impressions_viewable) AS impressions_viewable,
    sum(of_rows.impressions_rendered) AS impressions_rendered,
    sum(of_rows.impressions_platform) AS impressions_platform,
    sum(of_rows.impressions_served) AS impressions_served,
    sum(of_rows.impressions_of_all_kinds) AS impressions_of_all_kinds
FROM
(
    SELECT
        link, clicks, gross_clicks, impressions_viewable, impressions_rendered, impressions_platform,
        impressions_served, impressions_of_all_kinds
    FROM link_sums
    WHERE day >= toDate({since:DateTime('UTC')}) AND day < toDate({until:DateTime('UTC')}) AND version IN (days.1)
    UNION ALL
    SELECT
        link,
        if(class = 'human', counters.clicks, 0) AS clicks,
        counters.clicks AS gross_clicks,
        if(class = 'human' AND impression_kind = 'viewable', impressions, 0) AS impressions_viewable,
        if(class = 'human' AND impression_kind = 'rendered', impressions, 0) AS impressions_rendered,
        if(class = 'human' AND impression_kind = 'platform', impressions, 0) AS impressions_platform,
        if(class = 'human' AND impression_kind = 'served', impressions, 0) AS impressions_served,
        if(class = 'human', impressions, 0) AS impressions_of_all_kinds
    FROM counters
    WHERE kind = 0
        AND window_start >= {since:DateTime('UTC')}
        AND window_start < {until:DateTime('UTC')}
        AND toDate(window_start) IN (days.2)
) AS of_rows
GROUP BY link;

CREATE OR REPLACE VIEW post_performance_between AS
WITH
    (
        SELECT (groupArrayIf(version, whole), groupArrayIf(day, NOT whole))
        FROM
        (
            SELECT
                day,
                version,
                version != 0 AND toDateTime(day, 'UTC') >= {since:DateTime('UTC')}
                    AND toDateTime(day + 1, 'UTC') <= {until:DateTime('UTC')} AS whole
            FROM link_sum_days_now
            WHERE day >= toDate({since:DateTime('UTC')}) AND day <= toDate({until:DateTime('UTC')})
        )
    ) AS days
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
    multiIf(
        isNull(reach), NULL,
        clicks = 0, 0,
        (clicks + 1.9207294103470618 - reach) / (impressions + 3.8414588206941236)
    ) AS ctr_from,
    multiIf(
        isNull(reach), NULL,
        clicks = impressions, 1,
        (clicks + 1.9207294103470618 + reach) / (impressions + 3.8414588206941236)
    ) AS ctr_to,
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
    FROM
    (
        SELECT
            *,
            impressions >= usual_impressions AS many,
            toBool(ifNull(impressions * range_low >= 5, impressions >= 1000)) AS enough_data,
            multiIf(
                isNull(ctr) OR isNull(range_low) OR isNull(range_high), '',
                ctr < range_low, 'below',
                ctr > range_high, 'above',
                'within'
            ) AS position,
            if(
                ctr BETWEEN 0 AND 1,
                1.959963984540054 * sqrt(clicks * (1 - ctr) + 0.9603647051735309),
                NULL
            ) AS reach
        FROM
        (
            SELECT
                *,
                if(impressions > 0, clicks / impressions, NULL) AS ctr,
                ifNotFinite(median, 0) AS usual_impressions
            FROM
            (
                SELECT
                    *,
                    quantileExactInclusiveIf(0.5)(impressions, impressions > 0) OVER (PARTITION BY account_key) AS median
                FROM
                (
                    SELECT
                        names.4 AS post_key,
                        any(names.3) AS account_key,
                        any(link) AS example,
                        toInt64(count()) AS links,
                        sum(of_link.clicks) AS clicks,
                        sum(of_link.gross_clicks) AS gross_clicks,
                        sum(of_link.impressions) AS impressions,
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
                        ) AS kind_bits,
                        min(names.2) AS awareness,
                        any(names.5) AS range_low,
                        any(names.6) AS range_high
                    FROM
                    (
                        SELECT
                            *,
                            ifNull(
                                greatest(
                                    nullIf(impressions_viewable * bitTest(names.1, 0), 0),
                                    nullIf(impressions_rendered * bitTest(names.1, 1), 0),
                                    nullIf(impressions_platform * bitTest(names.1, 2), 0),
                                    nullIf(impressions_served * bitTest(names.1, 3), 0)
                                ),
                                0
                            ) AS impressions,
                            if(
                                impressions = 0,
                                0,
                                bitAnd(
                                    names.1,
                                    (impressions_viewable = impressions) + 2 * (impressions_rendered = impressions)
                                        + 4 * (impressions_platform = impressions) + 8 * (impressions_served = impressions)
                                )
                            ) AS largest_kinds
                        FROM
                        (
                            SELECT
                                *,
                                materialize(
                                    dictGet(
                                        'link_names',
                                        (
                                            'divides_by', 'awareness', 'account_key', 'post_key', 'range_low', 'range_high'
                                        ),
                                        link
                                    )
                                ) AS names
                            FROM
                            (
                                SELECT
                                    link,
                                    sum(of_rows.clicks) AS clicks,
                                    sum(of_rows.gross_clicks) AS gross_clicks,
                                    sum(of_rows.impressions_viewable) AS impressions_viewable,
                                    sum(of_rows.impressions_rendered) AS impressions_rendered,
                                    sum(of_rows.impressions_platform) AS impressions_platform,
                                    sum(of_rows.impressions_served) AS impressions_served
                                FROM
                                (
                                    SELECT
                                        link, clicks, gross_clicks, impressions_viewable, impressions_rendered, impressions_platform,
                                        impressions_served
                                    FROM link_sums
                                    WHERE day >= toDate({since:DateTime('UTC')}) AND day < toDate({until:DateTime('UTC')})
                                        AND version IN (days.1)
                                    UNION ALL
                                    SELECT
                                        link,
                                        if(class = 'human', counters.clicks, 0) AS clicks,
                                        counters.clicks AS gross_clicks,
                                        if(class = 'human' AND impression_kind = 'viewable', impressions, 0) AS impressions_viewable,
                                        if(class = 'human' AND impression_kind = 'rendered', impressions, 0) AS impressions_rendered,
                                        if(class = 'human' AND impression_kind = 'platform', impressions, 0) AS impressions_platform,
                                        if(class = 'human' AND impression_kind = 'served', impressions, 0) AS impressions_served
                                    FROM counters
                                    WHERE kind = 0
                                        AND window_start >= {since:DateTime('UTC')}
                                        AND window_start < {until:DateTime('UTC')}
                                        AND toDate(window_start) IN (days.2)
                                ) AS of_rows
                                GROUP BY link
                            )
                        )
                    ) AS of_link
                    GROUP BY post_key
                )
            )
        )
    )
);

CREATE OR REPLACE VIEW campaign_performance_between AS
WITH
    (
        SELECT (groupArrayIf(version, whole), groupArrayIf(day, NOT whole))
        FROM
        (
            SELECT
                day,
                version,
                version != 0 AND toDateTime(day, 'UTC') >= {since:DateTime('UTC')}
                    AND toDateTime(day + 1, 'UTC') <= {until:DateTime('UTC')} AS whole
            FROM link_sum_days_now
            WHERE day >= toDate({since:DateTime('UTC')}) AND day <= toDate({until:DateTime('UTC')})
        )
    ) AS days
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
    multiIf(
        isNull(reach), NULL,
        clicks = 0, 0,
        (clicks + 1.9207294103470618 - reach) / (impressions + 3.8414588206941236)
    ) AS ctr_from,
    multiIf(
        isNull(reach), NULL,
        clicks = impressions, 1,
        (clicks + 1.9207294103470618 + reach) / (impressions + 3.8414588206941236)
    ) AS ctr_to,
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
    FROM
    (
        SELECT
            *,
            impressions / posts >= usual_impressions AS many,
            toBool(ifNull(impressions * range_low >= 5, impressions >= 1000)) AS enough_data,
            multiIf(
                isNull(ctr) OR isNull(range_low) OR isNull(range_high), '',
                ctr < range_low, 'below',
                ctr > range_high, 'above',
                'within'
            ) AS position,
            if(
                ctr BETWEEN 0 AND 1,
                1.959963984540054 * sqrt(clicks * (1 - ctr) + 0.9603647051735309),
                NULL
            ) AS reach
        FROM
        (
            SELECT
                *,
                if(impressions > 0, clicks / impressions, NULL) AS ctr,
                ifNotFinite(median, 0) AS usual_impressions
            FROM
            (
                SELECT
                    any(of_post.example) AS example,
                    sum(of_post.links) AS links,
                    toInt64(count()) AS posts,
                    sum(of_post.clicks) AS clicks,
                    sum(of_post.gross_clicks) AS gross_clicks,
                    sum(of_post.impressions) AS impressions,
                    groupBitOr(of_post.kind_bits) AS kind_bits,
                    min(of_post.awareness) AS awareness,
                    multiIf(
                        count(of_post.range_low) < count(), NULL,
                        min(of_post.range_low) = max(of_post.range_low), min(of_post.range_low),
                        sum(of_post.impressions) = 0, NULL,
                        sum(of_post.impressions * of_post.range_low) / sum(of_post.impressions)
                    ) AS range_low,
                    multiIf(
                        count(of_post.range_high) < count(), NULL,
                        min(of_post.range_high) = max(of_post.range_high), min(of_post.range_high),
                        sum(of_post.impressions) = 0, NULL,
                        sum(of_post.impressions * of_post.range_high) / sum(of_post.impressions)
                    ) AS range_high,
                    any(of_post.median) AS median
                FROM
                (
                    SELECT
                        *,
                        quantileExactInclusiveIf(0.5)(impressions, impressions > 0) OVER (PARTITION BY account_key) AS median
                    FROM
                    (
                        SELECT
                            names.4 AS post_key,
                            any(names.7) AS key,
                            any(names.3) AS account_key,
                            any(link) AS example,
                            toInt64(count()) AS links,
                            sum(of_link.clicks) AS clicks,
                            sum(of_link.gross_clicks) AS gross_clicks,
                            sum(of_link.impressions) AS impressions,
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
                            ) AS kind_bits,
                            min(names.2) AS awareness,
                            any(names.5) AS range_low,
                            any(names.6) AS range_high
                        FROM
                        (
                            SELECT
                                *,
                                ifNull(
                                    greatest(
                                        nullIf(impressions_viewable * bitTest(names.1, 0), 0),
                                        nullIf(impressions_rendered * bitTest(names.1, 1), 0),
                                        nullIf(impressions_platform * bitTest(names.1, 2), 0),
                                        nullIf(impressions_served * bitTest(names.1, 3), 0)
                                    ),
                                    0
                                ) AS impressions,
                                if(
                                    impressions = 0,
                                    0,
                                    bitAnd(
                                        names.1,
                                        (impressions_viewable = impressions) + 2 * (impressions_rendered = impressions)
                                            + 4 * (impressions_platform = impressions) + 8 * (impressions_served = impressions)
                                    )
                                ) AS largest_kinds
                            FROM
                            (
                                SELECT
                                    *,
                                    materialize(
                                        dictGet(
                                            'link_names',
                                            (
                                                'divides_by', 'awareness', 'account_key', 'post_key', 'range_low', 'range_high', 'campaign_key'
                                            ),
                                            link
                                        )
                                    ) AS names
                                FROM
                                (
                                    SELECT
                                        link,
                                        sum(of_rows.clicks) AS clicks,
                                        sum(of_rows.gross_clicks) AS gross_clicks,
                                        sum(of_rows.impressions_viewable) AS impressions_viewable,
                                        sum(of_rows.impressions_rendered) AS impressions_rendered,
                                        sum(of_rows.impressions_platform) AS impressions_platform,
                                        sum(of_rows.impressions_served) AS impressions_served
                                    FROM
                                    (
                                        SELECT
                                            link, clicks, gross_clicks, impressions_viewable, impressions_rendered, impressions_platform,
                                            impressions_served
                                        FROM link_sums
                                        WHERE day >= toDate({since:DateTime('UTC')}) AND day < toDate({until:DateTime('UTC')})
                                            AND version IN (days.1)
                                        UNION ALL
                                        SELECT
                                            link,
                                            if(class = 'human', counters.clicks, 0) AS clicks,
                                            counters.clicks AS gross_clicks,
                                            if(class = 'human' AND impression_kind = 'viewable', impressions, 0) AS impressions_viewable,
                                            if(class = 'human' AND impression_kind = 'rendered', impressions, 0) AS impressions_rendered,
                                            if(class = 'human' AND impression_kind = 'platform', impressions, 0) AS impressions_platform,
                                            if(class = 'human' AND impression_kind = 'served', impressions, 0) AS impressions_served
                                        FROM counters
                                        WHERE kind = 0
                                            AND window_start >= {since:DateTime('UTC')}
                                            AND window_start < {until:DateTime('UTC')}
                                            AND toDate(window_start) IN (days.2)
                                    ) AS of_rows
                                    GROUP BY link
                                )
                            )
                        ) AS of_link
                        GROUP BY post_key
                    )
                ) AS of_post
                GROUP BY key
            )
        )
    )
);

CREATE OR REPLACE VIEW channel_performance_between AS
WITH
    (
        SELECT (groupArrayIf(version, whole), groupArrayIf(day, NOT whole))
        FROM
        (
            SELECT
                day,
                version,
                version != 0 AND toDateTime(day, 'UTC') >= {since:DateTime('UTC')}
                    AND toDateTime(day + 1, 'UTC') <= {until:DateTime('UTC')} AS whole
            FROM link_sum_days_now
            WHERE day >= toDate({since:DateTime('UTC')}) AND day <= toDate({until:DateTime('UTC')})
        )
    ) AS days
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
    multiIf(
        isNull(reach), NULL,
        clicks = 0, 0,
        (clicks + 1.9207294103470618 - reach) / (impressions + 3.8414588206941236)
    ) AS ctr_from,
    multiIf(
        isNull(reach), NULL,
        clicks = impressions, 1,
        (clicks + 1.9207294103470618 + reach) / (impressions + 3.8414588206941236)
    ) AS ctr_to,
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
    FROM
    (
        SELECT
            *,
            impressions / posts >= usual_impressions AS many,
            toBool(ifNull(impressions * range_low >= 5, impressions >= 1000)) AS enough_data,
            multiIf(
                isNull(ctr) OR isNull(range_low) OR isNull(range_high), '',
                ctr < range_low, 'below',
                ctr > range_high, 'above',
                'within'
            ) AS position,
            if(
                ctr BETWEEN 0 AND 1,
                1.959963984540054 * sqrt(clicks * (1 - ctr) + 0.9603647051735309),
                NULL
            ) AS reach
        FROM
        (
            SELECT
                *,
                if(impressions > 0, clicks / impressions, NULL) AS ctr,
                ifNotFinite(median, 0) AS usual_impressions
            FROM
            (
                SELECT
                    any(of_post.example) AS example,
                    sum(of_post.links) AS links,
                    toInt64(count()) AS posts,
                    sum(of_post.clicks) AS clicks,
                    sum(of_post.gross_clicks) AS gross_clicks,
                    sum(of_post.impressions) AS impressions,
                    groupBitOr(of_post.kind_bits) AS kind_bits,
                    min(of_post.awareness) AS awareness,
                    multiIf(
                        count(of_post.range_low) < count(), NULL,
                        min(of_post.range_low) = max(of_post.range_low), min(of_post.range_low),
                        sum(of_post.impressions) = 0, NULL,
                        sum(of_post.impressions * of_post.range_low) / sum(of_post.impressions)
                    ) AS range_low,
                    multiIf(
                        count(of_post.range_high) < count(), NULL,
                        min(of_post.range_high) = max(of_post.range_high), min(of_post.range_high),
                        sum(of_post.impressions) = 0, NULL,
                        sum(of_post.impressions * of_post.range_high) / sum(of_post.impressions)
                    ) AS range_high,
                    any(of_post.median) AS median
                FROM
                (
                    SELECT
                        *,
                        quantileExactInclusiveIf(0.5)(impressions, impressions > 0) OVER (PARTITION BY account_key) AS median
                    FROM
                    (
                        SELECT
                            names.4 AS post_key,
                            any(names.7) AS key,
                            any(names.3) AS account_key,
                            any(link) AS example,
                            toInt64(count()) AS links,
                            sum(of_link.clicks) AS clicks,
                            sum(of_link.gross_clicks) AS gross_clicks,
                            sum(of_link.impressions) AS impressions,
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
                            ) AS kind_bits,
                            min(names.2) AS awareness,
                            any(names.5) AS range_low,
                            any(names.6) AS range_high
                        FROM
                        (
                            SELECT
                                *,
                                ifNull(
                                    greatest(
                                        nullIf(impressions_viewable * bitTest(names.1, 0), 0),
                                        nullIf(impressions_rendered * bitTest(names.1, 1), 0),
                                        nullIf(impressions_platform * bitTest(names.1, 2), 0),
                                        nullIf(impressions_served * bitTest(names.1, 3), 0)
                                    ),
                                    0
                                ) AS impressions,
                                if(
                                    impressions = 0,
                                    0,
                                    bitAnd(
                                        names.1,
                                        (impressions_viewable = impressions) + 2 * (impressions_rendered = impressions)
                                            + 4 * (impressions_platform = impressions) + 8 * (impressions_served = impressions)
                                    )
                                ) AS largest_kinds
                            FROM
                            (
                                SELECT
                                    *,
                                    materialize(
                                        dictGet(
                                            'link_names',
                                            (
                                                'divides_by', 'awareness', 'account_key', 'post_key', 'range_low', 'range_high', 'channel_key'
                                            ),
                                            link
                                        )
                                    ) AS names
                                FROM
                                (
                                    SELECT
                                        link,
                                        sum(of_rows.clicks) AS clicks,
                                        sum(of_rows.gross_clicks) AS gross_clicks,
                                        sum(of_rows.impressions_viewable) AS impressions_viewable,
                                        sum(of_rows.impressions_rendered) AS impressions_rendered,
                                        sum(of_rows.impressions_platform) AS impressions_platform,
                                        sum(of_rows.impressions_served) AS impressions_served
                                    FROM
                                    (
                                        SELECT
                                            link, clicks, gross_clicks, impressions_viewable, impressions_rendered, impressions_platform,
                                            impressions_served
                                        FROM link_sums
                                        WHERE day >= toDate({since:DateTime('UTC')}) AND day < toDate({until:DateTime('UTC')})
                                            AND version IN (days.1)
                                        UNION ALL
                                        SELECT
                                            link,
                                            if(class = 'human', counters.clicks, 0) AS clicks,
                                            counters.clicks AS gross_clicks,
                                            if(class = 'human' AND impression_kind = 'viewable', impressions, 0) AS impressions_viewable,
                                            if(class = 'human' AND impression_kind = 'rendered', impressions, 0) AS impressions_rendered,
                                            if(class = 'human' AND impression_kind = 'platform', impressions, 0) AS impressions_platform,
                                            if(class = 'human' AND impression_kind = 'served', impressions, 0) AS impressions_served
                                        FROM counters
                                        WHERE kind = 0
                                            AND window_start >= {since:DateTime('UTC')}
                                            AND window_start < {until:DateTime('UTC')}
                                            AND toDate(window_start) IN (days.2)
                                    ) AS of_rows
                                    GROUP BY link
                                )
                            )
                        ) AS of_link
                        GROUP BY post_key
                    )
                ) AS of_post
                GROUP BY key
            )
        )
    )
);

CREATE OR REPLACE VIEW profile_performance_between AS
WITH
    (
        SELECT (groupArrayIf(version, whole), groupArrayIf(day, NOT whole))
        FROM
        (
            SELECT
                day,
                version,
                version != 0 AND toDateTime(day, 'UTC') >= {since:DateTime('UTC')}
                    AND toDateTime(day + 1, 'UTC') <= {until:DateTime('UTC')} AS whole
            FROM link_sum_days_now
            WHERE day >= toDate({since:DateTime('UTC')}) AND day <= toDate({until:DateTime('UTC')})
        )
    ) AS days
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
    multiIf(
        isNull(reach), NULL,
        clicks = 0, 0,
        (clicks + 1.9207294103470618 - reach) / (impressions + 3.8414588206941236)
    ) AS ctr_from,
    multiIf(
        isNull(reach), NULL,
        clicks = impressions, 1,
        (clicks + 1.9207294103470618 + reach) / (impressions + 3.8414588206941236)
    ) AS ctr_to,
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
    FROM
    (
        SELECT
            *,
            impressions / posts >= usual_impressions AS many,
            toBool(ifNull(impressions * range_low >= 5, impressions >= 1000)) AS enough_data,
            multiIf(
                isNull(ctr) OR isNull(range_low) OR isNull(range_high), '',
                ctr < range_low, 'below',
                ctr > range_high, 'above',
                'within'
            ) AS position,
            if(
                ctr BETWEEN 0 AND 1,
                1.959963984540054 * sqrt(clicks * (1 - ctr) + 0.9603647051735309),
                NULL
            ) AS reach
        FROM
        (
            SELECT
                *,
                if(impressions > 0, clicks / impressions, NULL) AS ctr,
                ifNotFinite(median, 0) AS usual_impressions
            FROM
            (
                SELECT
                    any(of_post.example) AS example,
                    sum(of_post.links) AS links,
                    toInt64(count()) AS posts,
                    sum(of_post.clicks) AS clicks,
                    sum(of_post.gross_clicks) AS gross_clicks,
                    sum(of_post.impressions) AS impressions,
                    groupBitOr(of_post.kind_bits) AS kind_bits,
                    min(of_post.awareness) AS awareness,
                    multiIf(
                        count(of_post.range_low) < count(), NULL,
                        min(of_post.range_low) = max(of_post.range_low), min(of_post.range_low),
                        sum(of_post.impressions) = 0, NULL,
                        sum(of_post.impressions * of_post.range_low) / sum(of_post.impressions)
                    ) AS range_low,
                    multiIf(
                        count(of_post.range_high) < count(), NULL,
                        min(of_post.range_high) = max(of_post.range_high), min(of_post.range_high),
                        sum(of_post.impressions) = 0, NULL,
                        sum(of_post.impressions * of_post.range_high) / sum(of_post.impressions)
                    ) AS range_high,
                    any(of_post.median) AS median
                FROM
                (
                    SELECT
                        *,
                        quantileExactInclusiveIf(0.5)(impressions_of_post, number_in_post = 1 AND impressions_of_post > 0)
                            OVER (PARTITION BY account_key) AS median
                    FROM
                    (
                        SELECT
                            *,
                            sum(of_profile.impressions) OVER (PARTITION BY post_key) AS impressions_of_post,
                            row_number() OVER (PARTITION BY post_key) AS number_in_post
                        FROM
                        (
                            SELECT
                                names.4 AS post_key,
                                names.7 AS key,
                                any(names.3) AS account_key,
                                any(link) AS example,
                                toInt64(count()) AS links,
                                sum(of_link.clicks) AS clicks,
                                sum(of_link.gross_clicks) AS gross_clicks,
                                sum(of_link.impressions) AS impressions,
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
                                ) AS kind_bits,
                                min(names.2) AS awareness,
                                any(names.5) AS range_low,
                                any(names.6) AS range_high
                            FROM
                            (
                                SELECT
                                    *,
                                    ifNull(
                                        greatest(
                                            nullIf(impressions_viewable * bitTest(names.1, 0), 0),
                                            nullIf(impressions_rendered * bitTest(names.1, 1), 0),
                                            nullIf(impressions_platform * bitTest(names.1, 2), 0),
                                            nullIf(impressions_served * bitTest(names.1, 3), 0)
                                        ),
                                        0
                                    ) AS impressions,
                                    if(
                                        impressions = 0,
                                        0,
                                        bitAnd(
                                            names.1,
                                            (impressions_viewable = impressions) + 2 * (impressions_rendered = impressions)
                                                + 4 * (impressions_platform = impressions) + 8 * (impressions_served = impressions)
                                        )
                                    ) AS largest_kinds
                                FROM
                                (
                                    SELECT
                                        *,
                                        materialize(
                                            dictGet(
                                                'link_names',
                                                (
                                                    'divides_by', 'awareness', 'account_key', 'post_key', 'range_low', 'range_high', 'profile_key'
                                                ),
                                                link
                                            )
                                        ) AS names
                                    FROM
                                    (
                                        SELECT
                                            link,
                                            sum(of_rows.clicks) AS clicks,
                                            sum(of_rows.gross_clicks) AS gross_clicks,
                                            sum(of_rows.impressions_viewable) AS impressions_viewable,
                                            sum(of_rows.impressions_rendered) AS impressions_rendered,
                                            sum(of_rows.impressions_platform) AS impressions_platform,
                                            sum(of_rows.impressions_served) AS impressions_served
                                        FROM
                                        (
                                            SELECT
                                                link, clicks, gross_clicks, impressions_viewable, impressions_rendered, impressions_platform,
                                                impressions_served
                                            FROM link_sums
                                            WHERE day >= toDate({since:DateTime('UTC')}) AND day < toDate({until:DateTime('UTC')})
                                                AND version IN (days.1)
                                            UNION ALL
                                            SELECT
                                                link,
                                                if(class = 'human', counters.clicks, 0) AS clicks,
                                                counters.clicks AS gross_clicks,
                                                if(class = 'human' AND impression_kind = 'viewable', impressions, 0) AS impressions_viewable,
                                                if(class = 'human' AND impression_kind = 'rendered', impressions, 0) AS impressions_rendered,
                                                if(class = 'human' AND impression_kind = 'platform', impressions, 0) AS impressions_platform,
                                                if(class = 'human' AND impression_kind = 'served', impressions, 0) AS impressions_served
                                            FROM counters
                                            WHERE kind = 0
                                                AND window_start >= {since:DateTime('UTC')}
                                                AND window_start < {until:DateTime('UTC')}
                                                AND toDate(window_start) IN (days.2)
                                        ) AS of_rows
                                        GROUP BY link
                                    )
                                )
                            ) AS of_link
                            GROUP BY post_key, key
                        ) AS of_profile
                    )
                ) AS of_post
                GROUP BY key
            )
        )
    )
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
AS SELECT
    account, campaign, post, channel, links, clicks, gross_clicks, impressions, kinds, ctr, ctr_from, ctr_to,
    enough_data, over_100_percent, range_low, range_high, position, usual_impressions, pattern, meaning, advice
FROM post_performance_between(since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15');

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
AS SELECT
    account, campaign, links, posts, clicks, gross_clicks, impressions, kinds, ctr, ctr_from, ctr_to, enough_data,
    over_100_percent, range_low, range_high, position, usual_impressions, pattern, meaning, advice
FROM campaign_performance_between(since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15');

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
AS SELECT
    account, channel, links, posts, clicks, gross_clicks, impressions, kinds, ctr, ctr_from, ctr_to, enough_data,
    over_100_percent, range_low, range_high, position, usual_impressions, pattern, meaning, advice
FROM channel_performance_between(since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15');

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
AS SELECT
    account, channel, profile, links, posts, clicks, gross_clicks, impressions, kinds, ctr, ctr_from, ctr_to,
    enough_data, over_100_percent, range_low, range_high, position, usual_impressions, pattern, meaning, advice
FROM profile_performance_between(since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15');

DROP VIEW IF EXISTS report_counts;

DROP VIEW IF EXISTS report_counts_between;

DROP VIEW IF EXISTS post_counts;

DROP VIEW IF EXISTS post_counts_between;

DROP VIEW IF EXISTS link_days_now;

DROP TABLE IF EXISTS link_day_versions;

DROP TABLE IF EXISTS link_days;
