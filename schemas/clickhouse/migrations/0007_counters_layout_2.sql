-- What:   the counter table by link and time, with a pruned time column and a projection by minute
-- Grain:  as in 0001; no row and no total changes
-- Writer: stream
-- Undo:   stop the stream, RENAME TABLE counters TO counters_layout_2, counters_before_layout_2 TO counters; the
--         stream rewinds to the head that it finds there and reads the rest from Kafka again
-- Why:    every report reads some links or some days, and the old key (kind, topic, …) helped with neither.
--         * (kind, link, window_start) is a prefix of the key: a link's rows lie together, in the order of time, and
--           a view that groups by it needs no hash table.
--         * 0 * toYYYYMM(window_start) is always 0, so one block still makes one part; being in the partition key
--           makes window_start's minimum and maximum known for each part, so parts without the asked days are left
--           alone. Rows without a window (heads, markers) drag a part's minimum to 1970: lower bounds still prune.
--         * by_time prunes within a part, by_minute answers for all links together.
--         The projection is made by merges only: on insert it would cost 5 ms a flush of 50,000 events.
--         docs/adr/0011
CREATE TABLE IF NOT EXISTS counters_layout_2
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
    late SimpleAggregateFunction(sum, UInt64),
    INDEX by_time window_start TYPE minmax GRANULARITY 1,
    PROJECTION by_minute
    (
        SELECT
            kind,
            window_start,
            sumIf(clicks, class = 'human'),
            sum(clicks),
            sumIf(clicks, class = 'bot'),
            sumIf(clicks, class = 'prefetch'),
            sumIf(clicks, class = 'duplicate'),
            sumIf(clicks, class = 'unknown'),
            sumIf(impressions, class = 'human' AND impression_kind = 'served'),
            sumIf(impressions, class = 'human' AND impression_kind = 'rendered'),
            sumIf(impressions, class = 'human' AND impression_kind = 'viewable'),
            sumIf(impressions, class = 'human' AND impression_kind = 'platform'),
            sumIf(impressions, class = 'unverified'),
            sum(impressions)
        GROUP BY kind, window_start
    )
)
ENGINE = AggregatingMergeTree
PARTITION BY (toYYYYMM(flush_month), 0 * toYYYYMM(window_start))
ORDER BY (kind, link, window_start, class, source, impression_kind, rules, topic, partition, first_offset, spool)
TTL touched_at + INTERVAL 120 DAY DELETE WHERE kind IN (2, 3, 5)
SETTINGS
    index_granularity = 2048,
    deduplicate_merge_projection_mode = 'rebuild',
    materialize_projections_on_insert = 0,
    materialize_projections_on_merge = 1,
    lightweight_mutation_projection_mode = 'rebuild',
    non_replicated_deduplication_window = 100000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    merge_selector_base = 16,
    vertical_merge_algorithm_min_rows_to_activate = 5000000;

MOVE counters INTO counters_layout_2
BY toYYYYMM(flush_month)
COMPARING
    sum(clicks), sum(impressions), sum(cityHash64(link) * clicks), sum(cityHash64(link, window_start) * impressions),
    maxMapIf(map(concat(topic, '-', toString(partition)), last_offset), kind = 1),
    maxMapIf(map(concat(topic, '-', toString(partition), spool), last_seq), kind = 3),
    sumIf(batches, touched_at > now() - INTERVAL 100 DAY), sumIf(events, touched_at > now() - INTERVAL 100 DAY);
