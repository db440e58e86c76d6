-- What:   clicks by what people ask for: device, country, source, … Daily roll-ups, and the view over them and today
-- Grain:  breakdowns: a combination of values of a link's day (UTC) and class; breakdown_days: a rolled-up day
-- Writer: `python -m stream tables`, a day at a time from events once it is over; the row of breakdown_days is what
--         makes rows of breakdowns count, those with its version. Killed or started twice, it leaves rows that no day
--         names, and drops them later
-- Undo:   DROP VIEW breakdown_by; DROP VIEW breakdown_1d; DROP TABLE breakdown_days; DROP TABLE breakdowns
-- Why:    events are kept for 90 days, and a year by country must not read each of them. One wide row for a
--         combination answers every pair and every filter. docs/adr/0030
CREATE TABLE IF NOT EXISTS breakdowns
(
    day Date,
    link String,
    version UInt64,
    class LowCardinality(String),
    device LowCardinality(String),
    os LowCardinality(String),
    browser LowCardinality(String),
    referrer_source LowCardinality(String),
    referrer_medium LowCardinality(String),
    referrer_host LowCardinality(String),
    country LowCardinality(String),
    region LowCardinality(String),
    language LowCardinality(String),
    utm_source LowCardinality(String),
    utm_medium LowCardinality(String),
    utm_campaign LowCardinality(String),
    utm_term LowCardinality(String),
    utm_content LowCardinality(String),
    destination UInt16,
    scan UInt8,
    clicks Int64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (link, day, version, class, device, country, referrer_source)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS breakdown_days
(
    day Date,
    version UInt64,
    human Int64,
    bot Int64,
    prefetch Int64,
    duplicate Int64,
    unknown Int64,
    from_events Int64,
    made_at DateTime('UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY day
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW breakdown_1d
(
    day Date COMMENT 'the day, UTC',
    link String COMMENT 'domain/slug',
    class String COMMENT 'traffic class; clicks of people are human',
    device String COMMENT 'kind of device',
    os String COMMENT 'operating system',
    browser String COMMENT 'browser, in-app ones by the app',
    referrer_source String COMMENT 'who sent the visitor',
    referrer_medium String COMMENT 'how: search, social, …',
    referrer_host String COMMENT 'host of the referring page; none: no referrer',
    country String COMMENT 'ISO 3166-1 alpha-2, or unknown',
    region String COMMENT 'ISO 3166-2 without the country, or unknown',
    language String COMMENT 'as en-gb, or unknown',
    utm_source String COMMENT 'of the request, or none',
    utm_medium String COMMENT 'of the request, or none',
    utm_campaign String COMMENT 'of the request, or none',
    utm_term String COMMENT 'of the request, or none',
    utm_content String COMMENT 'of the request, or none',
    destination UInt16 COMMENT 'which rule or variant answered, from 1; 0: the link''s own destination',
    scan UInt8 COMMENT '1: by the link''s QR code',
    clicks Int64 COMMENT 'clicks of that class'
)
AS SELECT
    day, link, class, device, os, browser, referrer_source, referrer_medium,
    if(empty(referrer_host), 'none', referrer_host) AS referrer_host,
    if(empty(country), 'unknown', country) AS country, if(empty(region), 'unknown', region) AS region,
    if(empty(language), 'unknown', language) AS language, if(empty(utm_source), 'none', utm_source) AS utm_source,
    if(empty(utm_medium), 'none', utm_medium) AS utm_medium,
    if(empty(utm_campaign), 'none', utm_campaign) AS utm_campaign,
    if(empty(utm_term), 'none', utm_term) AS utm_term, if(empty(utm_content), 'none', utm_content) AS utm_content,
    destination, scan, clicks
FROM
(
    SELECT
        day, link, class, device, os, browser, referrer_source, referrer_medium, referrer_host, country, region,
        language, utm_source, utm_medium, utm_campaign, utm_term, utm_content, destination, scan, clicks
    FROM breakdowns
    WHERE version IN (SELECT max(version) FROM breakdown_days GROUP BY day)
    UNION ALL
    SELECT
        toDate(time) AS day, link, class, device, os, browser, referrer_source, referrer_medium, referrer_host,
        country, region, language, utm_source, utm_medium, utm_campaign, utm_term, utm_content, destination, scan,
        count AS clicks
    FROM events FINAL
    WHERE type = 'click' AND time >= (SELECT toDateTime64(max(breakdown_days.day) + (count() > 0), 3, 'UTC') FROM breakdown_days)
);

CREATE OR REPLACE VIEW breakdown_by AS SELECT
    if(place <= {most:UInt32}, value, 'other') AS value,
    toBool(place > {most:UInt32}) AS is_other,
    sum(human) AS clicks,
    sum(gross) AS gross_clicks
FROM
(
    SELECT *, row_number() OVER (ORDER BY human DESC, gross DESC, value) AS place
    FROM
    (
        SELECT
            multiIf(
                {dimension:String} = 'link', link,
                {dimension:String} = 'class', class,
                {dimension:String} = 'device', device,
                {dimension:String} = 'os', os,
                {dimension:String} = 'browser', browser,
                {dimension:String} = 'referrer_source', referrer_source,
                {dimension:String} = 'referrer_medium', referrer_medium,
                {dimension:String} = 'referrer_host', referrer_host,
                {dimension:String} = 'country', country,
                {dimension:String} = 'region', region,
                {dimension:String} = 'language', language,
                {dimension:String} = 'utm_source', utm_source,
                {dimension:String} = 'utm_medium', utm_medium,
                {dimension:String} = 'utm_campaign', utm_campaign,
                {dimension:String} = 'utm_term', utm_term,
                {dimension:String} = 'utm_content', utm_content,
                {dimension:String} = 'destination', toString(destination),
                {dimension:String} = 'scan', toString(scan),
                throwIf(true, 'no such dimension: docs/tables.md has the columns of breakdown_1d')::String
            ) AS value,
            sumIf(clicks, class = 'human') AS human,
            sum(clicks) AS gross
        FROM breakdown_1d
        WHERE day >= toDate({since:String}) AND day < toDate({until:String})
        GROUP BY value
    )
)
GROUP BY value, is_other
ORDER BY is_other, clicks DESC, value;
