SELECT * FROM {{ source('clicktally', 'channel_performance') }}
