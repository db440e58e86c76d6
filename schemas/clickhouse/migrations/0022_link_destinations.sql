-- What:   link_destinations: how often each destination of each link with variants or rules was led to, and whether its
--         visitors were split as its weights say: of all events that are kept, and as
--         link_destinations_between(since = '…', until = '…') of those from since to before until
-- Grain:  link, number of the destination: every one that the link has or had, clicked or not
-- Writer: none, views
-- Undo:   DROP VIEW link_destinations; DROP VIEW link_destinations_between
-- Why:    counters know links, events know destinations (docs/reports.md says how each number is made). Who was led
--         where is decided once for each visitor, so it is visitors whose numbers are compared with the weights: clicks
--         of one visitor all go to the same destination. The chi-square's tail is that of 0013
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
ARRAY JOIN rows_of AS one;

CREATE OR REPLACE VIEW link_destinations
(
    link String COMMENT 'domain/slug of a link with variants or rules',
    account String COMMENT 'whom the link belongs to',
    destination UInt16 COMMENT 'number of the destination, as clicks have it in events',
    name String COMMENT 'of the variant or rule; of the own destination the link''s variant',
    kind String COMMENT 'own, variant, rule, early, expired, or retired: taken away',
    url String COMMENT 'where it leads now; empty: it was taken away',
    clicks Int64 COMMENT 'human clicks led there',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    scans Int64 COMMENT 'human clicks by the link''s QR code',
    visitors Int64 COMMENT 'visitors of human clicks since split_since, each key of a visitor once; clicks without a visitor each',
    expected_share Nullable(Float64) COMMENT 'its part of the visitors by the weights; NULL: it is not in the split',
    share Nullable(Float64) COMMENT 'its part of the visitors of the split',
    split_since Nullable(DateTime64(3, 'UTC')) COMMENT 'since when the weights are as they are; NULL: nothing is split',
    sample_ratio_p Nullable(Float64) COMMENT 'chi-square of the visitors against the weights; NULL where fewer than 5 are expected somewhere',
    sample_ratio_mismatch Bool COMMENT 'whether sample_ratio_p is below 0.001: visitors were not split as meant'
)
AS SELECT
    link, account, destination, name, kind, url, clicks, gross_clicks, scans, visitors, expected_share, share,
    split_since, sample_ratio_p, sample_ratio_mismatch
FROM link_destinations_between(since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15');
