-- What:   what an event's user agent and referrer say: kind of device, system, browser, who sent the visitor and how
-- Grain:  as of events: one event; rows from before, and of workers of the release before, hold unknown
-- Writer: stream, at the flush, each different agent and referrer read once; enrichment is the number of what read it
-- Undo:   ALTER TABLE events DROP COLUMN …, for each
-- Why:    breakdowns by what people ask for, without regular expressions over user agents in SQL
ALTER TABLE events ADD COLUMN IF NOT EXISTS device LowCardinality(String) DEFAULT 'unknown' AFTER scan;

ALTER TABLE events ADD COLUMN IF NOT EXISTS os LowCardinality(String) DEFAULT 'unknown' AFTER device;

ALTER TABLE events ADD COLUMN IF NOT EXISTS browser LowCardinality(String) DEFAULT 'unknown' AFTER os;

ALTER TABLE events ADD COLUMN IF NOT EXISTS referrer_source LowCardinality(String) DEFAULT 'unknown' AFTER browser;

ALTER TABLE events ADD COLUMN IF NOT EXISTS referrer_medium LowCardinality(String) DEFAULT 'unknown' AFTER referrer_source;

ALTER TABLE events ADD COLUMN IF NOT EXISTS referrer_host LowCardinality(String) DEFAULT 'unknown' AFTER referrer_medium;

ALTER TABLE events ADD COLUMN IF NOT EXISTS enrichment UInt16 AFTER referrer_host;
