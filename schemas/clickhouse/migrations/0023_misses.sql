-- What:   misses, requests that led nowhere; unknown_slugs, what was asked for in vain by day
-- Grain:  misses: (minute, reason, domain, slug, referring host) of one process, known by (batch, place).
--         unknown_slugs: (day, domain, slug, reason, referring host), UTC
-- Writer: stream tables, from the topic misses; written twice they collapse, so read it with FINAL
-- Undo:   DROP VIEW unknown_slugs; DROP TABLE misses
-- Why:    a slug that many ask for is a link that somebody forgot, misspelt in print, or deleted too early. Strangers
--         guess by the million: each process tells the hundred most asked for of a minute and the rest as one row.
--         That a link was deleted, the table of links knows
CREATE TABLE IF NOT EXISTS misses
(
    minute DateTime('UTC') CODEC(DoubleDelta, ZSTD) COMMENT 'the minute, UTC',
    reason LowCardinality(String) COMMENT 'unknown, or expired',
    domain String COMMENT 'the domain that was asked; empty in the row of all others',
    slug String COMMENT 'what was asked for, cut to 128 characters; empty in the row of all others',
    referrer_host LowCardinality(String) COMMENT 'host of the referring page; empty: none was named',
    requests Int64 COMMENT 'how many GETs',
    batch String COMMENT 'one process and minute',
    place UInt16 COMMENT 'of the row in its batch',
    record_offset Int64 CODEC(Delta, ZSTD) COMMENT 'of the record in the topic'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, batch, place)
TTL minute + INTERVAL 90 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW unknown_slugs
(
    day Date COMMENT 'the day, UTC',
    domain String COMMENT 'the domain that was asked; empty in the rows of all other slugs together',
    slug String COMMENT 'what was asked for, cut to 128 characters; empty is the domain itself, or all others together',
    reason String COMMENT 'unknown: there is no such link; expired: its time is over; deleted: there was one, and it was deleted',
    referrer_host String COMMENT 'host of the referring page; empty: none was named',
    account String COMMENT 'whom the expired or deleted link belongs to; this and other names are empty for what is unknown',
    campaign String COMMENT 'name of its campaign',
    post String COMMENT 'name of its post',
    channel String COMMENT 'its channel, in lower case',
    profile String COMMENT 'account that posted',
    requests Int64 COMMENT 'how many GETs, of all traffic classes; never more than there were'
)
AS SELECT
    toDate(missed.minute) AS day,
    missed.domain AS domain,
    missed.slug AS slug,
    multiIf(
        missed.reason != 'unknown', toString(missed.reason),
        link.deleted AND link.updated_at < missed.minute + INTERVAL 1 MINUTE, 'deleted',
        'unknown'
    ) AS reason,
    toString(missed.referrer_host) AS referrer_host,
    if(reason = 'unknown', '', link.account) AS account,
    if(reason = 'unknown', '', link.campaign) AS campaign,
    if(reason = 'unknown', '', link.post) AS post,
    if(reason = 'unknown', '', link.channel) AS channel,
    if(reason = 'unknown', '', link.profile) AS profile,
    sum(missed.requests) AS requests
FROM
(
    SELECT minute, misses.reason AS reason, domain, slug, misses.referrer_host AS referrer_host, misses.requests AS requests
    FROM misses FINAL
) AS missed
LEFT JOIN
(
    SELECT
        link AS name,
        toString(links.account) AS account,
        campaign,
        post,
        lower(trim(links.channel)) AS channel,
        profile,
        deleted,
        updated_at
    FROM links FINAL
    WHERE link IN (SELECT concat(domain, '/', slug) FROM misses)
) AS link ON concat(missed.domain, '/', missed.slug) = link.name
GROUP BY day, domain, slug, reason, referrer_host, account, campaign, post, channel, profile;
