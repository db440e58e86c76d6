{# A report holds the clicks of all days, no more and no less. A warning only: clicks come in while it is read. #}
{% test adds_up_to_days(model) %}
{{ config(severity='warn') }}
SELECT report.c AS report_clicks, days.c AS clicks_of_days
FROM (SELECT sum(clicks) AS c, sum(gross_clicks) AS g FROM {{ model }}) AS report
CROSS JOIN (SELECT sum(clicks) AS c, sum(gross_clicks) AS g FROM {{ ref('stg_ctr_days') }}) AS days
WHERE report.c != days.c OR report.g != days.g
{% endtest %}
