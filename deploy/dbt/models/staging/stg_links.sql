SELECT
    link,
    domain,
    slug,
    destination,
    toString(account) AS account,
    campaign,
    post,
    lower(trim(links.channel)) AS channel,
    profile,
    toString(experiment) AS experiment,
    variant,
    toString(aim) AS aim,
    toBool(deleted) AS is_deleted
FROM {{ source('clicktally', 'links') }} AS links FINAL
