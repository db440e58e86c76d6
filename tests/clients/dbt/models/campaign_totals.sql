{{ config(materialized='incremental', unique_key='campaign', order_by='campaign') }}
SELECT campaign, sum(clicks) AS clicks, clicks / nullIf(sum(impressions), 0) AS ctr
FROM {{ ref('campaign_days') }}
GROUP BY campaign
