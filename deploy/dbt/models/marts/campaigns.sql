SELECT * FROM {{ source('clicktally', 'campaign_performance') }}
