from datetime import UTC, datetime
from typing import Any

from schemas.events import FIELDS, Event
from schemas.topics import IMPRESSIONS
from stream.deltas import Record
from stream.enrich.enricher import Enricher
from stream.enriched import enriching
from stream.event_rows import EVENT_COLUMNS
from stream.fold import Fold
from stream.judged import TURN, judge
from tests.builders import (
    BOT,
    BROWSER,
    CLASSIFIER,
    ENRICHER,
    LINK,
    NOW_MS,
    RULES,
    batch,
    click,
    event_block,
    impression,
    new_fold,
    numbered,
    record,
)
from tests.fakes import Row, rows_of

AT = datetime.fromtimestamp(NOW_MS / 1000, UTC)


def fold_of(*records: Record) -> Fold:
    fold = new_fold()
    for one in records:
        fold.add(one)
    return fold


def events_stored(*events: Event, topic: str = "clicks") -> list[Row]:
    return rows_of(event_block(fold_of(record(events, topic=topic)).take_deltas(), topic))


WHOLE: dict[str, Any] = {
    "visitor": 3,
    "referrer": "https://example.com/",
    "purpose": "preview",
    "country": "DE",
    "region": "BY",
    "language": "de-at",
    "network": "office",
    "utm_source": "news",
    "utm_medium": "email",
    "utm_campaign": "ä",
    "utm_term": "t",
    "utm_content": "c",
    "destination": 2,
    "click_id": "0123456789abcdef",
    "scan": 1,
}


def test_every_field_is_stored_and_where_it_came_from() -> None:
    fold = fold_of(batch("aa", [click(seq=7, **WHOLE)], offset=4))
    (row,) = rows_of(event_block(fold.take_deltas()))
    assert row == WHOLE | {
        "type": "click",
        "time": AT,
        "link": LINK,
        "class": "prefetch",
        "reason": "purpose",
        "rules": RULES.number,
        "count": 1,
        "ua": BROWSER,
        "topic": "clicks",
        "partition": 0,
        "record_offset": 4,
        "event_index": 0,
        "spool": "aa",
        "seq": 7,
        "received_at": AT,
        "device": "desktop",
        "os": "Linux",
        "browser": "Firefox",
        "referrer_source": "example.com",
        "referrer_medium": "referral",
        "referrer_host": "example.com",
        "enrichment": ENRICHER.number,
    }
    # What the table has beside it belongs to impressions.
    assert EVENT_COLUMNS.keys() - row.keys() == {"source", "impression_kind"}


def test_the_example_above_leaves_no_field_out() -> None:
    assert {field.name for field in FIELDS} <= WHOLE.keys() | {
        *("time_ms", "link", "seq", "ua", "spool", "v"),
        *("source", "kind", "count"),
    }


def test_a_column_in_which_nothing_stands_is_not_sent() -> None:
    (row,) = events_stored(click(ua=""))
    assert not row.keys() & (WHOLE.keys() | {"ua", "source", "impression_kind", "seq"})
    rows = events_stored(click(), click(country="FR"), click(scan=1), click())
    assert [(row["country"], row["scan"]) for row in rows] == [("", 0), ("FR", 0), ("", 1), ("", 0)]


def test_rows_are_sorted_and_each_keeps_its_own_fields() -> None:
    rows = events_stored(
        click("b/b", country="DE", click_id="1"),
        click("a/a", click_id="2"),
        click("a/b", country="FR"),
        click("a/a"),
    )
    assert [(row["link"], row["country"], row["click_id"]) for row in rows] == [
        ("a/a", "", "2"),
        ("a/a", "", ""),
        ("a/b", "FR", ""),
        ("b/b", "DE", "1"),
    ]


INSTAGRAM = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Mobile/15E148 Instagram 322.0.4.27.109 (iPhone14,5; iOS 17_4)"
)
ENRICHED = ("device", "os", "browser", "referrer_source", "referrer_medium", "referrer_host")


def test_rows_say_what_agent_and_referrer_mean() -> None:
    rows = events_stored(
        click("a/1", referrer="https://www.google.com/"),
        click("a/2", ua=INSTAGRAM),
        click("a/3", ua=INSTAGRAM, referrer="https://t.co/x"),
        click("a/4", ua=""),
        click("a/5", referrer="?"),
        click("a/6", referrer="https://www.google.com/"),
    )
    firefox = ("desktop", "Linux", "Firefox")
    instagram = ("phone", "iOS", "Instagram")
    assert [tuple(row[name] for name in ENRICHED) for row in rows] == [
        (*firefox, "Google", "search", "google.com"),
        (*instagram, "Instagram", "social", ""),
        (*instagram, "X", "social", "t.co"),
        ("unknown", "unknown", "unknown", "direct", "direct", ""),
        (*firefox, "unknown", "unknown", "unknown"),
        (*firefox, "Google", "search", "google.com"),
    ]
    assert {row["enrichment"] for row in rows} == {ENRICHER.number}


def test_of_whoever_saw_what_is_only_reported_nothing_is_known() -> None:
    shown = [
        impression("a/1"),
        impression("a/2", source="platform", kind="platform"),
        impression("a/3", source="api"),
    ]
    rows = rows_of(event_block(fold_of(record(shown, topic=IMPRESSIONS)).take_deltas(), IMPRESSIONS))
    assert [tuple(row[name] for name in ENRICHED[:4]) for row in rows] == [
        ("desktop", "Linux", "Firefox", "direct"),
        ("unknown",) * 4,
        ("unknown",) * 4,
    ]


def test_the_tables_that_give_it_have_a_number() -> None:
    assert ENRICHER.number < 32_768, (
        "tables or ua-parser changed: run `python -m stream.enrich number` and commit numbers.txt"
    )


def test_strangers_agents_and_referrers_are_looked_at_in_turns() -> None:
    fold = fold_of(record([click(ua=f"Agent {n}", referrer=f"https://{n}.example/") for n in range(TURN)]))
    judged = judge(fold.take_deltas().columns, CLASSIFIER)
    enricher = Enricher()
    assert len(list(enriching(judged, enricher))) == 2
    assert list(enriching(judged, enricher)) == []


def test_an_event_is_of_its_batch_s_spool_or_of_its_own() -> None:
    fold = fold_of(
        batch("aa", [click(seq=7)], offset=4),
        record([click(ua=BOT), click(spool="k1", seq=2)], offset=5, at_ms=NOW_MS + 1),
    )
    names = ("class", "reason", "record_offset", "event_index", "spool", "seq")
    assert [tuple(row[name] for name in names) for row in rows_of(event_block(fold.take_deltas()))] == [
        ("human", "", 4, 0, "aa", 7),
        ("bot", "user_agent", 5, 0, "", 0),
        ("human", "", 5, 1, "k1", 2),
    ]


def test_impressions_have_their_source_kind_and_count() -> None:
    shown = [impression(), impression(source="beacon", kind="viewable", count=12)]
    rows = rows_of(event_block(fold_of(record(shown, topic=IMPRESSIONS)).take_deltas(), IMPRESSIONS))
    assert [(row["type"], row["source"], row["impression_kind"], row["count"]) for row in rows] == [
        ("impression", "pixel", "served", 1),
        ("impression", "beacon", "viewable", 12),
    ]


def test_resent_events_and_dead_letters_are_no_events() -> None:
    fold = fold_of(
        batch("aa", numbered(1, 2)),
        batch("aa", [*numbered(1, 3), click(seq=4, time_ms=0)], offset=1),
        record(b"garbage", offset=2),
    )
    rows = rows_of(event_block(fold.take_deltas()))
    assert [(row["seq"], row["record_offset"], row["event_index"]) for row in rows] == [
        (1, 0, 0),
        (2, 0, 1),
        (3, 1, 2),
    ]
