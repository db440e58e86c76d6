-- What:   data_quality_between, what may be wrong with the numbers of a time; comments of channels' columns
-- Grain:  as data_quality: a finding
-- Writer: none, views; channels as in 0009
-- Undo:   DROP VIEW data_quality_between; apply data_quality of 0016 again; ALTER TABLE channels MODIFY COLUMN … REMOVE
--         COMMENT of each
-- Why:    data_quality reads all that was ever counted; who looks at it looks at some days. It said "of the last 120
--         days" of markers, whose lifetime is a setting since (35 days by default)
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
            'counted, but after the lateness that windows are allowed; as far back as markers are kept'
        ),
        (
            'dead letters', toInt64(sum(dead_letters)),
            'could be no event; the topic dead-letters has them with the reason; as far back as markers are kept'
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
    WHERE kind = 0
        AND class NOT IN ('', 'human')
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

CREATE OR REPLACE VIEW data_quality_between
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
            'counted, but after the lateness that windows are allowed'
        ),
        (
            'dead letters', toInt64(sum(dead_letters)),
            'could be no event; the topic dead-letters has them with the reason'
        )
    ] AS findings
    FROM counters
    WHERE kind = 2
        AND touched_at >= {since:DateTime('UTC')}
        AND touched_at < {until:DateTime('UTC')}
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
    WHERE kind = 0
        AND class NOT IN ('', 'human')
        AND window_start >= {since:DateTime('UTC')}
        AND window_start < {until:DateTime('UTC')}
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
    FROM link_performance_between(since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')})
)
ARRAY JOIN findings AS one;

ALTER TABLE channels COMMENT COLUMN channel 'as in links, in lower case';

ALTER TABLE channels COMMENT COLUMN kinds 'kinds of impressions that its links are divided by; of several, the one with the most in a window';

ALTER TABLE channels COMMENT COLUMN ctr_low 'lower end of the reference range; NULL: none';

ALTER TABLE channels COMMENT COLUMN ctr_high 'upper end';

ALTER TABLE channels COMMENT COLUMN range_source 'where the range is from';

ALTER TABLE channels COMMENT COLUMN impression_means 'what an impression is on this channel';

ALTER TABLE channels COMMENT COLUMN version 'the highest of a channel counts; 0: as clicktally has it';
