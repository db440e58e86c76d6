{{ config(materialized='table', order_by='day') }}
SELECT toDate('2020-01-01') + number AS day FROM numbers(20 * 366)
