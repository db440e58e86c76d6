{{ config(materialized='table', order_by='(account, campaign, day, link)') }}
SELECT
    counted.day AS day,
    counted.link AS link,
    named.account AS account,
    named.campaign AS campaign,
    named.post AS post,
    named.channel AS channel,
    named.profile AS profile,
    named.experiment AS experiment,
    named.variant AS variant,
    counted.impression_kind AS impression_kind,
    counted.clicks AS clicks,
    counted.gross_clicks AS gross_clicks,
    counted.impressions AS impressions,
    counted.gross_impressions AS gross_impressions
FROM {{ ref('stg_ctr_days') }} AS counted
LEFT JOIN {{ ref('stg_links') }} AS named ON counted.link = named.link
