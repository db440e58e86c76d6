-- What:   every counted event
-- Grain:  one event, known by (topic, partition, record_offset, event_index)
-- Writer: stream, before the counters of the same flush; a replay writes the same rows and they collapse, so
--         read it with FINAL where a number must be exact
-- Undo:   DROP TABLE events; the counters do not need it
-- Why:    breakdowns, uniques and audit. No deduplication by token: a burned one would lose rows with an OK, and
--         identical rows collapse anyway
CREATE TABLE IF NOT EXISTS events
(
    type LowCardinality(String),
    time DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD),
    link String,
    class LowCardinality(String),
    reason LowCardinality(String),
    rules UInt16,
    source LowCardinality(String),
    impression_kind LowCardinality(String),
    count Int64,
    visitor UInt64,
    ua LowCardinality(String),
    referrer LowCardinality(String),
    topic LowCardinality(String),
    partition Int32,
    record_offset Int64 CODEC(Delta, ZSTD),
    event_index UInt32,
    spool LowCardinality(String),
    seq UInt64,
    received_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (link, time, topic, partition, record_offset, event_index)
TTL toDateTime(time) + INTERVAL 90 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
