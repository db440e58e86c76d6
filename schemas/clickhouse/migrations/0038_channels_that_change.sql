-- What:   link_names sees every change of channels, also one that was merged at once
-- Grain:  as in 0025: link
-- Writer: none, loaded from links_named
-- Undo:   apply the dictionary of 0025 again
-- Why:    versions are of a channel: a first one of a channel is below the second one of another. It was noticed by the
--         number of rows alone, and a merge within the seconds until that was asked took this away; kinds and ranges
--         stayed as they had been until any link changed
CREATE OR REPLACE DICTIONARY link_names
(
    link String,
    account String,
    campaign String,
    post String,
    channel String,
    profile String,
    awareness Bool,
    kinds Array(UInt8),
    divides_by UInt8 DEFAULT 15,
    range_low Nullable(Float64),
    range_high Nullable(Float64),
    account_key UInt128,
    post_key UInt128,
    campaign_key UInt128,
    channel_key UInt128,
    profile_key UInt128
)
PRIMARY KEY link
SOURCE(CLICKHOUSE(
    TABLE 'links_named'
    INVALIDATE_QUERY 'SELECT sum(cityHash64(*)) FROM (SELECT count(), max(version) FROM {database}.links UNION ALL SELECT count(), sum(cityHash64(channel, version)) FROM {database}.channels FINAL)'
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 2 MAX 5);
