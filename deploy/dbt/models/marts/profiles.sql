SELECT * FROM {{ source('clicktally', 'profile_performance') }}
