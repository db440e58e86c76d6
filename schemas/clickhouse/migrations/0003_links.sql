-- What:   the links, with the names by which reports group them
-- Grain:  one link; the highest version counts, read it with FINAL
-- Writer: stream, from the compacted topic `links`; version is (epoch << 40) + offset, so replays change nothing
-- Undo:   DROP TABLE links, then let the stream read the topic again
-- Why:    names for BI tools, joins
CREATE TABLE IF NOT EXISTS links
(
    link String,
    domain String,
    slug String,
    destination String,
    campaign String,
    post String,
    channel LowCardinality(String),
    profile String,
    variant String,
    status UInt16,
    expires_at Nullable(DateTime64(3, 'UTC')),
    updated_at DateTime64(3, 'UTC'),
    deleted Bool,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY link;
