-- What:   the performance views read their range once, with names from link_names; of all time without a range
-- Grain:  as in 0012
-- Writer: none, views
-- Undo:   apply the views of 0012 again
-- Why:    the account's median post was a second reading of all counters, names and ranges three joins. Here each
--         account's posts are gathered, their median taken, and taken apart again. docs/reports.md as before
CREATE OR REPLACE VIEW link_performance AS
WITH
    dictGet(
        'link_names',
        (
            'account', 'campaign', 'post', 'channel', 'profile', 'awareness', 'kinds', 'divides_by', 'range_low',
            'range_high'
        ),
        counted.link
    ) AS names,
    [impressions_viewable, impressions_rendered, impressions_platform, impressions_served] AS by_kind,
    toInt64(-9223372036854775808) AS never,
    greatest(
        if(impressions_viewable != 0 AND bitTest(names.divides_by, 0), impressions_viewable, never),
        if(impressions_rendered != 0 AND bitTest(names.divides_by, 1), impressions_rendered, never),
        if(impressions_platform != 0 AND bitTest(names.divides_by, 2), impressions_platform, never),
        if(impressions_served != 0 AND bitTest(names.divides_by, 3), impressions_served, never)
    ) AS largest
SELECT
    counted.link AS link,
    names.account AS account,
    names.campaign AS campaign,
    names.post AS post,
    names.channel AS channel,
    names.profile AS profile,
    names.awareness AS awareness,
    clicks,
    gross_clicks,
    if(largest = never, 0, largest) AS impressions,
    if(
        empty(names.kinds) AND impressions = 0,
        '',
        ['viewable', 'rendered', 'platform', 'served'][
            arrayFirst(kind -> by_kind[kind] = impressions, if(empty(names.kinds), [1, 2, 3, 4], names.kinds))
        ]
    ) AS impression_kind,
    impressions_of_all_kinds,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    names.range_low AS range_low,
    names.range_high AS range_high
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
) AS counted;

CREATE OR REPLACE VIEW link_performance_between AS
WITH
    dictGet(
        'link_names',
        (
            'account', 'campaign', 'post', 'channel', 'profile', 'awareness', 'kinds', 'divides_by', 'range_low',
            'range_high'
        ),
        counted.link
    ) AS names,
    [impressions_viewable, impressions_rendered, impressions_platform, impressions_served] AS by_kind,
    toInt64(-9223372036854775808) AS never,
    greatest(
        if(impressions_viewable != 0 AND bitTest(names.divides_by, 0), impressions_viewable, never),
        if(impressions_rendered != 0 AND bitTest(names.divides_by, 1), impressions_rendered, never),
        if(impressions_platform != 0 AND bitTest(names.divides_by, 2), impressions_platform, never),
        if(impressions_served != 0 AND bitTest(names.divides_by, 3), impressions_served, never)
    ) AS largest
SELECT
    counted.link AS link,
    names.account AS account,
    names.campaign AS campaign,
    names.post AS post,
    names.channel AS channel,
    names.profile AS profile,
    names.awareness AS awareness,
    clicks,
    gross_clicks,
    if(largest = never, 0, largest) AS impressions,
    if(
        empty(names.kinds) AND impressions = 0,
        '',
        ['viewable', 'rendered', 'platform', 'served'][
            arrayFirst(kind -> by_kind[kind] = impressions, if(empty(names.kinds), [1, 2, 3, 4], names.kinds))
        ]
    ) AS impression_kind,
    impressions_of_all_kinds,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    names.range_low AS range_low,
    names.range_high AS range_high
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
) AS counted;

CREATE OR REPLACE VIEW performance AS
WITH
    1.959963984540054 AS z,
    if(impressions > 0 AND clicks BETWEEN 0 AND impressions, impressions, NULL) AS trials,
    (clicks / trials + z * z / (2 * trials)) / (1 + z * z / trials) AS middle,
    z * sqrt(clicks / trials * (1 - clicks / trials) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
        AS reach
SELECT
    account,
    campaign,
    post,
    channel,
    profile,
    links,
    posts,
    clicks,
    gross_clicks,
    impressions,
    kinds,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    multiIf(isNull(trials), NULL, clicks = 0, 0, middle - reach) AS ctr_from,
    multiIf(isNull(trials), NULL, clicks = impressions, 1, middle + reach) AS ctr_to,
    toBool(ifNull(impressions * range_low >= 5, impressions >= 1000)) AS enough_data,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent,
    range_low,
    range_high,
    multiIf(
        isNull(ctr) OR isNull(range_low) OR isNull(range_high), '',
        ctr < range_low, 'below',
        ctr > range_high, 'above',
        'within'
    ) AS position,
    usual_impressions,
    multiIf(
        awareness, 'awareness',
        isNull(ctr), 'no impressions',
        NOT enough_data, 'not enough data yet',
        position = '', 'no reference range',
        concat(
            if(impressions / posts >= usual_impressions, 'many impressions, ', 'few impressions, '),
            multiIf(
                position = 'below', 'few clicks',
                impressions / posts >= usual_impressions, 'many clicks',
                'high CTR'
            )
        )
    ) AS pattern,
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
    -- Of links of several channels the range is what CTR would be if each were at the end of its own
    SELECT
        account,
        if({by:String} IN ('post', 'campaign'), of_post.1, '') AS campaign,
        if({by:String} = 'post', of_post.2, '') AS post,
        if({by:String} IN ('post', 'channel', 'profile'), of_post.3, '') AS channel,
        if({by:String} = 'profile', of_link.1, '') AS profile,
        toInt64(count()) AS links,
        toInt64(uniqExact(of_post.1, of_post.2, of_post.3)) AS posts,
        sum(of_link.3) AS clicks,
        sum(of_link.4) AS gross_clicks,
        sum(of_link.5) AS impressions,
        arraySort(groupUniqArrayIf(of_link.6, of_link.5 != 0)) AS kinds,
        countIf(NOT of_link.2) = 0 AS awareness,
        multiIf(
            count(of_link.7) < count(), NULL,
            min(of_link.7) = max(of_link.7), min(of_link.7),
            impressions = 0, NULL,
            sum(of_link.5 * of_link.7) / impressions
        ) AS range_low,
        multiIf(
            count(of_link.8) < count(), NULL,
            min(of_link.8) = max(of_link.8), min(of_link.8),
            impressions = 0, NULL,
            sum(of_link.5 * of_link.8) / impressions
        ) AS range_high,
        any(usual) AS usual_impressions
    FROM
    (
        SELECT
            account,
            groupArray((campaign, post, channel, links_of_post)) AS posts_of_account,
            ifNotFinite(quantileExactInclusiveIf(0.5)(impressions_of_post, impressions_of_post > 0), 0) AS usual
        FROM
        (
            SELECT
                account,
                campaign,
                post,
                channel,
                groupArray((
                    profile, awareness, clicks, gross_clicks, impressions, impression_kind, range_low, range_high
                )) AS links_of_post,
                sum(impressions) AS impressions_of_post
            FROM link_performance
            GROUP BY account, campaign, post, channel
        )
        GROUP BY account
    )
    ARRAY JOIN posts_of_account AS of_post
    ARRAY JOIN of_post.4 AS of_link
    GROUP BY account, campaign, post, channel, profile
);

CREATE OR REPLACE VIEW performance_between AS
WITH
    1.959963984540054 AS z,
    if(impressions > 0 AND clicks BETWEEN 0 AND impressions, impressions, NULL) AS trials,
    (clicks / trials + z * z / (2 * trials)) / (1 + z * z / trials) AS middle,
    z * sqrt(clicks / trials * (1 - clicks / trials) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
        AS reach
SELECT
    account,
    campaign,
    post,
    channel,
    profile,
    links,
    posts,
    clicks,
    gross_clicks,
    impressions,
    kinds,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    multiIf(isNull(trials), NULL, clicks = 0, 0, middle - reach) AS ctr_from,
    multiIf(isNull(trials), NULL, clicks = impressions, 1, middle + reach) AS ctr_to,
    toBool(ifNull(impressions * range_low >= 5, impressions >= 1000)) AS enough_data,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent,
    range_low,
    range_high,
    multiIf(
        isNull(ctr) OR isNull(range_low) OR isNull(range_high), '',
        ctr < range_low, 'below',
        ctr > range_high, 'above',
        'within'
    ) AS position,
    usual_impressions,
    multiIf(
        awareness, 'awareness',
        isNull(ctr), 'no impressions',
        NOT enough_data, 'not enough data yet',
        position = '', 'no reference range',
        concat(
            if(impressions / posts >= usual_impressions, 'many impressions, ', 'few impressions, '),
            multiIf(
                position = 'below', 'few clicks',
                impressions / posts >= usual_impressions, 'many clicks',
                'high CTR'
            )
        )
    ) AS pattern,
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
    -- Of links of several channels the range is what CTR would be if each were at the end of its own
    SELECT
        account,
        if({by:String} IN ('post', 'campaign'), of_post.1, '') AS campaign,
        if({by:String} = 'post', of_post.2, '') AS post,
        if({by:String} IN ('post', 'channel', 'profile'), of_post.3, '') AS channel,
        if({by:String} = 'profile', of_link.1, '') AS profile,
        toInt64(count()) AS links,
        toInt64(uniqExact(of_post.1, of_post.2, of_post.3)) AS posts,
        sum(of_link.3) AS clicks,
        sum(of_link.4) AS gross_clicks,
        sum(of_link.5) AS impressions,
        arraySort(groupUniqArrayIf(of_link.6, of_link.5 != 0)) AS kinds,
        countIf(NOT of_link.2) = 0 AS awareness,
        multiIf(
            count(of_link.7) < count(), NULL,
            min(of_link.7) = max(of_link.7), min(of_link.7),
            impressions = 0, NULL,
            sum(of_link.5 * of_link.7) / impressions
        ) AS range_low,
        multiIf(
            count(of_link.8) < count(), NULL,
            min(of_link.8) = max(of_link.8), min(of_link.8),
            impressions = 0, NULL,
            sum(of_link.5 * of_link.8) / impressions
        ) AS range_high,
        any(usual) AS usual_impressions
    FROM
    (
        SELECT
            account,
            groupArray((campaign, post, channel, links_of_post)) AS posts_of_account,
            ifNotFinite(quantileExactInclusiveIf(0.5)(impressions_of_post, impressions_of_post > 0), 0) AS usual
        FROM
        (
            SELECT
                account,
                campaign,
                post,
                channel,
                groupArray((
                    profile, awareness, clicks, gross_clicks, impressions, impression_kind, range_low, range_high
                )) AS links_of_post,
                sum(impressions) AS impressions_of_post
            FROM link_performance_between(since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')})
            GROUP BY account, campaign, post, channel
        )
        GROUP BY account
    )
    ARRAY JOIN posts_of_account AS of_post
    ARRAY JOIN of_post.4 AS of_link
    GROUP BY account, campaign, post, channel, profile
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
FROM performance(by = 'post');

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
FROM performance(by = 'campaign');

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
FROM performance(by = 'channel');

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
FROM performance(by = 'profile');

CREATE OR REPLACE VIEW data_quality
(
    finding String COMMENT 'what is counted here',
    amount Int64 COMMENT 'how many events, impressions or links',
    examples Array(String) COMMENT 'of links: the first ten of them by name',
    meaning String COMMENT 'what that says of the numbers, or what to look at'
)
AS
SELECT
    one.1 AS finding,
    one.2 AS amount,
    emptyArrayString() AS examples,
    one.3 AS meaning
FROM
(
    SELECT [
        (
            'late events', toInt64(sum(late)),
            'counted, but after the lateness that windows are allowed; of the last 120 days'
        ),
        (
            'dead letters', toInt64(sum(dead_letters)),
            'could be no event; the topic dead-letters has them with the reason; of the last 120 days'
        )
    ] AS findings
    FROM counters
    WHERE kind = 2
)
ARRAY JOIN findings AS one

UNION ALL

SELECT
    concat(counted.1, ': ', class),
    counted.2,
    emptyArrayString(),
    concat('in gross_', counted.1, ', not in ', counted.1)
FROM
(
    SELECT class, [('clicks', sum(clicks)), ('impressions', sum(impressions))] AS both
    FROM counters
    WHERE kind = 0 AND class NOT IN ('', 'human')
    GROUP BY class
)
ARRAY JOIN both AS counted
WHERE counted.2 != 0

UNION ALL

SELECT one.1, one.2, one.3, one.4
FROM
(
    SELECT [
        (
            'links over 100 %', toInt64(countIf(ctr > 1)), groupArraySortedIf(10)(link, ifNull(ctr > 1, false)),
            'more clicks than impressions of the kind that CTR divides by: these are missing, or clicks come from elsewhere'
        ),
        (
            'links without impressions of their kind',
            toInt64(countIf(impressions = 0 AND impressions_of_all_kinds != 0)),
            groupArraySortedIf(10)(link, impressions = 0 AND impressions_of_all_kinds != 0),
            'impressions of other kinds only, hence no CTR: see ctr_impressions of the link, kinds of its channel'
        ),
        (
            'links without names', toInt64(countIf(NOT dictHas('link_names', link))),
            groupArraySortedIf(10)(link, NOT dictHas('link_names', link)),
            'counted, but not in the table of links: reports have them under empty names'
        )
    ] AS findings
    FROM link_performance
)
ARRAY JOIN findings AS one;
