-- What:   snapshots: what platforms said; counters.reading: of each scope of a post the total that counts; the views
--         snapshots_now and revisions
-- Grain:  snapshots: one snapshot, known by (topic, partition, record_offset, event_index)
--         counters, kind 4: (link, platform in source, post in spool, begin of the period in window_start, its end in
--         milliseconds in first_offset; both 0 for the post's life): reading, the highest counts
--         kind 0 with source snapshot, opening, revision: differences of totals, by link and minute as all deltas
-- Writer: stream; snapshots before the counters of the same flush, as events; kind 4 in the flush's block
-- Undo:   DROP VIEW revisions; DROP VIEW snapshots_now; DROP TABLE snapshots; ALTER TABLE counters DROP COLUMN reading
-- Why:    docs/adr/0019. A tuple is merged by its highest: place and metric of the series, then observed_ms, then
--         total, and so are rows of any flushes in any order. Rows of kind 4 never expire: a difference can only be
--         taken from what counted before. Months of received_at, as that is one month a flush or two, not as many as
--         there are months in an import
ALTER TABLE counters ADD COLUMN IF NOT EXISTS reading SimpleAggregateFunction(max, Tuple(place Int8, metric String, observed_ms Int64, total UInt64)) COMMENT 'snapshot state: the total that counts';

CREATE TABLE IF NOT EXISTS snapshots
(
    link String COMMENT 'domain/slug of the post''s link, as it came; empty: not known then, and not counted',
    platform LowCardinality(String) COMMENT 'x, linkedin, facebook, …',
    post String COMMENT 'the platform''s id of the post or ad',
    series LowCardinality(String) COMMENT 'metric, scope and version of its definition',
    start_at DateTime64(3, 'UTC') COMMENT 'begin of the period; 1970 for a total of the post''s life',
    end_at DateTime64(3, 'UTC') COMMENT 'end of the period; 1970 for a total of the post''s life',
    observed_at DateTime64(3, 'UTC') COMMENT 'when the platform was asked',
    total UInt64 COMMENT 'displays in the scope, as the platform said',
    published_at DateTime64(3, 'UTC') COMMENT 'when the post was published; 1970: not known',
    source LowCardinality(String) COMMENT 'who read it: api, file or poll, with a name if it has one',
    account LowCardinality(String) COMMENT 'whom it belongs to',
    profile LowCardinality(String) COMMENT 'page or member that published the post',
    permalink String COMMENT 'the post''s address on the platform',
    other_ids Array(String) COMMENT 'further ids of the post',
    urls Array(String) COMMENT 'links in the post',
    side Map(LowCardinality(String), Int64) COMMENT 'other metrics by name; do not add up reach or uniques',
    is_retired Bool COMMENT 'the platform has replaced this metric',
    provisional Bool COMMENT 'the platform says that it will change',
    metric_before LowCardinality(String) COMMENT 'the metric that counted until then, where this one is another',
    differences Array(Tuple(window_start DateTime('UTC'), source LowCardinality(String), why LowCardinality(String), impressions Int64)) COMMENT 'what it added to the counters',
    topic LowCardinality(String) COMMENT 'Kafka topic it came by',
    partition Int32 COMMENT 'Kafka partition',
    record_offset Int64 CODEC(Delta, ZSTD) COMMENT 'offset of its batch',
    event_index UInt32 COMMENT 'its place in the batch',
    spool LowCardinality(String) COMMENT 'spool of its identity',
    seq UInt64 COMMENT 'its number in that spool',
    received_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD) COMMENT 'Kafka''s timestamp of its batch'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (link, platform, post, start_at, end_at, observed_at, topic, partition, record_offset, event_index)
TTL toDateTime(received_at) + INTERVAL 800 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW snapshots_now
(
    link String COMMENT 'domain/slug; empty: not known',
    platform String COMMENT 'x, linkedin, facebook, …',
    post String COMMENT 'the platform''s id of the post or ad',
    series String COMMENT 'metric, scope and version of its definition',
    start_at Nullable(DateTime64(3, 'UTC')) COMMENT 'begin of the period; NULL for a total of the post''s life',
    end_at Nullable(DateTime64(3, 'UTC')) COMMENT 'end of the period; NULL for a total of the post''s life',
    observed_at DateTime64(3, 'UTC') COMMENT 'when the platform was asked last',
    total UInt64 COMMENT 'what it said then',
    side Map(String, Int64) COMMENT 'other metrics, of the same answer; do not add up reach or uniques',
    published_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when the post was published; NULL: not known',
    source String COMMENT 'who read it: api, file or poll',
    account String COMMENT 'whom it belongs to',
    profile String COMMENT 'page or member that published the post',
    permalink String COMMENT 'the post''s address on the platform',
    is_retired Bool COMMENT 'the platform has replaced this metric',
    provisional Bool COMMENT 'the platform says that it will change'
)
AS SELECT
    link,
    platform,
    post,
    series,
    if(snapshots.end_at = 0, NULL, snapshots.start_at) AS start_at,
    if(snapshots.end_at = 0, NULL, snapshots.end_at) AS end_at,
    max(snapshots.observed_at) AS observed_at,
    argMax(snapshots.total, newest) AS total,
    argMax(snapshots.side, newest) AS side,
    nullIf(argMax(snapshots.published_at, newest), toDateTime64(0, 3, 'UTC')) AS published_at,
    argMax(snapshots.source, newest) AS source,
    argMax(snapshots.account, newest) AS account,
    argMax(snapshots.profile, newest) AS profile,
    argMax(snapshots.permalink, newest) AS permalink,
    argMax(snapshots.is_retired, newest) AS is_retired,
    argMax(snapshots.provisional, newest) AS provisional
FROM
(
    SELECT *, (snapshots.observed_at, snapshots.total, snapshots.record_offset, snapshots.event_index) AS newest
    FROM snapshots
) AS snapshots
GROUP BY link, platform, post, series, snapshots.start_at, snapshots.end_at;

CREATE OR REPLACE VIEW revisions
(
    window_start DateTime('UTC') COMMENT 'the minute that was corrected, UTC',
    observed_at DateTime64(3, 'UTC') COMMENT 'when the platform said so',
    link String COMMENT 'domain/slug',
    platform String COMMENT 'x, linkedin, facebook, …',
    post String COMMENT 'the platform''s id of the post or ad',
    series String COMMENT 'metric, scope and version of its definition',
    metric_before String COMMENT 'the metric that counted until then, where this one is another',
    why String COMMENT 'fell: a lower total; redefined: another metric counts; outranked: the post''s life, or a longer period, counts',
    impressions Int64 COMMENT 'the correction, of either sign; 0 where only the metric changed'
)
AS SELECT
    difference.window_start AS window_start,
    observed_at,
    link,
    platform,
    post,
    series,
    metric_before,
    difference.why AS why,
    difference.impressions AS impressions
FROM
(
    SELECT link, platform, post, series, metric_before, observed_at, differences
    FROM snapshots
    WHERE has(differences.source, 'revision')
    LIMIT 1 BY topic, partition, record_offset, event_index
)
ARRAY JOIN differences AS difference
WHERE difference.source = 'revision';
