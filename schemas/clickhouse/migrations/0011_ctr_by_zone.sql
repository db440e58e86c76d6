-- What:   links_now; the columns of ctr_1m, ctr_1h, ctr_1d with comments and Bool, impressions_unverified beside them;
--         hours and days of any time zone: ctr_1h_tz(zone = '…'), ctr_1d_tz(zone = '…')
-- Grain:  links_now: one link that is not deleted; ctr_…: (link, window) as in 0004
-- Writer: none, views
-- Undo:   apply the views of 0009 again; DROP VIEW links_now; DROP VIEW ctr_1h_tz; DROP VIEW ctr_1d_tz
-- Why:    a join on links doubled the counts of a link that was imported twice, until its rows were merged. Hours of
--         UTC are no hours of Kolkata, so its days cannot be made of ctr_1h.
--         * The five views differ in their window alone. It stands in GROUP BY as a function of the key's column that
--           the engine knows to be monotonic, so that conditions on it prune; one view with the unit as a parameter
--           was tried, and read everything.
--         * The engine's toStartOfHour is wrong where clocks move by half an hour (Australia/Lord_Howe), from that
--           hour to the end of the day. ctr_1h_tz computes the hour, which prunes nothing: day beside it does.
CREATE OR REPLACE VIEW links_now
(
    link String COMMENT 'domain/slug',
    domain String COMMENT 'host, lower case, international names in ASCII',
    slug String COMMENT 'path without its leading slash, escapes resolved',
    destination String COMMENT 'where the redirect leads',
    account LowCardinality(String) COMMENT 'whom the link belongs to; empty where there is one',
    title String COMMENT 'name for people',
    tags Array(LowCardinality(String)) COMMENT 'labels to filter by',
    campaign String COMMENT 'name of the campaign',
    post String COMMENT 'name of the post',
    channel LowCardinality(String) COMMENT 'x, linkedin, email, …',
    profile String COMMENT 'account that posted',
    variant String COMMENT 'variant of an experiment',
    experiment LowCardinality(String) COMMENT 'name of the experiment',
    post_id String COMMENT 'the platform''s id of the post that carries the link',
    post_url String COMMENT 'the post''s address on the platform',
    published_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when the post was published; NULL: not said',
    ctr_impressions LowCardinality(String) COMMENT 'kind of impressions that CTR divides by; empty: the channel''s default',
    aim LowCardinality(String) COMMENT 'awareness: impressions lead, CTR is not judged; empty: responses',
    origins Array(String) COMMENT 'origins of the pages that may report impressions; empty: all',
    rules String COMMENT 'compiled rules that choose the destination, as JSON; empty: none',
    status UInt16 COMMENT 'HTTP status of the redirect',
    expires_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when the link ends; NULL: never',
    updated_at DateTime64(3, 'UTC') COMMENT 'when this version was written'
)
AS SELECT
    link, domain, slug, destination, account, title, tags, campaign, post, channel, profile, variant, experiment,
    post_id, post_url, published_at, ctr_impressions, aim, origins, rules, status, expires_at, updated_at
FROM links FINAL
WHERE NOT deleted;

CREATE OR REPLACE VIEW ctr_1m
(
    link String COMMENT 'domain/slug',
    window_start DateTime('UTC') COMMENT 'the minute, UTC',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    bot_clicks Int64 COMMENT 'clicks by crawlers, link previews, monitors, HTTP libraries',
    prefetch_clicks Int64 COMMENT 'requests that a browser made in advance',
    duplicate_clicks Int64 COMMENT 'the same visitor on the same link again within seconds',
    unknown_clicks Int64 COMMENT 'clicks with an empty or unreadable user agent',
    impressions Int64 COMMENT 'human impressions of the kind that CTR divides by, which impression_kind names',
    impression_kind String COMMENT 'that kind; empty when nothing decides. Add up impressions where this is one',
    impressions_served Int64 COMMENT 'human impressions: our pixel was fetched',
    impressions_rendered Int64 COMMENT 'human impressions: a client says it rendered the content',
    impressions_viewable Int64 COMMENT 'human impressions: a client says the content was in view',
    impressions_platform Int64 COMMENT 'impressions that a platform reports',
    impressions_unverified Int64 COMMENT 'pixels that a mail proxy fetched, perhaps without a reader; divided by nowhere',
    gross_impressions Int64 COMMENT 'impressions of all kinds and traffic classes',
    ctr Nullable(Float64) COMMENT 'clicks / impressions; NULL without impressions. Never average it: sum over sum',
    over_100_percent Bool COMMENT 'whether ctr is above 1: something is counted on one side only'
)
AS WITH
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
    impressions_unverified,
    gross_impressions,
    if(impressions = 0, NULL, clicks / impressions) AS ctr,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent
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
        sumIf(counters.impressions, class = 'unverified') AS impressions_unverified,
        sum(counters.impressions) AS gross_impressions
    FROM counters
    WHERE kind = 0
    GROUP BY kind, link, counters.window_start
) AS counted
LEFT JOIN ctr_kinds AS decided ON counted.link = decided.link;

CREATE OR REPLACE VIEW ctr_1h
(
    link String COMMENT 'domain/slug',
    window_start DateTime('UTC') COMMENT 'the hour, UTC',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    bot_clicks Int64 COMMENT 'clicks by crawlers, link previews, monitors, HTTP libraries',
    prefetch_clicks Int64 COMMENT 'requests that a browser made in advance',
    duplicate_clicks Int64 COMMENT 'the same visitor on the same link again within seconds',
    unknown_clicks Int64 COMMENT 'clicks with an empty or unreadable user agent',
    impressions Int64 COMMENT 'human impressions of the kind that CTR divides by, which impression_kind names',
    impression_kind String COMMENT 'that kind; empty when nothing decides. Add up impressions where this is one',
    impressions_served Int64 COMMENT 'human impressions: our pixel was fetched',
    impressions_rendered Int64 COMMENT 'human impressions: a client says it rendered the content',
    impressions_viewable Int64 COMMENT 'human impressions: a client says the content was in view',
    impressions_platform Int64 COMMENT 'impressions that a platform reports',
    impressions_unverified Int64 COMMENT 'pixels that a mail proxy fetched, perhaps without a reader; divided by nowhere',
    gross_impressions Int64 COMMENT 'impressions of all kinds and traffic classes',
    ctr Nullable(Float64) COMMENT 'clicks / impressions; NULL without impressions. Never average it: sum over sum',
    over_100_percent Bool COMMENT 'whether ctr is above 1: something is counted on one side only'
)
AS WITH
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
    impressions_unverified,
    gross_impressions,
    if(impressions = 0, NULL, clicks / impressions) AS ctr,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent
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
        sumIf(counters.impressions, class = 'unverified') AS impressions_unverified,
        sum(counters.impressions) AS gross_impressions
    FROM counters
    WHERE kind = 0
    GROUP BY kind, link, toStartOfHour(counters.window_start)
) AS counted
LEFT JOIN ctr_kinds AS decided ON counted.link = decided.link;

CREATE OR REPLACE VIEW ctr_1d
(
    link String COMMENT 'domain/slug',
    window_start DateTime('UTC') COMMENT 'the beginning of the day, UTC',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    bot_clicks Int64 COMMENT 'clicks by crawlers, link previews, monitors, HTTP libraries',
    prefetch_clicks Int64 COMMENT 'requests that a browser made in advance',
    duplicate_clicks Int64 COMMENT 'the same visitor on the same link again within seconds',
    unknown_clicks Int64 COMMENT 'clicks with an empty or unreadable user agent',
    impressions Int64 COMMENT 'human impressions of the kind that CTR divides by, which impression_kind names',
    impression_kind String COMMENT 'that kind; empty when nothing decides. Add up impressions where this is one',
    impressions_served Int64 COMMENT 'human impressions: our pixel was fetched',
    impressions_rendered Int64 COMMENT 'human impressions: a client says it rendered the content',
    impressions_viewable Int64 COMMENT 'human impressions: a client says the content was in view',
    impressions_platform Int64 COMMENT 'impressions that a platform reports',
    impressions_unverified Int64 COMMENT 'pixels that a mail proxy fetched, perhaps without a reader; divided by nowhere',
    gross_impressions Int64 COMMENT 'impressions of all kinds and traffic classes',
    ctr Nullable(Float64) COMMENT 'clicks / impressions; NULL without impressions. Never average it: sum over sum',
    over_100_percent Bool COMMENT 'whether ctr is above 1: something is counted on one side only'
)
AS WITH
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
    impressions_unverified,
    gross_impressions,
    if(impressions = 0, NULL, clicks / impressions) AS ctr,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent
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
        sumIf(counters.impressions, class = 'unverified') AS impressions_unverified,
        sum(counters.impressions) AS gross_impressions
    FROM counters
    WHERE kind = 0
    GROUP BY kind, link, toStartOfDay(counters.window_start)
) AS counted
LEFT JOIN ctr_kinds AS decided ON counted.link = decided.link;

CREATE OR REPLACE VIEW ctr_1h_tz AS WITH
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
    day,
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
    impressions_unverified,
    gross_impressions,
    if(impressions = 0, NULL, clicks / impressions) AS ctr,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent
FROM
(
    WITH
        timeZoneOffset(toTimeZone(counters.window_start, {zone:String})) AS shift,
        counters.window_start - (toUnixTimestamp(counters.window_start) + shift) % 3600 AS hour_if_clocks_stood_still,
        timeZoneOffset(toTimeZone(hour_if_clocks_stood_still, {zone:String})) AS shift_then
    SELECT
        link,
        toDate(counters.window_start, {zone:String}) AS day,
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
    GROUP BY kind, link, window_start, day
) AS counted
LEFT JOIN ctr_kinds AS decided ON counted.link = decided.link;

CREATE OR REPLACE VIEW ctr_1d_tz AS WITH
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
    day,
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
    impressions_unverified,
    gross_impressions,
    if(impressions = 0, NULL, clicks / impressions) AS ctr,
    toBool(ifNull(ctr > 1, false)) AS over_100_percent
FROM
(
    SELECT
        link,
        toDate(counters.window_start, {zone:String}) AS day,
        toStartOfDay(counters.window_start, {zone:String}) AS window_start,
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
    GROUP BY kind, link, toStartOfDay(counters.window_start, {zone:String}), day
) AS counted
LEFT JOIN ctr_kinds AS decided ON counted.link = decided.link;
