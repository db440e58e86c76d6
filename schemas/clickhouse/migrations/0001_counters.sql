-- What:   the counter table: deltas, heads, chain markers and dedup state of the stream, told apart by kind
-- Grain:  kind 0, delta:  (link, minute, class, source, impression kind, rule set)
--         kind 1, head:   (topic, partition): last offset applied
--         kind 2, marker: one flush of (topic, partition): first and last offset, and what was in it
--         kind 3, dedup:  (topic, partition, spool): last seq applied
--         kind 4, reserved for snapshot state
--         kind 5, gap:    offsets that retention took before they were read
-- Writer: stream; all kinds of a flush in one insert of one block into one table partition, hence atomic
-- Undo:   DROP TABLE counters, then let the stream rebuild it from Kafka
-- Why:    docs/adr/0002-exactly-once-chain.md. flush_month comes from the Kafka timestamp of the flush's first
--         record: a retry computes it again, so that its token meets the first try in the same table partition
CREATE TABLE IF NOT EXISTS counters
(
    kind UInt8,
    topic LowCardinality(String),
    partition Int32,
    first_offset Int64,
    spool String,
    link String,
    window_start DateTime('UTC') CODEC(DoubleDelta, ZSTD),
    class LowCardinality(String),
    source LowCardinality(String),
    impression_kind LowCardinality(String),
    rules UInt16,
    flush_month Date,
    clicks SimpleAggregateFunction(sum, Int64),
    impressions SimpleAggregateFunction(sum, Int64),
    last_offset SimpleAggregateFunction(max, Int64),
    last_seq SimpleAggregateFunction(max, UInt64),
    touched_at SimpleAggregateFunction(max, DateTime('UTC')),
    batches SimpleAggregateFunction(sum, UInt64),
    records SimpleAggregateFunction(sum, UInt64),
    events SimpleAggregateFunction(sum, UInt64),
    resent SimpleAggregateFunction(sum, UInt64),
    dead_letters SimpleAggregateFunction(sum, UInt64),
    late SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(flush_month)
ORDER BY (kind, topic, partition, first_offset, spool, link, window_start, class, source, impression_kind, rules)
TTL touched_at + INTERVAL 120 DAY DELETE WHERE kind IN (2, 3, 5)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1;
