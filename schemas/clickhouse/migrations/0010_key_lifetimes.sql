-- What:   rows of idempotency keys go after ten days; dedup rows of spools stay for 120
-- Grain:  kind 3, dedup: (topic, partition, spool), and of keys (ids that begin with k) each life apart:
--         first_offset is the second in which it began. Rows written before have 0 there, and go by their touched_at
-- Writer: stream
-- Undo:   ALTER TABLE counters MODIFY TTL touched_at + INTERVAL 120 DAY DELETE WHERE kind IN (2, 3, 5)
-- Why:    a key lives for 48 h of Kafka's time, and the rows of 120 days were all read on every assignment. Two days
--         are not enough by the clock on the wall: what follows the head may wait in Kafka for as long as it keeps
--         records (seven days) and may be a resend of what was counted two days before the head. A topic that keeps
--         records longer needs as many days more here.
ALTER TABLE counters MODIFY TTL touched_at + INTERVAL 120 DAY DELETE WHERE kind IN (2, 3, 5), touched_at + INTERVAL 10 DAY DELETE WHERE kind = 3 AND startsWith(spool, 'k')
SETTINGS materialize_ttl_after_modify = 0;
