-- What:   variant_comparison_between, link_destinations_between, unknown_slugs and links_named with the joins that they
--         mean, whatever a client or a server's profile sets; no CTR of a variant whose impressions are below zero;
--         uniques_between refuses a grain that it does not know
-- Grain:  as in 0013, 0019, 0022, 0023 and 0025. uniques_between also by account
-- Writer: none, views
-- Undo:   apply variant_comparison_between of 0013, uniques_between of 0019, link_destinations_between of 0022,
--         unknown_slugs of 0023 and links_named of 0025 again
-- Why:    join_use_nulls = 1 is what people set to have joins as in other databases: these views were errors then, and in
--         a server's default profile link_names could not be loaded, on which every report rests. Corrections that are
--         more than what a time counted gave a variant a CTR below zero. by = 'posts' gave the numbers of the accounts
CREATE OR REPLACE VIEW variant_comparison_between AS
WITH
    1.959963984540054 AS z,
    tagged AS
    (
        SELECT
            link,
            toString(links.account) AS account,
            toString(links.experiment) AS experiment,
            variant,
            deleted,
            arrayMax(
                arrayMap(tag -> if(startsWith(tag, 'weight='), toFloat64OrZero(substring(tag, 8)), 0), tags)
            ) AS weight_of_tag
        FROM links FINAL
        WHERE links.experiment != ''
    ),
    counted AS
    (
        SELECT link, clicks, gross_clicks, impressions, impression_kind
        FROM link_performance_between(since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')})
        WHERE link IN (SELECT link FROM links WHERE experiment != '')
    ),
    variants AS
    (
        SELECT
            tagged.account AS account,
            tagged.experiment AS experiment,
            tagged.variant AS variant,
            transform(lower(trim(variant)), ['control', 'a'], [0, 1], 2) AS place,
            toInt64(count()) AS links,
            sum(counted.clicks) AS clicks,
            sum(counted.gross_clicks) AS gross_clicks,
            sum(counted.impressions) AS impressions,
            arraySort(groupUniqArrayIf(counted.impression_kind, counted.impressions != 0)) AS kinds,
            maxIf(weight_of_tag, isFinite(weight_of_tag)) AS declared
        FROM tagged
        LEFT JOIN counted ON tagged.link = counted.link
        WHERE NOT tagged.deleted OR counted.link != ''
        GROUP BY account, experiment, variant
    ),
    experiments AS
    (
        SELECT
            account,
            experiment,
            max(declared) > 0 AS weights_are_declared,
            arraySort(
                groupArray(
                    (place, variant, links, clicks, gross_clicks, impressions, kinds, if(declared > 0, declared, 1))
                )
            ) AS arms,
            length(arms) AS k,
            arrayMap(arm -> arm.4, arms) AS c,
            arrayMap(arm -> arm.6, arms) AS n,
            arrayMap(arm -> arm.8, arms) AS w
        FROM variants
        GROUP BY account, experiment
        HAVING sum(gross_clicks) != 0 OR max(impressions) != 0
    ),
    measured AS
    (
        SELECT
            *,
            arrayExists(shown -> shown > 0, n) AS by_ctr,
            arraySum(c) / arraySum(arrayMap(shown -> greatest(shown, 0), n)) AS usual_ctr,
            arrayMap(weight -> weight / arraySum(w), w) AS shares,
            arrayMap(share -> arraySum(n) * share, shares) AS expected,
            by_ctr AND length(arrayDistinct(arrayFlatten(arrayMap(arm -> arm.7, arms)))) > 1 AS mixed,
            by_ctr AND arrayExists((clicked, shown) -> clicked > shown AND shown > 0, c, n) AS over,
            arrayMap(
                (clicked, shown, weight) -> if(by_ctr, if(shown > 0, clicked / shown, NULL), clicked / weight), c, n, w
            ) AS measures,
            -- Where Wilson's interval is: of CTRs that can be proportions
            arrayMap(
                (clicked, shown) -> if(shown > 0 AND clicked BETWEEN 0 AND shown, toFloat64(shown), NULL), c, n
            ) AS trials,
            if(
                k > 26,
                [],
                arrayFlatten(arrayMap(i -> arrayMap(j -> (i, j), range(i + 1, k + 1)), range(toUInt64(1), k + 1)))
            ) AS pairs
        FROM experiments
    ),
    bounded AS
    (
        SELECT
            *,
            arrayMap(
                (clicked, t) -> if(
                    clicked = 0,
                    t * 0,
                    (2 * clicked + z * z - z * sqrt(z * z + 4 * clicked * (1 - clicked / t))) / (2 * (t + z * z))
                ),
                c, trials
            ) AS lows,
            arrayMap(
                (clicked, t) -> if(
                    clicked = t,
                    t / t,
                    (2 * clicked + z * z + z * sqrt(z * z + 4 * clicked * (1 - clicked / t))) / (2 * (t + z * z))
                ),
                c, trials
            ) AS highs,
            -- Whether the normal distribution is near enough
            arrayMap(
                (shown, share) -> if(
                    by_ctr,
                    shown > 0 AND shown * usual_ctr >= 10 AND shown * (1 - usual_ctr) >= 10,
                    arraySum(c) * share >= 10
                ),
                n, shares
            ) AS enough,
            -- Of a pair: the CTR of both, or the first's part of the clicks if both were alike
            arrayMap(
                pair -> if(
                    by_ctr, (c[pair.1] + c[pair.2]) / (n[pair.1] + n[pair.2]), w[pair.1] / (w[pair.1] + w[pair.2])
                ),
                pairs
            ) AS parts,
            if(
                k > 1 AND NOT mixed AND arrayAll((shown, e) -> shown >= 0 AND e >= 5, n, expected),
                arraySum(arrayMap((shown, e) -> pow(shown - e, 2) / e, n, expected)),
                -1
            ) / 2 AS x
        FROM measured
    ),
    scored AS
    (
        SELECT
            *,
            arrayMap(
                (pair, part) -> if(
                    by_ctr,
                    (c[pair.1] / n[pair.1] - c[pair.2] / n[pair.2])
                        / sqrt(part * (1 - part) * (1 / n[pair.1] + 1 / n[pair.2])),
                    (c[pair.1] - (c[pair.1] + c[pair.2]) * part) / sqrt(part * (1 - part) * (c[pair.1] + c[pair.2]))
                ),
                pairs, parts
            ) AS scores,
            (k - 1) % 2 / 2 AS h,
            multiIf(
                x < 0, NULL,
                x = 0, 1,
                least(
                    if(h = 0, 0, erfc(sqrt(x)))
                    + arraySum(arrayMap(i -> exp((i + h) * log(x) - x - lgamma(i + h + 1)), range(intDiv(k - 1, 2)))),
                    1
                )
            ) AS ratio_p,
            ifNull(ratio_p < 0.001, false) AS ratio_is_off
        FROM bounded
    ),
    judged AS
    (
        SELECT
            *,
            -- No distance and no deviation: both have no clicks, or nothing else
            arrayMap(
                (pair, score) -> multiIf(
                    mixed OR over OR NOT enough[pair.1] OR NOT enough[pair.2], NULL,
                    isNaN(score), 1,
                    erfc(abs(score) / sqrt(2))
                ),
                pairs, scores
            ) AS ps
        FROM scored
    ),
    ranked AS
    (
        -- Holm: the smallest p times the number of pairs, the next times one less, …, and none below the one before;
        -- a pair that cannot be judged counts as one that does not differ
        SELECT
            *,
            arraySort(arrayMap((p, pair) -> (ifNull(p, 1), pair), ps, arrayEnumerate(pairs))) AS ranks,
            arrayMap((r, rank) -> least((length(pairs) - rank + 1) * r.1, 1), ranks, arrayEnumerate(ranks)) AS raised
        FROM judged
    ),
    corrected AS
    (
        SELECT
            *,
            arraySort(
                (p, r) -> r.2,
                arrayMap(rank -> arrayMax(arraySlice(raised, 1, rank)), arrayEnumerate(raised)),
                ranks
            ) AS adjusted,
            arrayReduce('argMax', arrayEnumerate(arms), arrayMap(m -> ifNull(m, -1), measures)) AS leader
        FROM ranked
    ),
    decided AS
    (
        SELECT
            *,
            multiIf(
                k = 1, 'nothing to compare',
                k > 26, 'too many variants',
                mixed, 'impressions of different kinds',
                over, 'more clicks than impressions',
                -- On a platform nobody splits the audience, unless somebody says so
                ratio_is_off AND (weights_are_declared OR NOT arrayExists(arm -> has(arm.7, 'platform'), arms)),
                    'sample ratio mismatch',
                NOT arrayAll(e -> e, enough), 'not enough data yet',
                arrayExists((pair, p) -> (pair.1 = leader OR pair.2 = leader) AND p >= 0.05, pairs, adjusted),
                    'no winner yet',
                'winner'
            ) AS verdict_of_all
        FROM corrected
    ),
    rows_of_variants AS
    (
        SELECT
            *,
            at,
            at = 1 AS is_first,
            arms[at] AS arm,
            measures[at] AS measure_here,
            measures[1] AS measure_of_control,
            if(is_first OR mixed, NULL, measure_here - measure_of_control) AS apart,
            lows[at] AS low_here,
            highs[at] AS high_here,
            if(is_first OR k > 26, NULL, ps[at - 1]) AS p,
            -- The pairs of the control, the first variant, come first
            if(isNull(p), NULL, adjusted[at - 1]) AS p_of_all,
            -- Of clicks: Wilson's interval of this variant's part of its own and the control's clicks
            c[1] + c[at] AS both,
            z * sqrt(z * z + 4 * c[at] * (1 - c[at] / both)) AS reach,
            if(both > 0, if(c[at] = 0, 0, (2 * c[at] + z * z - reach) / (2 * (both + z * z))), NULL) AS part_from,
            if(both > 0, if(c[1] = 0, 1, (2 * c[at] + z * z + reach) / (2 * (both + z * z))), NULL) AS part_to
        FROM decided
        ARRAY JOIN arrayEnumerate(arms) AS at
    )
SELECT
    account,
    experiment,
    arm.2 AS variant,
    toBool(is_first) AS is_control,
    arm.3 AS links,
    arm.4 AS clicks,
    arm.5 AS gross_clicks,
    arm.6 AS impressions,
    arm.7 AS kinds,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    low_here AS ctr_from,
    high_here AS ctr_to,
    arm.8 AS weight,
    if(by_ctr, 'ctr', 'clicks') AS measure,
    apart AS difference,
    multiIf(
        isNull(apart), NULL,
        by_ctr, apart - sqrt(pow(measure_here - low_here, 2) + pow(highs[1] - measure_of_control, 2)),
        both * (part_from / arm.8 - (1 - part_from) / w[1])
    ) AS difference_from,
    multiIf(
        isNull(apart), NULL,
        by_ctr, apart + sqrt(pow(high_here - measure_here, 2) + pow(measure_of_control - lows[1], 2)),
        both * (part_to / arm.8 - (1 - part_to) / w[1])
    ) AS difference_to,
    apart / nullIf(measure_of_control, 0) AS lift,
    toBool(enough[at]) AS enough_data,
    p AS p_value,
    p_of_all AS p_adjusted,
    multiIf(isNull(p_of_all), '', p_of_all >= 0.05, 'undecided', apart > 0, 'better', 'worse') AS against_control,
    ratio_p AS sample_ratio_p,
    toBool(ratio_is_off) AS sample_ratio_mismatch,
    toBool(verdict_of_all = 'winner' AND at = leader) AS is_winner,
    verdict_of_all AS verdict
FROM rows_of_variants
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW link_destinations_between AS
WITH
    ruled AS
    (
        SELECT
            link,
            toString(links.account) AS account,
            fromUnixTimestamp64Milli(JSONExtract(rules, 'compiled', 'split_at_ms', 'Int64'), 'UTC') AS split_at,
            JSONExtract(
                rules, 'compiled', 'variants',
                'Array(Tuple(number UInt16, name String, destination String, weight Float64))'
            ) AS variants,
            arrayConcat(
                [(
                    toUInt16(0),
                    links.variant,
                    links.destination,
                    'own',
                    toFloat64(
                        multiIf(
                            empty(variants), 0,
                            JSONHas(rules, 'compiled', 'weight'), JSONExtractFloat(rules, 'compiled', 'weight'),
                            1
                        )
                    )
                )],
                arrayMap(one -> (one.1, one.2, one.3, 'variant', one.4), variants),
                arrayMap(
                    one -> (one.1, one.2, one.3, 'rule', toFloat64(0)),
                    JSONExtract(
                        rules, 'compiled', 'rules', 'Array(Tuple(number UInt16, name String, destination String))'
                    )
                ),
                arrayMap(
                    one -> (one.1, one.2, '', 'retired', toFloat64(0)),
                    JSONExtract(rules, 'compiled', 'retired', 'Array(Tuple(number UInt16, name String))')
                ),
                arrayFilter(
                    one -> one.3 != '',
                    [
                        (
                            toUInt16(65534), '', JSONExtractString(rules, 'compiled', 'early_destination'), 'early',
                            toFloat64(0)
                        ),
                        (
                            toUInt16(65535), '', JSONExtractString(rules, 'compiled', 'expired_destination'), 'expired',
                            toFloat64(0)
                        )
                    ]
                )
            ) AS destinations
        FROM links FINAL
        WHERE rules != ''
    ),
    counted AS
    (
        SELECT
            events.link AS link,
            events.destination AS number,
            toInt64(countIf(class = 'human')) AS clicks,
            toInt64(count()) AS gross_clicks,
            toInt64(countIf(class = 'human' AND scan = 1)) AS scans,
            toInt64(
                uniqExactIf(visitor, class = 'human' AND visitor != 0 AND time >= split_at)
                + countIf(class = 'human' AND visitor = 0 AND time >= split_at)
            ) AS visitors
        FROM (SELECT link, destination, class, scan, visitor, time FROM events FINAL WHERE type = 'click'
            AND time >= {since:DateTime('UTC')} AND time < {until:DateTime('UTC')}) AS events
        INNER JOIN (SELECT link, split_at FROM ruled) AS begun ON events.link = begun.link
        GROUP BY link, number
    ),
    listed AS
    (
        SELECT
            ruled.link AS link,
            account,
            split_at,
            one.1 AS number,
            one.2 AS name,
            one.3 AS url,
            one.4 AS kind,
            one.5 AS weight
        FROM ruled
        ARRAY JOIN destinations AS one
    ),
    gathered AS
    (
        SELECT
            listed.link AS link,
            any(listed.account) AS account,
            any(listed.split_at) AS split_at,
            arraySort(
                groupArray(
                    (
                        listed.number, listed.name, listed.url, listed.kind, listed.weight, counted.clicks,
                        counted.gross_clicks, counted.scans, counted.visitors
                    )
                )
            ) AS rows_of,
            arrayFilter(one -> one.5 > 0, rows_of) AS arms,
            length(arms) AS k,
            toFloat64(arraySum(arrayMap(one -> one.5, arms))) AS whole,
            toFloat64(arraySum(arrayMap(one -> one.9, arms))) AS split_visitors,
            arrayMap(one -> split_visitors * one.5 / whole, arms) AS expected,
            if(
                k > 1 AND arrayAll(e -> e >= 5, expected),
                arraySum(arrayMap((one, e) -> pow(one.9 - e, 2) / e, arms, expected)),
                -1
            ) / 2 AS x,
            (k - 1) % 2 / 2 AS h,
            multiIf(
                x < 0, NULL,
                x = 0, 1,
                least(
                    if(h = 0, 0, erfc(sqrt(x)))
                    + arraySum(arrayMap(i -> exp((i + h) * log(x) - x - lgamma(i + h + 1)), range(intDiv(k - 1, 2)))),
                    1
                )
            ) AS ratio_p
        FROM listed
        LEFT JOIN counted ON listed.link = counted.link AND listed.number = counted.number
        GROUP BY link
    )
SELECT
    link,
    account,
    one.1 AS destination,
    one.2 AS name,
    one.4 AS kind,
    one.3 AS url,
    one.6 AS clicks,
    one.7 AS gross_clicks,
    one.8 AS scans,
    one.9 AS visitors,
    if(one.5 > 0 AND k > 1, one.5 / whole, NULL) AS expected_share,
    if(one.5 > 0 AND k > 1 AND split_visitors > 0, one.9 / split_visitors, NULL) AS share,
    if(k > 1, split_at, NULL) AS split_since,
    ratio_p AS sample_ratio_p,
    toBool(ifNull(ratio_p < 0.001, false)) AS sample_ratio_mismatch
FROM gathered
ARRAY JOIN rows_of AS one
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW unknown_slugs
(
    day Date COMMENT 'the day, UTC',
    domain String COMMENT 'the domain that was asked; empty in the rows of all other slugs together',
    slug String COMMENT 'what was asked for, cut to 128 characters; empty is the domain itself, or all others together',
    reason String COMMENT 'unknown: there is no such link; expired: its time is over; deleted: there was one, and it was deleted',
    referrer_host String COMMENT 'host of the referring page; empty: none was named',
    account String COMMENT 'whom the expired or deleted link belongs to; this and other names are empty for what is unknown',
    campaign String COMMENT 'name of its campaign',
    post String COMMENT 'name of its post',
    channel String COMMENT 'its channel, in lower case',
    profile String COMMENT 'account that posted',
    requests Int64 COMMENT 'how many GETs, of all traffic classes; never more than there were'
)
AS SELECT
    toDate(missed.minute) AS day,
    missed.domain AS domain,
    missed.slug AS slug,
    multiIf(
        missed.reason != 'unknown', toString(missed.reason),
        link.deleted AND link.updated_at < missed.minute + INTERVAL 1 MINUTE, 'deleted',
        'unknown'
    ) AS reason,
    toString(missed.referrer_host) AS referrer_host,
    if(reason = 'unknown', '', link.account) AS account,
    if(reason = 'unknown', '', link.campaign) AS campaign,
    if(reason = 'unknown', '', link.post) AS post,
    if(reason = 'unknown', '', link.channel) AS channel,
    if(reason = 'unknown', '', link.profile) AS profile,
    sum(missed.requests) AS requests
FROM
(
    SELECT minute, misses.reason AS reason, domain, slug, misses.referrer_host AS referrer_host, misses.requests AS requests
    FROM misses FINAL
) AS missed
LEFT JOIN
(
    SELECT
        link AS name,
        toString(links.account) AS account,
        campaign,
        post,
        lower(trim(links.channel)) AS channel,
        profile,
        deleted,
        updated_at
    FROM links FINAL
    WHERE link IN (SELECT concat(domain, '/', slug) FROM misses)
) AS link ON concat(missed.domain, '/', missed.slug) = link.name
GROUP BY day, domain, slug, reason, referrer_host, account, campaign, post, channel, profile
SETTINGS join_use_nulls = 0;

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
) AS usual ON own.channel = usual.channel
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW uniques_between AS
SELECT
    account,
    campaign,
    post,
    channel,
    profile,
    toInt64(sum(visitors_of_day)) AS unique_clicks
FROM
(
    WITH dictGet('link_names', ('account', 'campaign', 'post', 'channel', 'profile'), visitors_1h.link) AS names
    SELECT
        names.account AS account,
        if({by:String} IN ('post', 'campaign'), names.campaign, '') AS campaign,
        if({by:String} = 'post', names.post, '') AS post,
        if({by:String} IN ('post', 'channel', 'profile'), names.channel, '') AS channel,
        if({by:String} = 'profile', names.profile, '') AS profile,
        toDate(hour) AS day,
        uniqMerge(visitors_1h.visitors) AS visitors_of_day
    FROM visitors_1h
    WHERE hour >= toStartOfHour({since:DateTime('UTC')}) AND hour < {until:DateTime('UTC')}
        AND throwIf(
            {by:String} NOT IN ('account', 'post', 'campaign', 'channel', 'profile'),
            'no such grain: by is account, post, campaign, channel or profile'
        ) = 0
    GROUP BY account, campaign, post, channel, profile, day
)
GROUP BY account, campaign, post, channel, profile;
