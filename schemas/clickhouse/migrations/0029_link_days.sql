-- What:   sums by link and day (link_days), from which reports of links, posts, campaigns, channels and profiles add up
--         whole days; the fingerprint of each day of the counters (projection by_day), by which a report knows whether
--         these rows still say what the counters say
-- Grain:  link_days: a link's day (UTC) in one version; link_day_versions: a day that was rolled up; counted_days and
--         link_days_now: a day that has counters; link_sums_between: a link
-- Writer: `python -m stream tables`, a day at a time from the counters once it is over; the projection by merges of
--         counters, as by_minute (0007). Killed or started twice, it leaves rows that no day names, and drops them later
-- Undo:   apply link_performance, post_counts, post_performance and twins of 0025 again; DROP VIEW link_sums_between; DROP VIEW
--         link_days_now; DROP VIEW counted_days; DROP TABLE link_day_versions; DROP TABLE link_days; ALTER TABLE counters
--         DROP PROJECTION by_day
-- Why:    a report of 30 days added up ten million rows by link, two million by link and day. A day is read from
--         link_days only if its fingerprint is the same in both, now: so late events, a recount, a restored backup or a
--         killed roll-up make a report slower and never wrong. The numbers of the fingerprint are the first 62 bits of
--         the SHA-256 of the columns' names, made odd; in the counters those of human clicks and of all clicks are added
--         up where a click is both. docs/adr/0036
ALTER TABLE counters ADD PROJECTION IF NOT EXISTS by_day
(
    SELECT
        kind,
        toDate(window_start),
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
        )
    GROUP BY kind, toDate(window_start)
);

ALTER TABLE counters MATERIALIZE PROJECTION by_day;

CREATE TABLE IF NOT EXISTS link_days
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
ORDER BY (link, day, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS link_day_versions
(
    day Date,
    version UInt64,
    fingerprint Int64,
    made_at DateTime('UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY day
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

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
GROUP BY kind, toDate(window_start);

CREATE OR REPLACE VIEW link_days_now
(
    day Date COMMENT 'a day that has counters, UTC',
    version UInt64 COMMENT 'the rows of link_days that say of it what the counters say now; 0: none do'
)
AS SELECT day, if(made.fingerprint = counted.fingerprint, made.version, 0) AS version
FROM counted_days AS counted
LEFT JOIN
(
    SELECT
        day,
        max(link_day_versions.version) AS version,
        argMax(link_day_versions.fingerprint, link_day_versions.version) AS fingerprint
    FROM link_day_versions
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
            FROM link_days_now
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
    FROM link_days
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
        FROM link_sums_between(since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15')
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
        FROM link_sums_between(since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')})
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
            FROM link_sums_between(since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15')
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
            FROM link_sums_between(since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')})
        )
    )
)
GROUP BY post_key, key;

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
    FROM
    (
        SELECT
            of_example AS example,
            of_links AS links,
            toInt64(1) AS posts,
            of_clicks AS clicks,
            of_gross_clicks AS gross_clicks,
            of_impressions AS impressions,
            of_kinds AS kind_bits,
            of_awareness AS awareness,
            if(isNaN(of_range_low), NULL, of_range_low) AS range_low,
            if(isNaN(of_range_high), NULL, of_range_high) AS range_high,
            usual_impressions,
            if(impressions > 0, clicks / impressions, NULL) AS ctr,
            if(impressions > 0 AND clicks BETWEEN 0 AND impressions, toFloat64(impressions), NULL) AS trials
        FROM
        (
            SELECT
                groupArray(example) AS of_example,
                groupArray(links) AS of_links,
                groupArray(clicks) AS of_clicks,
                groupArray(gross_clicks) AS of_gross_clicks,
                groupArray(of_post.impressions) AS of_impressions,
                groupArray(kinds) AS of_kinds,
                groupArray(awareness) AS of_awareness,
                groupArray(range_low) AS of_range_low,
                groupArray(range_high) AS of_range_high,
                ifNotFinite(
                    arrayReduce('quantileExactInclusive(0.5)', arrayFilter(amount -> amount > 0, of_impressions)), 0
                ) AS usual_impressions
            FROM post_counts(by = 'post') AS of_post
            GROUP BY account_key
        )
        ARRAY JOIN
            of_example, of_links, of_clicks, of_gross_clicks, of_impressions, of_kinds, of_awareness, of_range_low,
            of_range_high
    )
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
    FROM
    (
        SELECT
            of_example AS example,
            of_links AS links,
            toInt64(1) AS posts,
            of_clicks AS clicks,
            of_gross_clicks AS gross_clicks,
            of_impressions AS impressions,
            of_kinds AS kind_bits,
            of_awareness AS awareness,
            if(isNaN(of_range_low), NULL, of_range_low) AS range_low,
            if(isNaN(of_range_high), NULL, of_range_high) AS range_high,
            usual_impressions,
            if(impressions > 0, clicks / impressions, NULL) AS ctr,
            if(impressions > 0 AND clicks BETWEEN 0 AND impressions, toFloat64(impressions), NULL) AS trials
        FROM
        (
            SELECT
                groupArray(example) AS of_example,
                groupArray(links) AS of_links,
                groupArray(clicks) AS of_clicks,
                groupArray(gross_clicks) AS of_gross_clicks,
                groupArray(of_post.impressions) AS of_impressions,
                groupArray(kinds) AS of_kinds,
                groupArray(awareness) AS of_awareness,
                groupArray(range_low) AS of_range_low,
                groupArray(range_high) AS of_range_high,
                ifNotFinite(
                    arrayReduce('quantileExactInclusive(0.5)', arrayFilter(amount -> amount > 0, of_impressions)), 0
                ) AS usual_impressions
            FROM post_counts_between(
                by = 'post', since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')}
            ) AS of_post
            GROUP BY account_key
        )
        ARRAY JOIN
            of_example, of_links, of_clicks, of_gross_clicks, of_impressions, of_kinds, of_awareness, of_range_low,
            of_range_high
    )
);
