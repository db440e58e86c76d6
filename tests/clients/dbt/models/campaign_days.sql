SELECT
    l.campaign AS campaign,
    toDate(c.window_start) AS day,
    sum(c.clicks) AS clicks,
    sum(c.impressions) AS impressions
FROM {{ source('clicktally', 'ctr_1h') }} AS c
INNER JOIN (SELECT link, campaign FROM {{ source('clicktally', 'links') }} FINAL) AS l ON l.link = c.link
GROUP BY campaign, day
