-- What:   where an event came from, what the request carried, and what answered it
-- Grain:  as of events: one event; rows from before hold the defaults
-- Writer: stream, each column from the event's field of the same name (schemas/events.py)
-- Undo:   ALTER TABLE events DROP COLUMN …, for each
-- Why:    breakdowns, and a newer rule set that judges stored events again: for that, purpose and network too
ALTER TABLE events ADD COLUMN IF NOT EXISTS purpose LowCardinality(String) AFTER referrer;

ALTER TABLE events ADD COLUMN IF NOT EXISTS country LowCardinality(String) AFTER purpose;

ALTER TABLE events ADD COLUMN IF NOT EXISTS region LowCardinality(String) AFTER country;

ALTER TABLE events ADD COLUMN IF NOT EXISTS language LowCardinality(String) AFTER region;

ALTER TABLE events ADD COLUMN IF NOT EXISTS network LowCardinality(String) AFTER language;

ALTER TABLE events ADD COLUMN IF NOT EXISTS utm_source LowCardinality(String) AFTER network;

ALTER TABLE events ADD COLUMN IF NOT EXISTS utm_medium LowCardinality(String) AFTER utm_source;

ALTER TABLE events ADD COLUMN IF NOT EXISTS utm_campaign LowCardinality(String) AFTER utm_medium;

ALTER TABLE events ADD COLUMN IF NOT EXISTS utm_term LowCardinality(String) AFTER utm_campaign;

ALTER TABLE events ADD COLUMN IF NOT EXISTS utm_content LowCardinality(String) AFTER utm_term;

ALTER TABLE events ADD COLUMN IF NOT EXISTS destination UInt16 AFTER utm_content;

ALTER TABLE events ADD COLUMN IF NOT EXISTS click_id String AFTER destination;

ALTER TABLE events ADD COLUMN IF NOT EXISTS scan UInt8 AFTER click_id;
