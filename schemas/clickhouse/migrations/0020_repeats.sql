-- What:   counters.recent: the clicks that a partition of the stream remembers, to know repeated ones
-- Grain:  kind 6, repeats: (topic, partition, slot in first_offset): recent, the newest counts
-- Writer: stream, in the flush's block, one row a flush
-- Undo:   ALTER TABLE counters DROP COLUMN recent
-- Why:    docs/adr/0028. A tuple is merged by its highest: the newest Kafka time, then the highest offset. A slot is
--         taken again when its row is two minutes old, so merges leave some hundred rows of a partition. They are
--         needed as long as the records behind the head wait in Kafka
ALTER TABLE counters ADD COLUMN IF NOT EXISTS recent SimpleAggregateFunction(max, Tuple(touched_s UInt32, first_offset Int64, clicks String)) COMMENT 'clicks of one flush that are remembered, packed';

ALTER TABLE counters MODIFY TTL touched_at + INTERVAL 120 DAY DELETE WHERE kind = 2, touched_at + INTERVAL 120 DAY DELETE WHERE kind IN (3, 5, 6), touched_at + INTERVAL 10 DAY DELETE WHERE kind = 3 AND startsWith(spool, 'k')
SETTINGS materialize_ttl_after_modify = 0;
