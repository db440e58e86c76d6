SELECT * FROM {{ source('clicktally', 'variant_comparison') }}
