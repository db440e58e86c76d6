-- What:   recounts, what `clicktally reclassify` moved from one traffic class to another
-- Grain:  (link, minute, class, rules)
-- Writer: none: a view of the counters' corrections, which stream.recount writes
-- Undo:   DROP VIEW recounts
-- Why:    every view says what counts by the rules as of now; now minus this is what was first counted
CREATE OR REPLACE VIEW recounts
(
    link String COMMENT 'domain/slug',
    window_start DateTime('UTC') COMMENT 'the minute, UTC',
    class String COMMENT 'traffic class',
    rules UInt16 COMMENT 'number of the rule set that moved it',
    clicks Int64 COMMENT 'clicks that came to this class; below zero: that left it',
    impressions Int64 COMMENT 'the same of impressions'
)
AS SELECT
    link,
    counters.window_start AS window_start,
    class,
    rules,
    toInt64(sum(counters.clicks)) AS clicks,
    toInt64(sum(counters.impressions)) AS impressions
FROM counters
WHERE kind = 0 AND topic = 'recount'
GROUP BY link, counters.window_start, class, rules;
