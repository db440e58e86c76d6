-- What:   how long markers of flushes are kept is a clause of the TTL of its own, which `migrate` sets as
--         CLICKTALLY_CONSOLE_MARKERS_DAYS says
-- Grain:  kind 2, marker: a flush. The lifetimes of the other kinds are as in 0010
-- Writer: stream
-- Undo:   apply the statement of 0010 again
-- Why:    markers are most of what grows with time and not with traffic: 8 partitions make 700,000 a day, of 18 bytes
--         each. The audit reads those of the time that it is asked for, and nobody else reads old ones.
ALTER TABLE counters MODIFY TTL touched_at + INTERVAL 120 DAY DELETE WHERE kind = 2, touched_at + INTERVAL 120 DAY DELETE WHERE kind IN (3, 5), touched_at + INTERVAL 10 DAY DELETE WHERE kind = 3 AND startsWith(spool, 'k')
SETTINGS materialize_ttl_after_modify = 0;
