-- What:   whom a link belongs to, the post that carries it, and how its numbers are to be read
-- Grain:  as of links: one link
-- Writer: stream, from the topic `links`; rows from before hold the defaults until their link is written anew
-- Undo:   ALTER TABLE links DROP COLUMN …, for each
-- Why:    reports by account, tag, experiment and platform post. The link's field `impressions` is the column
--         ctr_impressions here: reports join links with counts whose column is called impressions
ALTER TABLE links ADD COLUMN IF NOT EXISTS account LowCardinality(String) AFTER destination;

ALTER TABLE links ADD COLUMN IF NOT EXISTS title String AFTER account;

ALTER TABLE links ADD COLUMN IF NOT EXISTS tags Array(LowCardinality(String)) AFTER title;

ALTER TABLE links ADD COLUMN IF NOT EXISTS experiment LowCardinality(String) AFTER variant;

ALTER TABLE links ADD COLUMN IF NOT EXISTS post_id String AFTER experiment;

ALTER TABLE links ADD COLUMN IF NOT EXISTS post_url String AFTER post_id;

ALTER TABLE links ADD COLUMN IF NOT EXISTS published_at Nullable(DateTime64(3, 'UTC')) AFTER post_url;

ALTER TABLE links ADD COLUMN IF NOT EXISTS ctr_impressions LowCardinality(String) AFTER published_at;

ALTER TABLE links ADD COLUMN IF NOT EXISTS aim LowCardinality(String) AFTER ctr_impressions;

ALTER TABLE links ADD COLUMN IF NOT EXISTS origins Array(String) AFTER aim;

ALTER TABLE links ADD COLUMN IF NOT EXISTS rules String AFTER origins;
