-- What:   by which kind of impressions CTR divides: the link's own setting, else its channel's default, else the kind
--         with the most impressions of the window; and the channels with their reference ranges
-- Grain:  channels: one channel, the highest version counts; ctr_…: as in 0004
-- Writer: this file, as version 0; an operator's own row of a later version takes its place. The views: none
-- Undo:   apply the views of 0004 again; DROP VIEW ctr_kinds; DROP TABLE channels
-- Why:    "the best kind that the link ever had" read all of its history for every query, and one stray viewable of
--         today turned the CTR of all its past to NULL. Where several kinds are possible, the one with the most
--         impressions of the same window is taken: no event can change what another window is divided by, no stray
--         one what its own is, and no window needs another's rows. Each row names its kind: sums stay comparable
--         where impression_kind is one. Ranges are the project's reference for organic posts, paid where the channel is
CREATE TABLE IF NOT EXISTS channels
(
    channel String,
    kinds Array(LowCardinality(String)),
    ctr_low Nullable(Float64),
    ctr_high Nullable(Float64),
    range_source String,
    impression_means String,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY channel;

INSERT INTO channels (channel, kinds, ctr_low, ctr_high, range_source, impression_means, version) VALUES
    ('x', ['platform'], 0.005, 0.02,
        'organic posts, reference of this project',
        'the post appeared on a screen, any part of it; repeats count (X: views)', 0),
    ('twitter', ['platform'], 0.005, 0.02,
        'organic posts, reference of this project',
        'as x', 0),
    ('linkedin', ['platform'], 0.004, 0.01,
        'organic posts, reference of this project',
        'half of the post was visible for 300 ms; repeats count, estimated by LinkedIn', 0),
    ('facebook', ['platform'], 0.005, 0.015,
        'organic posts, reference of this project',
        'the post was displayed or played; repeats count (Meta: views, impressions until November 2025)', 0),
    ('instagram', ['platform'], 0.01, 0.03,
        'social posts in general, reference of this project',
        'the post was displayed or played (Meta: views); only a link in the bio or a story can be clicked', 0),
    ('threads', ['platform'], 0.01, 0.03,
        'social posts in general, reference of this project',
        'the post was displayed or played (Meta: views)', 0),
    ('tiktok', ['platform'], 0.01, 0.03,
        'social posts in general, reference of this project',
        'the video began to play', 0),
    ('youtube', ['platform'], 0.01, 0.03,
        'social posts in general, reference of this project',
        'the video began to play (since August 2026 in all formats)', 0),
    ('pinterest', ['platform'], 0.01, 0.03,
        'social posts in general, reference of this project',
        'the pin appeared on a screen', 0),
    ('bluesky', ['platform'], 0.01, 0.03,
        'social posts in general, reference of this project',
        'not told by the platform: entered by hand', 0),
    ('mastodon', ['platform'], 0.01, 0.03,
        'social posts in general, reference of this project',
        'not told by the platform: entered by hand', 0),
    ('email', ['platform', 'served'], 0.02, 0.05,
        'clicks over delivered, newsletters, reference of this project',
        'the message was delivered; where that is not known, its pixel was fetched', 0),
    ('newsletter', ['platform', 'served'], 0.02, 0.05,
        'clicks over delivered, newsletters, reference of this project',
        'as email', 0),
    ('google-ads', ['platform'], 0.03, 0.1,
        'search ads, reference of this project',
        'the ad was shown on a result page', 0),
    ('microsoft-ads', ['platform'], 0.03, 0.1,
        'search ads, reference of this project',
        'the ad was shown on a result page', 0),
    ('display', ['platform', 'viewable', 'rendered', 'served'], 0.0005, 0.001,
        'display banners, reference of this project',
        'the ad was shown, as its platform counts; else half of it was visible for a second', 0),
    ('web', ['viewable', 'rendered', 'served'], NULL, NULL,
        '',
        'half of it was visible for a second; else it was rendered, or its pixel fetched', 0),
    ('website', ['viewable', 'rendered', 'served'], NULL, NULL,
        '',
        'as web', 0);

CREATE OR REPLACE VIEW ctr_kinds AS
SELECT
    link,
    if(own.ctr_impressions != '', [own.ctr_impressions], usual.kinds) AS kinds
FROM
(
    SELECT link, ctr_impressions, lower(trim(channel)) AS channel FROM links FINAL
) AS own
LEFT JOIN
(
    SELECT channel, kinds FROM channels FINAL
) AS usual ON own.channel = usual.channel
WHERE notEmpty(kinds);

CREATE OR REPLACE VIEW ctr_1m AS
WITH
    if(empty(decided.kinds), ['viewable', 'rendered', 'platform', 'served'], decided.kinds) AS possible,
    arrayMap(
        kind -> multiIf(
            kind = 'viewable', impressions_viewable,
            kind = 'rendered', impressions_rendered,
            kind = 'platform', impressions_platform,
            impressions_served
        ),
        possible
    ) AS amounts
SELECT
    counted.link AS link,
    window_start,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    duplicate_clicks,
    unknown_clicks,
    arrayMax(amounts) AS impressions,
    if(empty(decided.kinds) AND impressions = 0, '', possible[indexOf(amounts, impressions)]) AS impression_kind,
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
        counters.window_start AS window_start,
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
    GROUP BY kind, link, counters.window_start
) AS counted
LEFT JOIN ctr_kinds AS decided ON counted.link = decided.link;

CREATE OR REPLACE VIEW ctr_1h AS
WITH
    if(empty(decided.kinds), ['viewable', 'rendered', 'platform', 'served'], decided.kinds) AS possible,
    arrayMap(
        kind -> multiIf(
            kind = 'viewable', impressions_viewable,
            kind = 'rendered', impressions_rendered,
            kind = 'platform', impressions_platform,
            impressions_served
        ),
        possible
    ) AS amounts
SELECT
    counted.link AS link,
    window_start,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    duplicate_clicks,
    unknown_clicks,
    arrayMax(amounts) AS impressions,
    if(empty(decided.kinds) AND impressions = 0, '', possible[indexOf(amounts, impressions)]) AS impression_kind,
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
        toStartOfHour(counters.window_start) AS window_start,
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
    GROUP BY kind, link, toStartOfHour(counters.window_start)
) AS counted
LEFT JOIN ctr_kinds AS decided ON counted.link = decided.link;

CREATE OR REPLACE VIEW ctr_1d AS
WITH
    if(empty(decided.kinds), ['viewable', 'rendered', 'platform', 'served'], decided.kinds) AS possible,
    arrayMap(
        kind -> multiIf(
            kind = 'viewable', impressions_viewable,
            kind = 'rendered', impressions_rendered,
            kind = 'platform', impressions_platform,
            impressions_served
        ),
        possible
    ) AS amounts
SELECT
    counted.link AS link,
    window_start,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    duplicate_clicks,
    unknown_clicks,
    arrayMax(amounts) AS impressions,
    if(empty(decided.kinds) AND impressions = 0, '', possible[indexOf(amounts, impressions)]) AS impression_kind,
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
        toStartOfDay(counters.window_start) AS window_start,
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
    GROUP BY kind, link, toStartOfDay(counters.window_start)
) AS counted
LEFT JOIN ctr_kinds AS decided ON counted.link = decided.link;
