-- What:   sums of all links by quarter of an hour (projection by_quarter), from which totals_1h, totals_1d and their twins
--         with a zone answer
-- Grain:  projection: kind and quarter of an hour, UTC; no row, total or column changes. totals_…: as in 0015
-- Writer: merges of counters, as of by_minute (0007)
-- Undo:   apply totals_1h, totals_1d, totals_1h_tz, totals_1d_tz of 0015 again; ALTER TABLE counters DROP PROJECTION
--         by_quarter
-- Why:    a year by hour or day read half a million minutes, each with twelve states of sums, which is what took the
--         time. Quarters, because hours and days of zones begin at :15, :30 and :45 too. A view that says
--         toStartOfHour(toStartOfFifteenMinutes(…)) is what lets the planner see that quarters are enough.
--         docs/adr/0035
ALTER TABLE counters ADD PROJECTION IF NOT EXISTS by_quarter
(
    SELECT
        kind,
        toStartOfFifteenMinutes(window_start),
        sumIf(clicks, class = 'human'),
        sum(clicks),
        sumIf(clicks, class = 'bot'),
        sumIf(clicks, class = 'prefetch'),
        sumIf(clicks, class = 'duplicate'),
        sumIf(clicks, class = 'unknown'),
        sumIf(impressions, class = 'human' AND impression_kind = 'served'),
        sumIf(impressions, class = 'human' AND impression_kind = 'rendered'),
        sumIf(impressions, class = 'human' AND impression_kind = 'viewable'),
        sumIf(impressions, class = 'human' AND impression_kind = 'platform'),
        sumIf(impressions, class = 'unverified'),
        sum(impressions)
    GROUP BY kind, toStartOfFifteenMinutes(window_start)
);

ALTER TABLE counters MATERIALIZE PROJECTION by_quarter;

CREATE OR REPLACE VIEW totals_1h
(
    window_start DateTime('UTC') COMMENT 'the hour, UTC',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    bot_clicks Int64 COMMENT 'clicks by crawlers, link previews, monitors, HTTP libraries',
    prefetch_clicks Int64 COMMENT 'requests that a browser made in advance',
    duplicate_clicks Int64 COMMENT 'the same visitor on the same link again within seconds',
    unknown_clicks Int64 COMMENT 'clicks with an empty or unreadable user agent',
    impressions_served Int64 COMMENT 'human impressions: our pixel was fetched',
    impressions_rendered Int64 COMMENT 'human impressions: a client says it rendered the content',
    impressions_viewable Int64 COMMENT 'human impressions: a client says the content was in view',
    impressions_platform Int64 COMMENT 'impressions that a platform reports',
    impressions_unverified Int64 COMMENT 'pixels that a mail proxy fetched, perhaps without a reader; divided by nowhere',
    gross_impressions Int64 COMMENT 'impressions of all kinds and traffic classes'
)
AS SELECT
    toStartOfHour(toStartOfFifteenMinutes(counters.window_start)) AS window_start,
    sumIf(counters.clicks, class = 'human') AS clicks,
    sum(counters.clicks) AS gross_clicks,
    sumIf(counters.clicks, class = 'bot') AS bot_clicks,
    sumIf(counters.clicks, class = 'prefetch') AS prefetch_clicks,
    sumIf(counters.clicks, class = 'duplicate') AS duplicate_clicks,
    sumIf(counters.clicks, class = 'unknown') AS unknown_clicks,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'served') AS impressions_served,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'rendered') AS impressions_rendered,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'viewable') AS impressions_viewable,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'platform') AS impressions_platform,
    sumIf(counters.impressions, class = 'unverified') AS impressions_unverified,
    sum(counters.impressions) AS gross_impressions
FROM counters
WHERE kind = 0
GROUP BY kind, toStartOfHour(toStartOfFifteenMinutes(counters.window_start))
ORDER BY kind, toStartOfHour(toStartOfFifteenMinutes(counters.window_start));

CREATE OR REPLACE VIEW totals_1d
(
    window_start DateTime('UTC') COMMENT 'the beginning of the day, UTC',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    bot_clicks Int64 COMMENT 'clicks by crawlers, link previews, monitors, HTTP libraries',
    prefetch_clicks Int64 COMMENT 'requests that a browser made in advance',
    duplicate_clicks Int64 COMMENT 'the same visitor on the same link again within seconds',
    unknown_clicks Int64 COMMENT 'clicks with an empty or unreadable user agent',
    impressions_served Int64 COMMENT 'human impressions: our pixel was fetched',
    impressions_rendered Int64 COMMENT 'human impressions: a client says it rendered the content',
    impressions_viewable Int64 COMMENT 'human impressions: a client says the content was in view',
    impressions_platform Int64 COMMENT 'impressions that a platform reports',
    impressions_unverified Int64 COMMENT 'pixels that a mail proxy fetched, perhaps without a reader; divided by nowhere',
    gross_impressions Int64 COMMENT 'impressions of all kinds and traffic classes'
)
AS SELECT
    toStartOfDay(toStartOfFifteenMinutes(counters.window_start)) AS window_start,
    sumIf(counters.clicks, class = 'human') AS clicks,
    sum(counters.clicks) AS gross_clicks,
    sumIf(counters.clicks, class = 'bot') AS bot_clicks,
    sumIf(counters.clicks, class = 'prefetch') AS prefetch_clicks,
    sumIf(counters.clicks, class = 'duplicate') AS duplicate_clicks,
    sumIf(counters.clicks, class = 'unknown') AS unknown_clicks,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'served') AS impressions_served,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'rendered') AS impressions_rendered,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'viewable') AS impressions_viewable,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'platform') AS impressions_platform,
    sumIf(counters.impressions, class = 'unverified') AS impressions_unverified,
    sum(counters.impressions) AS gross_impressions
FROM counters
WHERE kind = 0
GROUP BY kind, toStartOfDay(toStartOfFifteenMinutes(counters.window_start))
ORDER BY kind, toStartOfDay(toStartOfFifteenMinutes(counters.window_start));

CREATE OR REPLACE VIEW totals_1h_tz AS
WITH
    timeZoneOffset(toTimeZone(toStartOfFifteenMinutes(counters.window_start), {zone:String})) AS shift,
    toStartOfFifteenMinutes(counters.window_start)
        - (toUnixTimestamp(toStartOfFifteenMinutes(counters.window_start)) + shift) % 3600 AS hour_if_clocks_stood_still,
    timeZoneOffset(toTimeZone(hour_if_clocks_stood_still, {zone:String})) AS shift_then
SELECT
    toDate(toStartOfFifteenMinutes(counters.window_start), {zone:String}) AS day,
    toTimeZone(hour_if_clocks_stood_still + shift - shift_then, {zone:String}) AS window_start,
    sumIf(counters.clicks, class = 'human') AS clicks,
    sum(counters.clicks) AS gross_clicks,
    sumIf(counters.clicks, class = 'bot') AS bot_clicks,
    sumIf(counters.clicks, class = 'prefetch') AS prefetch_clicks,
    sumIf(counters.clicks, class = 'duplicate') AS duplicate_clicks,
    sumIf(counters.clicks, class = 'unknown') AS unknown_clicks,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'served') AS impressions_served,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'rendered') AS impressions_rendered,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'viewable') AS impressions_viewable,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'platform') AS impressions_platform,
    sumIf(counters.impressions, class = 'unverified') AS impressions_unverified,
    sum(counters.impressions) AS gross_impressions
FROM counters
WHERE kind = 0
GROUP BY kind, window_start, day;

CREATE OR REPLACE VIEW totals_1d_tz AS
SELECT
    toDate(toStartOfFifteenMinutes(counters.window_start), {zone:String}) AS day,
    toStartOfDay(toStartOfFifteenMinutes(counters.window_start), {zone:String}) AS window_start,
    sumIf(counters.clicks, class = 'human') AS clicks,
    sum(counters.clicks) AS gross_clicks,
    sumIf(counters.clicks, class = 'bot') AS bot_clicks,
    sumIf(counters.clicks, class = 'prefetch') AS prefetch_clicks,
    sumIf(counters.clicks, class = 'duplicate') AS duplicate_clicks,
    sumIf(counters.clicks, class = 'unknown') AS unknown_clicks,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'served') AS impressions_served,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'rendered') AS impressions_rendered,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'viewable') AS impressions_viewable,
    sumIf(counters.impressions, class = 'human' AND impression_kind = 'platform') AS impressions_platform,
    sumIf(counters.impressions, class = 'unverified') AS impressions_unverified,
    sum(counters.impressions) AS gross_impressions
FROM counters
WHERE kind = 0
GROUP BY kind, toStartOfDay(toStartOfFifteenMinutes(counters.window_start), {zone:String}), day;
