-- What:   data_quality; posts, campaigns, channels and profiles with counts, CTR, its interval, the channel's range and
--         the pattern: over all time, and as …_between(since = '…', until = '…') over windows from since to before until
-- Grain:  link_performance_between: link. post_…: account, campaign, post, channel. campaign_…: account, campaign.
--         channel_…: account, channel. profile_…: account, channel, profile. Names of deleted links stay; what is
--         counted for links that the table does not know has empty names, so that each view adds up to everything
--         data_quality: one thing that may be wrong with the numbers
-- Writer: none, views
-- Undo:   DROP VIEW … of each
-- Why:    docs/reports.md says how each number is made and where the thresholds are from. The four reports are one
--         query, performance_between, grouped by other names: `by` is post, campaign, channel or profile
CREATE OR REPLACE VIEW link_performance_between AS
WITH
    if(empty(decided.kinds), ['viewable', 'rendered', 'platform', 'served'], decided.kinds) AS possible,
    arrayMap(
        kind -> multiIf(
            kind = 'viewable', impressions_viewable,
            kind = 'rendered', impressions_rendered,
            kind = 'platform', impressions_platform,
            impressions_served
        ),
        possible
    ) AS amounts
SELECT
    counted.link AS link,
    named.account AS account,
    named.campaign AS campaign,
    named.post AS post,
    named.channel AS channel,
    named.profile AS profile,
    named.aim AS aim,
    clicks,
    gross_clicks,
    arrayMax(amounts) AS impressions,
    if(empty(decided.kinds) AND impressions = 0, '', possible[indexOf(amounts, impressions)]) AS impression_kind,
    impressions_of_all_kinds,
    if(impressions = 0, NULL, clicks / impressions) AS ctr,
    ranges.ctr_low AS range_low,
    ranges.ctr_high AS range_high
FROM
(
    SELECT
        link,
        sumIf(counters.clicks, class = 'human') AS clicks,
        sum(counters.clicks) AS gross_clicks,
        sumIf(counters.impressions, class = 'human' AND impression_kind = 'served') AS impressions_served,
        sumIf(counters.impressions, class = 'human' AND impression_kind = 'rendered') AS impressions_rendered,
        sumIf(counters.impressions, class = 'human' AND impression_kind = 'viewable') AS impressions_viewable,
        sumIf(counters.impressions, class = 'human' AND impression_kind = 'platform') AS impressions_platform,
        sumIf(counters.impressions, class = 'human') AS impressions_of_all_kinds
    FROM counters
    WHERE kind = 0
        AND window_start >= {since:DateTime('UTC')}
        AND window_start < {until:DateTime('UTC')}
    GROUP BY kind, link
) AS counted
LEFT JOIN ctr_kinds AS decided ON counted.link = decided.link
LEFT JOIN
(
    SELECT link, toString(links.account) AS account, campaign, post, lower(trim(links.channel)) AS channel, profile, aim
    FROM links FINAL
) AS named ON counted.link = named.link
LEFT JOIN
(
    SELECT channel, ctr_low, ctr_high FROM channels FINAL
) AS ranges ON named.channel = ranges.channel;

CREATE OR REPLACE VIEW performance_between AS
WITH
    1.959963984540054 AS z,
    if(impressions > 0 AND clicks BETWEEN 0 AND impressions, impressions, NULL) AS trials,
    (clicks / trials + z * z / (2 * trials)) / (1 + z * z / trials) AS middle,
    z * sqrt(clicks / trials * (1 - clicks / trials) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
        AS reach
SELECT
    grouped.account AS account,
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
    if(impressions = 0, NULL, clicks / impressions) AS ctr,
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
    usual.impressions_of_a_post AS usual_impressions,
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
        counted.account AS account,
        if({by:String} IN ('post', 'campaign'), counted.campaign, '') AS campaign,
        if({by:String} = 'post', counted.post, '') AS post,
        if({by:String} IN ('post', 'channel', 'profile'), counted.channel, '') AS channel,
        if({by:String} = 'profile', counted.profile, '') AS profile,
        toInt64(count()) AS links,
        toInt64(uniqExact(counted.campaign, counted.post, counted.channel)) AS posts,
        sum(counted.clicks) AS clicks,
        sum(counted.gross_clicks) AS gross_clicks,
        sum(counted.impressions) AS impressions,
        arraySort(groupUniqArrayIf(counted.impression_kind, counted.impressions != 0)) AS kinds,
        countIf(counted.aim != 'awareness') = 0 AS awareness,
        multiIf(
            count(counted.range_low) < count(), NULL,
            min(counted.range_low) = max(counted.range_low), min(counted.range_low),
            impressions = 0, NULL,
            sum(counted.impressions * counted.range_low) / impressions
        ) AS range_low,
        multiIf(
            count(counted.range_high) < count(), NULL,
            min(counted.range_high) = max(counted.range_high), min(counted.range_high),
            impressions = 0, NULL,
            sum(counted.impressions * counted.range_high) / impressions
        ) AS range_high
    FROM link_performance_between(since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')}) AS counted
    GROUP BY account, campaign, post, channel, profile
) AS grouped
LEFT JOIN
(
    SELECT account, quantileExactInclusive(0.5)(impressions) AS impressions_of_a_post
    FROM
    (
        SELECT account, sum(counted.impressions) AS impressions
        FROM link_performance_between(since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')}) AS counted
        GROUP BY account, campaign, post, channel
        HAVING impressions > 0
    )
    GROUP BY account
) AS usual ON grouped.account = usual.account;

CREATE OR REPLACE VIEW post_performance_between AS
SELECT
    account, campaign, post, channel, links, clicks, gross_clicks, impressions, kinds, ctr, ctr_from, ctr_to,
    enough_data, over_100_percent, range_low, range_high, position, usual_impressions, pattern, meaning, advice
FROM performance_between(by = 'post', since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')});

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
FROM performance_between(by = 'post', since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15');

CREATE OR REPLACE VIEW campaign_performance_between AS
SELECT
    account, campaign, links, posts, clicks, gross_clicks, impressions, kinds, ctr, ctr_from, ctr_to, enough_data,
    over_100_percent, range_low, range_high, position, usual_impressions, pattern, meaning, advice
FROM performance_between(by = 'campaign', since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')});

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
FROM performance_between(by = 'campaign', since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15');

CREATE OR REPLACE VIEW channel_performance_between AS
SELECT
    account, channel, links, posts, clicks, gross_clicks, impressions, kinds, ctr, ctr_from, ctr_to, enough_data,
    over_100_percent, range_low, range_high, position, usual_impressions, pattern, meaning, advice
FROM performance_between(by = 'channel', since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')});

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
FROM performance_between(by = 'channel', since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15');

CREATE OR REPLACE VIEW profile_performance_between AS
SELECT
    account, channel, profile, links, posts, clicks, gross_clicks, impressions, kinds, ctr, ctr_from, ctr_to,
    enough_data, over_100_percent, range_low, range_high, position, usual_impressions, pattern, meaning, advice
FROM performance_between(by = 'profile', since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')});

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
FROM performance_between(by = 'profile', since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15');

CREATE OR REPLACE VIEW data_quality
(
    finding String COMMENT 'what is counted here',
    amount Int64 COMMENT 'how many events, impressions or links',
    examples Array(String) COMMENT 'of links: the first ten of them by name',
    meaning String COMMENT 'what that says of the numbers, or what to look at'
)
AS
SELECT
    'late events' AS finding,
    toInt64(sum(late)) AS amount,
    emptyArrayString() AS examples,
    'counted, but after the lateness that windows are allowed; of the last 120 days' AS meaning
FROM counters
WHERE kind = 2

UNION ALL

SELECT
    'dead letters',
    toInt64(sum(dead_letters)),
    emptyArrayString(),
    'could be no event; the topic dead-letters has them with the reason; of the last 120 days'
FROM counters
WHERE kind = 2

UNION ALL

SELECT
    concat('clicks: ', class),
    sum(clicks),
    emptyArrayString(),
    'in gross_clicks, not in clicks'
FROM counters
WHERE kind = 0 AND class NOT IN ('', 'human')
GROUP BY class
HAVING sum(clicks) != 0

UNION ALL

SELECT
    concat('impressions: ', class),
    sum(impressions),
    emptyArrayString(),
    'in gross_impressions, not in impressions'
FROM counters
WHERE kind = 0 AND class NOT IN ('', 'human')
GROUP BY class
HAVING sum(impressions) != 0

UNION ALL

SELECT
    'links over 100 %',
    toInt64(count()),
    groupArraySorted(10)(link),
    'more clicks than impressions of the kind that CTR divides by: these are missing, or clicks come from elsewhere'
FROM link_performance_between(since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15')
WHERE ctr > 1

UNION ALL

SELECT
    'links without impressions of their kind',
    toInt64(count()),
    groupArraySorted(10)(link),
    'impressions of other kinds only, hence no CTR: see ctr_impressions of the link, kinds of its channel'
FROM link_performance_between(since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15')
WHERE impressions = 0 AND impressions_of_all_kinds != 0

UNION ALL

SELECT
    'links without names',
    toInt64(count()),
    groupArraySorted(10)(link),
    'counted, but not in the table of links: reports have them under empty names'
FROM link_performance_between(since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15')
WHERE link NOT IN (SELECT link FROM links);
