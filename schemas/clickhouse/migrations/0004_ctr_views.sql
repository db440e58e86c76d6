-- What:   what a BI tool selects from: clicks by traffic class, impressions by kind, CTR
-- Grain:  (link, window) of a minute, an hour, a day, UTC
-- Writer: none, views over counters
-- Undo:   DROP VIEW ctr_1d; DROP VIEW ctr_1h; DROP VIEW ctr_1m
-- Why:    counts are stored, ratios are divided on reading: sum of clicks over sum of impressions. clicks means
--         human clicks, gross_clicks all of them. impressions are human ones of one kind: the best kind that the
--         link has (viewable, rendered, platform, served), named in impression_kind, so that kinds never mix
CREATE OR REPLACE VIEW ctr_1m AS
SELECT
    counted.link AS link,
    window_start,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    duplicate_clicks,
    unknown_clicks,
    multiIf(
        best_kind = 'viewable', impressions_viewable,
        best_kind = 'rendered', impressions_rendered,
        best_kind = 'platform', impressions_platform,
        impressions_served
    ) AS impressions,
    best_kind AS impression_kind,
    impressions_served,
    impressions_rendered,
    impressions_viewable,
    impressions_platform,
    gross_impressions,
    if(impressions = 0, NULL, clicks / impressions) AS ctr,
    ifNull(ctr > 1, false) AS over_100_percent
FROM
(
    SELECT
        link,
        window_start,
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
        sum(counters.impressions) AS gross_impressions
    FROM counters
    WHERE kind = 0
    GROUP BY link, window_start
) AS counted
LEFT JOIN
(
    SELECT
        link,
        argMax(counters.impression_kind, indexOf(['served', 'platform', 'rendered', 'viewable'], counters.impression_kind)) AS best_kind
    FROM counters
    WHERE kind = 0 AND class = 'human' AND impression_kind != ''
    GROUP BY link
) AS best ON counted.link = best.link;

CREATE OR REPLACE VIEW ctr_1h AS
SELECT
    link,
    toStartOfHour(ctr_1m.window_start) AS window_start,
    sum(ctr_1m.clicks) AS clicks,
    sum(ctr_1m.gross_clicks) AS gross_clicks,
    sum(ctr_1m.bot_clicks) AS bot_clicks,
    sum(ctr_1m.prefetch_clicks) AS prefetch_clicks,
    sum(ctr_1m.duplicate_clicks) AS duplicate_clicks,
    sum(ctr_1m.unknown_clicks) AS unknown_clicks,
    sum(ctr_1m.impressions) AS impressions,
    any(ctr_1m.impression_kind) AS impression_kind,
    sum(ctr_1m.impressions_served) AS impressions_served,
    sum(ctr_1m.impressions_rendered) AS impressions_rendered,
    sum(ctr_1m.impressions_viewable) AS impressions_viewable,
    sum(ctr_1m.impressions_platform) AS impressions_platform,
    sum(ctr_1m.gross_impressions) AS gross_impressions,
    if(impressions = 0, NULL, clicks / impressions) AS ctr,
    ifNull(ctr > 1, false) AS over_100_percent
FROM ctr_1m
GROUP BY link, window_start;

CREATE OR REPLACE VIEW ctr_1d AS
SELECT
    link,
    toStartOfDay(ctr_1m.window_start) AS window_start,
    sum(ctr_1m.clicks) AS clicks,
    sum(ctr_1m.gross_clicks) AS gross_clicks,
    sum(ctr_1m.bot_clicks) AS bot_clicks,
    sum(ctr_1m.prefetch_clicks) AS prefetch_clicks,
    sum(ctr_1m.duplicate_clicks) AS duplicate_clicks,
    sum(ctr_1m.unknown_clicks) AS unknown_clicks,
    sum(ctr_1m.impressions) AS impressions,
    any(ctr_1m.impression_kind) AS impression_kind,
    sum(ctr_1m.impressions_served) AS impressions_served,
    sum(ctr_1m.impressions_rendered) AS impressions_rendered,
    sum(ctr_1m.impressions_viewable) AS impressions_viewable,
    sum(ctr_1m.impressions_platform) AS impressions_platform,
    sum(ctr_1m.gross_impressions) AS gross_impressions,
    if(impressions = 0, NULL, clicks / impressions) AS ctr,
    ifNull(ctr > 1, false) AS over_100_percent
FROM ctr_1m
GROUP BY link, window_start;
