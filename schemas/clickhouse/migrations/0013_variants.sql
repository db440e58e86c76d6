-- What:   variant_comparison: the variants of each experiment against its control, with difference, interval, p-value,
--         correction for several, sample ratio and verdict: over all time, and as variant_comparison_between(since = '…',
--         until = '…') over windows from since to before until
-- Grain:  account, experiment, variant: every variant that has a link, counted or not, of experiments that were counted
-- Writer: none, views
-- Undo:   DROP VIEW variant_comparison; DROP VIEW variant_comparison_between
-- Why:    docs/reports.md says how each number is made. From links to variants, to one row an experiment with arrays of
--         them (the control first) and of their pairs, back to variants; each step is read once.
--         * The engine has no chi-square distribution. Its tail is a finite sum for every whole number of degrees of
--           freedom d: Q(x) = [d odd] erfc(sqrt(x/2)) + sum over i < d div 2 of exp(-x/2) (x/2)^(i+h) / Gamma(i+h+1),
--           h = 1/2 for odd d, else 0 (Abramowitz and Stegun, 26.4.4 and 26.4.5); all terms are positive.
--         * A lambda gets a copy of what it captures for each element: with p pairs that is p * p numbers an experiment.
--           26 variants (a to z) have 325 pairs and need 1 MB; more are told to be too many.
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
    if(impressions = 0, NULL, clicks / impressions) AS ctr,
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
FROM rows_of_variants;

CREATE OR REPLACE VIEW variant_comparison
(
    account String COMMENT 'whom the links belong to',
    experiment String COMMENT 'name of the experiment',
    variant String COMMENT 'name of the variant; empty: its links name none',
    is_control Bool COMMENT 'whether the others are compared with it: control, else a, else the first by name',
    links Int64 COMMENT 'how many links of it there are',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    impressions Int64 COMMENT 'human impressions, of each link those of the kind that it is divided by',
    kinds Array(String) COMMENT 'the kinds of impressions in that sum',
    ctr Nullable(Float64) COMMENT 'sum of clicks / sum of impressions; NULL without impressions',
    ctr_from Nullable(Float64) COMMENT 'lower end of the 95 % interval of CTR (Wilson); NULL where it has none',
    ctr_to Nullable(Float64) COMMENT 'upper end',
    weight Float64 COMMENT 'its declared part of the audience (tag weight=2 of a link); 1 where none is declared',
    measure String COMMENT 'what is compared: ctr, or clicks (by weight) where the experiment has no impressions',
    difference Nullable(Float64) COMMENT 'the measure here less that of the control; NULL for the control',
    difference_from Nullable(Float64) COMMENT 'lower end of its 95 % interval: Newcombe''s of CTR, else by Wilson''s of the share of clicks',
    difference_to Nullable(Float64) COMMENT 'upper end',
    lift Nullable(Float64) COMMENT 'difference / measure of the control: 0.1 is 10 % more',
    enough_data Bool COMMENT 'whether 10 clicks, and 10 impressions without one, are expected here if all variants are alike',
    p_value Nullable(Float64) COMMENT 'two-sided, against the control; NULL for the control, and where it would not be right',
    p_adjusted Nullable(Float64) COMMENT 'p_value corrected for all pairs of the experiment (Holm)',
    against_control String COMMENT 'better, worse, undecided, by p_adjusted below 0.05; empty where there is no p_adjusted',
    sample_ratio_p Nullable(Float64) COMMENT 'chi-square of the experiment''s impressions against the weights; NULL where it would not be right',
    sample_ratio_mismatch Bool COMMENT 'whether sample_ratio_p is below 0.001: the audience was not split as meant',
    is_winner Bool COMMENT 'whether it is better than each other variant, by p_adjusted below 0.05',
    verdict String COMMENT 'of the experiment: winner, no winner yet, not enough data yet, sample ratio mismatch, or why variants cannot be compared'
)
AS SELECT
    account, experiment, variant, is_control, links, clicks, gross_clicks, impressions, kinds, ctr, ctr_from,
    ctr_to, weight, measure, difference, difference_from, difference_to, lift, enough_data, p_value, p_adjusted,
    against_control, sample_ratio_p, sample_ratio_mismatch, is_winner, verdict
FROM variant_comparison_between(since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15');
