SELECT * FROM {{ source('clicktally', 'post_performance') }}
