-- What:   visitors_1h, the visitors behind human clicks as sketches; link_uniques_between and uniques_between, which
--         count them over the hours from since to before until
-- Grain:  visitors_1h: (link, hour), UTC. link_uniques_between: link. uniques_between: account and, of campaign, post,
--         channel and profile, those that rows of `by` have: link_performance_between's, post, campaign, channel or profile
-- Writer: visitors_of_events, with every insert into events; so a flush's visitors are here before it counts, and a
--         repeated insert changes nothing: a sketch united with itself is itself
-- Undo:   DROP VIEW uniques_between; DROP VIEW link_uniques_between; DROP VIEW visitors_of_events; DROP TABLE visitors_1h
-- Why:    distinct visitors can't be added up, and events go after 90 days. uniq keeps four bytes a visitor and is exact
--         up to 65,536 in a set. A visitor's number is of its UTC day, so days are counted apart and added: no set is
--         larger than a day. docs/adr/0026
CREATE TABLE IF NOT EXISTS visitors_1h
(
    link String COMMENT 'domain/slug',
    hour DateTime('UTC') CODEC(DoubleDelta, ZSTD) COMMENT 'beginning of the hour, UTC',
    visitors AggregateFunction(uniq, UInt64) COMMENT 'visitors behind its human clicks: uniqMerge(visitors)'
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (link, hour)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, merge_selector_base = 16;

CREATE MATERIALIZED VIEW IF NOT EXISTS visitors_of_events TO visitors_1h
AS SELECT
    link,
    toStartOfHour(toDateTime(time, 'UTC')) AS hour,
    uniqState(visitor) AS visitors
FROM events
WHERE type = 'click' AND class = 'human' AND visitor != 0
GROUP BY link, hour;

INSERT INTO visitors_1h
SELECT
    link,
    toStartOfHour(toDateTime(time, 'UTC')) AS hour,
    uniqState(visitor) AS visitors
FROM events
WHERE type = 'click' AND class = 'human' AND visitor != 0
GROUP BY link, hour
SETTINGS max_bytes_before_external_group_by = 1000000000;

CREATE OR REPLACE VIEW link_uniques_between AS
SELECT
    link,
    toInt64(sum(visitors_of_day)) AS unique_clicks
FROM
(
    SELECT link, toDate(hour) AS day, uniqMerge(visitors_1h.visitors) AS visitors_of_day
    FROM visitors_1h
    WHERE hour >= toStartOfHour({since:DateTime('UTC')}) AND hour < {until:DateTime('UTC')}
    GROUP BY link, day
)
GROUP BY link;

CREATE OR REPLACE VIEW uniques_between AS
SELECT
    account,
    campaign,
    post,
    channel,
    profile,
    toInt64(sum(visitors_of_day)) AS unique_clicks
FROM
(
    WITH dictGet('link_names', ('account', 'campaign', 'post', 'channel', 'profile'), visitors_1h.link) AS names
    SELECT
        names.account AS account,
        if({by:String} IN ('post', 'campaign'), names.campaign, '') AS campaign,
        if({by:String} = 'post', names.post, '') AS post,
        if({by:String} IN ('post', 'channel', 'profile'), names.channel, '') AS channel,
        if({by:String} = 'profile', names.profile, '') AS profile,
        toDate(hour) AS day,
        uniqMerge(visitors_1h.visitors) AS visitors_of_day
    FROM visitors_1h
    WHERE hour >= toStartOfHour({since:DateTime('UTC')}) AND hour < {until:DateTime('UTC')}
    GROUP BY account, campaign, post, channel, profile, day
)
GROUP BY account, campaign, post, channel, profile;
