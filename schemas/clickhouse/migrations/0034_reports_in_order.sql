-- What:   reports of links, posts, campaigns, channels and profiles of some time, sorted and limited without another analysis
-- Grain:  as in 0029 and 0030; only the last line of each is new
-- Writer: none, views
-- Undo:   apply link_performance_between of 0029 and the reports of 0030 again
-- Why:    before the first rows of a view in some order are read, the engine looks whether the order can be pushed into
--         the view, for tables that lie on many servers, and analyses all of the view for that. It can't, here. It does
--         not look where the view sets prefer_column_name_to_alias, to whatever: 0 is what it is anyway. Planning posts
--         60 -> 47 ms, campaigns 68 -> 51, links 42 -> 36. docs/adr/0039
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
        FROM link_sums_between(since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')})
    )
)
SETTINGS prefer_column_name_to_alias = 0;

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
)
SETTINGS prefer_column_name_to_alias = 0;

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
)
SETTINGS prefer_column_name_to_alias = 0;

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
)
SETTINGS prefer_column_name_to_alias = 0;

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
)
SETTINGS prefer_column_name_to_alias = 0;
