SELECT
    link,
    toDate(window_start) AS day,
    clicks,
    gross_clicks,
    bot_clicks,
    prefetch_clicks,
    unknown_clicks,
    impressions,
    impression_kind,
    gross_impressions
FROM {{ source('clicktally', 'ctr_1d') }}
