-- What:   every column of every table says in the database what it means, and those of link_performance and ctr_kinds;
--         the total of snapshots_now as Int64
-- Grain:  as before
-- Writer: as before; nothing is written anew, comments are metadata
-- Undo:   ALTER TABLE … MODIFY COLUMN … REMOVE COMMENT of each; apply link_performance
--         of 0029, ctr_kinds of 0009 and snapshots_now of 0014
-- Why:    who looks at a table in a BI tool sees what DESCRIBE says. Power BI takes no UInt64
ALTER TABLE links
    COMMENT COLUMN link 'domain/slug',
    COMMENT COLUMN domain 'host, lower case, international names in ASCII',
    COMMENT COLUMN slug 'path without its leading slash, escapes resolved',
    COMMENT COLUMN destination 'where the redirect leads',
    COMMENT COLUMN account 'whom the link belongs to; empty where there is one',
    COMMENT COLUMN title 'name for people',
    COMMENT COLUMN tags 'labels to filter by',
    COMMENT COLUMN campaign 'name of the campaign',
    COMMENT COLUMN post 'name of the post',
    COMMENT COLUMN channel 'x, linkedin, email, …',
    COMMENT COLUMN profile 'account that posted',
    COMMENT COLUMN variant 'variant of an experiment',
    COMMENT COLUMN experiment 'name of the experiment',
    COMMENT COLUMN post_id 'the platform''s id of the post that carries the link',
    COMMENT COLUMN post_url 'the post''s address on the platform',
    COMMENT COLUMN published_at 'when the post was published; NULL: not said',
    COMMENT COLUMN ctr_impressions 'kind of impressions that CTR divides by; empty: the channel''s default',
    COMMENT COLUMN aim 'awareness: impressions lead, CTR is not judged; empty: responses',
    COMMENT COLUMN origins 'origins of the pages that may report impressions; empty: all',
    COMMENT COLUMN rules 'compiled rules that choose the destination, as JSON; empty: none',
    COMMENT COLUMN status 'HTTP status of the redirect',
    COMMENT COLUMN expires_at 'when the link ends; NULL: never',
    COMMENT COLUMN updated_at 'when this version was written',
    COMMENT COLUMN deleted 'whether the link was deleted; the other columns are then those that it had',
    COMMENT COLUMN version 'order of the changes: (epoch << 40) + Kafka offset';

ALTER TABLE events
    COMMENT COLUMN type 'click or impression',
    COMMENT COLUMN time 'event time',
    COMMENT COLUMN link 'domain/slug',
    COMMENT COLUMN class 'traffic class: human, bot, prefetch, unknown; of a click also duplicate; of an impression also unverified',
    COMMENT COLUMN reason 'rule that gave the class',
    COMMENT COLUMN rules 'number of the rule set',
    COMMENT COLUMN source 'of an impression: pixel, beacon, api, platform',
    COMMENT COLUMN impression_kind 'of an impression: served, rendered, viewable, platform',
    COMMENT COLUMN count 'how many displays; 1 for a click',
    COMMENT COLUMN visitor 'keyed hash, new every day; 0: none, they asked not to be recognised',
    COMMENT COLUMN ua 'user agent, at most 512 characters',
    COMMENT COLUMN referrer 'referring page without query and fragment',
    COMMENT COLUMN purpose 'value of Sec-Purpose, Purpose, X-Purpose or X-Moz, if sent',
    COMMENT COLUMN country 'country of the address, ISO 3166-1 alpha-2; empty: unknown',
    COMMENT COLUMN region 'region of the address, ISO 3166-2 without the country; empty: unknown',
    COMMENT COLUMN language 'first of Accept-Language: language, region if given, in lower case, such as en-gb',
    COMMENT COLUMN network 'class of the address: datacenter, mail_scanner, office; empty: other',
    COMMENT COLUMN utm_source 'utm_source of the request',
    COMMENT COLUMN utm_medium 'utm_medium of the request',
    COMMENT COLUMN utm_campaign 'utm_campaign of the request',
    COMMENT COLUMN utm_term 'utm_term of the request',
    COMMENT COLUMN utm_content 'utm_content of the request',
    COMMENT COLUMN destination 'number of the destination that the visit was led to: 0 the link''s own, from 1 its variants and rules, 65534 before its start, 65535 after its end',
    COMMENT COLUMN click_id 'id of the click that the destination was given',
    COMMENT COLUMN scan '1: by the link''s QR code',
    COMMENT COLUMN device 'phone, tablet, desktop, tv, console, watch or unknown, by the user agent',
    COMMENT COLUMN os 'operating system by the user agent: iOS, Android, Windows, macOS, Linux, …, or unknown',
    COMMENT COLUMN browser 'browser by the user agent, an app''s own by the app''s name: Chrome, Safari, Instagram, LinkedIn, …, or unknown',
    COMMENT COLUMN referrer_source 'who sent the visitor: a house by its name (Google, ChatGPT, X), any other page''s host, an app, direct or unknown; of an app''s own browser without a referrer, the app',
    COMMENT COLUMN referrer_medium 'how: search, social, video, chat, email, ai, referral (another page), app, direct or unknown. The request''s own word is utm_medium',
    COMMENT COLUMN referrer_host 'host of the referring page without www., id of a referring app; empty: no referrer',
    COMMENT COLUMN enrichment 'number of what gave these six; 0: a worker of a release that gave none',
    COMMENT COLUMN topic 'Kafka topic it came by',
    COMMENT COLUMN partition 'Kafka partition',
    COMMENT COLUMN record_offset 'offset of its batch',
    COMMENT COLUMN event_index 'its place in the batch',
    COMMENT COLUMN spool 'spool of its identity',
    COMMENT COLUMN seq 'its number in that spool',
    COMMENT COLUMN received_at 'Kafka''s timestamp of its batch';

ALTER TABLE counters
    COMMENT COLUMN kind '0 delta, 1 head, 2 chain marker, 3 dedup state, 4 snapshot state, 5 gap left by retention, 6 clicks that are remembered',
    COMMENT COLUMN topic 'Kafka topic, in heads and markers followed by @ and the epoch; empty in deltas, recount in those that correct classes',
    COMMENT COLUMN partition 'Kafka partition; neutral in deltas',
    COMMENT COLUMN first_offset 'markers: first offset of the flush; snapshot state: where the period ends, in milliseconds, 0 for a post''s life; remembered clicks: slot',
    COMMENT COLUMN spool 'dedup state: spool; snapshot state: post',
    COMMENT COLUMN link 'deltas and snapshot state: domain/slug',
    COMMENT COLUMN window_start 'deltas: the minute; snapshot state: where the period begins',
    COMMENT COLUMN class 'deltas: traffic class',
    COMMENT COLUMN source 'deltas: source of impressions: pixel, beacon, api, platform; of differences of a platform''s totals snapshot (growth), opening (a first total that says nothing of when), revision (a correction); snapshot state: platform',
    COMMENT COLUMN impression_kind 'deltas: kind of impressions',
    COMMENT COLUMN rules 'deltas: number of the rule set',
    COMMENT COLUMN flush_month 'month of the flush''s first record by Kafka''s clock; the table''s partitions',
    COMMENT COLUMN clicks 'deltas: clicks',
    COMMENT COLUMN impressions 'deltas: impressions; negative ones are corrections',
    COMMENT COLUMN last_offset 'heads and markers: last offset applied',
    COMMENT COLUMN last_seq 'dedup state: last seq applied',
    COMMENT COLUMN touched_at 'when the row was last written, by Kafka''s clock; old markers and dedup state expire by it',
    COMMENT COLUMN batches 'markers: 1 a flush; more says that a flush was applied twice',
    COMMENT COLUMN records 'markers: Kafka records in the flush',
    COMMENT COLUMN events 'markers: events counted',
    COMMENT COLUMN resent 'markers: events dropped because they had been counted',
    COMMENT COLUMN dead_letters 'markers: events written to the dead letters',
    COMMENT COLUMN late 'markers: events counted after their window''s allowed lateness';

ALTER TABLE link_sums
    COMMENT COLUMN day 'the day, UTC',
    COMMENT COLUMN link 'domain/slug',
    COMMENT COLUMN version 'which making of the day these rows belong to',
    COMMENT COLUMN clicks 'human clicks',
    COMMENT COLUMN gross_clicks 'clicks of all traffic classes',
    COMMENT COLUMN impressions_viewable 'human impressions: a client says the content was in view',
    COMMENT COLUMN impressions_rendered 'human impressions: a client says it rendered the content',
    COMMENT COLUMN impressions_platform 'impressions that a platform reports',
    COMMENT COLUMN impressions_served 'human impressions: our pixel was fetched',
    COMMENT COLUMN impressions_of_all_kinds 'human impressions of all kinds',
    COMMENT COLUMN gross_impressions 'impressions of all kinds and traffic classes',
    COMMENT COLUMN fingerprint 'what this row adds to the fingerprint of its day, as in counted_days';

ALTER TABLE link_sum_days
    COMMENT COLUMN day 'the day, UTC',
    COMMENT COLUMN version 'the version of its rows in link_sums that may count, the highest: milliseconds since 1970, times 65536, plus days since 1970',
    COMMENT COLUMN fingerprint 'the fingerprint of these rows',
    COMMENT COLUMN made_at 'when it was made';

ALTER TABLE breakdowns
    COMMENT COLUMN day 'the day, UTC',
    COMMENT COLUMN link 'domain/slug',
    COMMENT COLUMN version 'which making of the day these rows belong to',
    COMMENT COLUMN class 'traffic class',
    COMMENT COLUMN device 'phone, tablet, desktop, tv, console, watch or unknown, by the user agent',
    COMMENT COLUMN os 'operating system by the user agent: iOS, Android, Windows, macOS, Linux, …, or unknown',
    COMMENT COLUMN browser 'browser by the user agent, an app''s own by the app''s name: Chrome, Safari, Instagram, LinkedIn, …, or unknown',
    COMMENT COLUMN referrer_source 'who sent the visitor: a house by its name (Google, ChatGPT, X), any other page''s host, an app, direct or unknown; of an app''s own browser without a referrer, the app',
    COMMENT COLUMN referrer_medium 'how: search, social, video, chat, email, ai, referral (another page), app, direct or unknown. The request''s own word is utm_medium',
    COMMENT COLUMN referrer_host 'host of the referring page without www., id of a referring app; empty: none or unknown',
    COMMENT COLUMN country 'country of the address, ISO 3166-1 alpha-2; empty: none or unknown',
    COMMENT COLUMN region 'region of the address, ISO 3166-2 without the country; empty: none or unknown',
    COMMENT COLUMN language 'first of Accept-Language: language, region if given, in lower case, such as en-gb; empty: none or unknown',
    COMMENT COLUMN utm_source 'utm_source of the request; empty: none or unknown',
    COMMENT COLUMN utm_medium 'utm_medium of the request; empty: none or unknown',
    COMMENT COLUMN utm_campaign 'utm_campaign of the request; empty: none or unknown',
    COMMENT COLUMN utm_term 'utm_term of the request; empty: none or unknown',
    COMMENT COLUMN utm_content 'utm_content of the request; empty: none or unknown',
    COMMENT COLUMN destination 'number of the destination that the visit was led to: 0 the link''s own, from 1 its variants and rules, 65534 before its start, 65535 after its end',
    COMMENT COLUMN scan '1: by the link''s QR code',
    COMMENT COLUMN clicks 'clicks; negative in a row of unknown values where events say more than was counted';

ALTER TABLE breakdown_days
    COMMENT COLUMN day 'the day, UTC',
    COMMENT COLUMN version 'the version of its rows that counts, the highest: milliseconds since 1970, times 65536, plus days since 1970',
    COMMENT COLUMN human 'its clicks of this class',
    COMMENT COLUMN bot 'the same',
    COMMENT COLUMN prefetch 'the same',
    COMMENT COLUMN duplicate 'the same',
    COMMENT COLUMN unknown 'the same',
    COMMENT COLUMN from_events 'how many of its clicks events told; the rest are of unknown values',
    COMMENT COLUMN made_at 'when it was made';

ALTER TABLE schema_migrations
    COMMENT COLUMN version 'number of the file',
    COMMENT COLUMN name 'name of the file',
    COMMENT COLUMN checksum 'SHA-256 of its statements',
    COMMENT COLUMN applied_at 'when it was applied';

CREATE OR REPLACE VIEW link_performance
(
    link String COMMENT 'domain/slug',
    account String COMMENT 'whom the link belongs to',
    campaign String COMMENT 'name of the campaign; empty also for a link that the table of links does not know, as the other names',
    post String COMMENT 'name of the post',
    channel String COMMENT 'channel, in lower case',
    profile String COMMENT 'account that posted',
    awareness Bool COMMENT 'whether the link''s aim is awareness',
    clicks Int64 COMMENT 'human clicks',
    gross_clicks Int64 COMMENT 'clicks of all traffic classes',
    impressions Int64 COMMENT 'human impressions of the kind that CTR divides by, which is chosen for the whole time asked for',
    impression_kind String COMMENT 'that kind; empty when nothing decides',
    impressions_of_all_kinds Int64 COMMENT 'human impressions of all kinds',
    ctr Nullable(Float64) COMMENT 'clicks / impressions; NULL without impressions',
    range_low Nullable(Float64) COMMENT 'lower end of the reference range of the channel; NULL: none',
    range_high Nullable(Float64) COMMENT 'upper end'
)
AS SELECT
    link,
    dictGet('link_names', 'account', link) AS account,
    dictGet('link_names', 'campaign', link) AS campaign,
    dictGet('link_names', 'post', link) AS post,
    dictGet('link_names', 'channel', link) AS channel,
    dictGet('link_names', 'profile', link) AS profile,
    dictGet('link_names', 'awareness', link) AS awareness,
    clicks,
    gross_clicks,
    impressions,
    if(
        impressions = 0 AND empty(kinds),
        '',
        ['viewable', 'rendered', 'platform', 'served'][
            arrayFirst(
                kind -> [impressions_viewable, impressions_rendered, impressions_platform, impressions_served][kind]
                    = impressions,
                if(empty(kinds), [1, 2, 3, 4], kinds)
            )
        ]
    ) AS impression_kind,
    impressions_of_all_kinds,
    if(impressions > 0, clicks / impressions, NULL) AS ctr,
    dictGet('link_names', 'range_low', link) AS range_low,
    dictGet('link_names', 'range_high', link) AS range_high
FROM
(
    SELECT
        *,
        dictGet('link_names', 'kinds', link) AS kinds,
        if(largest = -9223372036854775808, 0, largest) AS impressions
    FROM
    (
        SELECT
            *,
            dictGet('link_names', 'divides_by', link) AS divides_by,
            greatest(
                if(impressions_viewable != 0 AND bitTest(divides_by, 0), impressions_viewable, -9223372036854775808),
                if(impressions_rendered != 0 AND bitTest(divides_by, 1), impressions_rendered, -9223372036854775808),
                if(impressions_platform != 0 AND bitTest(divides_by, 2), impressions_platform, -9223372036854775808),
                if(impressions_served != 0 AND bitTest(divides_by, 3), impressions_served, -9223372036854775808)
            ) AS largest
        FROM link_sums_between(since = '1970-01-01 00:00:00', until = '2106-02-07 06:28:15')
    )
);

CREATE OR REPLACE VIEW ctr_kinds
(
    link String COMMENT 'domain/slug',
    kinds Array(String) COMMENT 'the kinds that are possible: the link''s own one, else those of its channel'
)
AS SELECT
    link,
    if(own.ctr_impressions != '', [own.ctr_impressions], usual.kinds) AS kinds
FROM
(
    SELECT link, ctr_impressions, lower(trim(channel)) AS channel FROM links FINAL
) AS own
LEFT JOIN
(
    SELECT channel, kinds FROM channels FINAL
) AS usual ON own.channel = usual.channel
WHERE notEmpty(kinds);

CREATE OR REPLACE VIEW snapshots_now
(
    link String COMMENT 'domain/slug; empty: not known',
    platform String COMMENT 'x, linkedin, facebook, …',
    post String COMMENT 'the platform''s id of the post or ad',
    series String COMMENT 'metric, scope and version of its definition',
    start_at Nullable(DateTime64(3, 'UTC')) COMMENT 'begin of the period; NULL for a total of the post''s life',
    end_at Nullable(DateTime64(3, 'UTC')) COMMENT 'end of the period; NULL for a total of the post''s life',
    observed_at DateTime64(3, 'UTC') COMMENT 'when the platform was asked last',
    total Int64 COMMENT 'what it said then',
    side Map(String, Int64) COMMENT 'other metrics, of the same answer; do not add up reach or uniques',
    published_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when the post was published; NULL: not known',
    source String COMMENT 'who read it: api, file or poll',
    account String COMMENT 'whom it belongs to',
    profile String COMMENT 'page or member that published the post',
    permalink String COMMENT 'the post''s address on the platform',
    is_retired Bool COMMENT 'the platform has replaced this metric',
    provisional Bool COMMENT 'the platform says that it will change'
)
AS SELECT
    link,
    platform,
    post,
    series,
    if(snapshots.end_at = 0, NULL, snapshots.start_at) AS start_at,
    if(snapshots.end_at = 0, NULL, snapshots.end_at) AS end_at,
    max(snapshots.observed_at) AS observed_at,
    toInt64(argMax(snapshots.total, newest)) AS total,
    argMax(snapshots.side, newest) AS side,
    nullIf(argMax(snapshots.published_at, newest), toDateTime64(0, 3, 'UTC')) AS published_at,
    argMax(snapshots.source, newest) AS source,
    argMax(snapshots.account, newest) AS account,
    argMax(snapshots.profile, newest) AS profile,
    argMax(snapshots.permalink, newest) AS permalink,
    argMax(snapshots.is_retired, newest) AS is_retired,
    argMax(snapshots.provisional, newest) AS provisional
FROM
(
    SELECT *, (snapshots.observed_at, snapshots.total, snapshots.record_offset, snapshots.event_index) AS newest
    FROM snapshots
) AS snapshots
GROUP BY link, platform, post, series, snapshots.start_at, snapshots.end_at;
