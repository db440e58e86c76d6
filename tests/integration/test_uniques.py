"""Distinct visitors by sketches, against sets of Python."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from schemas.clickhouse.migrate import read_migrations
from tests.integration.clickhouse_http import Http
from tests.integration.counted import link, run_sql

GRAINS = {
    "post": ("account", "campaign", "post", "channel"),
    "campaign": ("account", "campaign"),
    "channel": ("account", "channel"),
    "profile": ("account", "channel", "profile"),
    "account": ("account",),
}
NAMES = ("account", "campaign", "post", "channel", "profile")
FIRST = datetime(2026, 11, 1, tzinfo=UTC)
NAMELESS = dict.fromkeys(NAMES, "")


class Seen(NamedTuple):
    """An event and its link's names."""

    link: str
    names: dict[str, str]
    at: datetime
    type: str
    class_: str
    visitor: int
    offset: int


def insert(http: Http, events: Iterable[Seen]) -> None:
    """Write events as a flush does; writing them again changes nothing."""
    values = ", ".join(
        f"('{one.type}', '{one.at:%Y-%m-%d %H:%M:%S}', 'go.example/{one.link}', '{one.class_}', {one.visitor},"
        f" 'clicks', 0, {one.offset})"
        for one in events
    )
    columns = "type, time, link, class, visitor, topic, partition, record_offset"
    answer = http(f"INSERT INTO events ({columns}) VALUES", values.encode())
    assert answer.status == 200, answer.body


def random_events(http: Http, seed: int) -> list[Seen]:
    """Ten days of 40 links, some without names; a visitor has another number every day."""
    chosen = random.Random(seed)
    names = {f"l{number}": NAMELESS for number in range(40)}
    for name in [*names][:35]:
        names[name] = {
            "account": chosen.choice(["", "acme"]),
            "campaign": chosen.choice(["spring", "autumn", ""]),
            "post": chosen.choice(["teaser", "launch", ""]),
            "channel": chosen.choice(["", "x", "email"]),
            "profile": chosen.choice(["one", "two"]),
        }
        link(http, name, names[name])
    events = []
    for offset in range(6000):
        name = chosen.choice([*names])
        at = FIRST + timedelta(seconds=chosen.randrange(10 * 86400))
        person = chosen.randrange(0, 400)
        events.append(
            Seen(
                name,
                names[name],
                at,
                chosen.choice(["click", "click", "click", "impression"]),
                chosen.choice(["human", "human", "bot", "duplicate", "prefetch", "unknown"]),
                hash((person, at.date())) % 2**53 if person else 0,
                offset,
            )
        )
    return events


def counted(
    events: list[Seen], names: tuple[str, ...], since: datetime, until: datetime
) -> dict[tuple[str, ...], int]:
    """Distinct visitors of each UTC day, added up."""
    visitors: dict[tuple[str, ...], set[tuple[object, int]]] = {}
    for one in events:
        if one.type == "click" and one.class_ == "human" and one.visitor and since <= one.at < until:
            key = tuple(one.names[name] for name in names)
            visitors.setdefault(key, set()).add((one.at.date(), one.visitor))
    return {key: len(one) for key, one in visitors.items()}


@pytest.mark.parametrize("seed", [1, 2])
def test_visitors_are_counted_as_sets_count_them_by_every_label_and_range_of_hours(
    migrated: Http, seed: int
) -> None:
    events = random_events(migrated, seed)
    insert(migrated, events[:4000])
    insert(migrated, events[3000:])  # a crash before the head: the flush is written again, and cut otherwise
    chosen = random.Random(seed)
    ranges = [(FIRST, FIRST + timedelta(days=10))]
    for _ in range(4):
        since = FIRST + timedelta(hours=chosen.randrange(200))
        ranges.append((since, since + timedelta(hours=chosen.randrange(1, 60))))
    for since, until in ranges:
        between = f"since = '{since:%Y-%m-%d %H:%M:%S}', until = '{until:%Y-%m-%d %H:%M:%S}'"
        for by, names in GRAINS.items():
            rows = migrated.rows(
                f"SELECT {', '.join(names)}, unique_clicks FROM uniques_between(by = '{by}', {between})"
            )
            assert {tuple(row[:-1]): int(row[-1]) for row in rows} == counted(events, names, since, until)
        misspelt = migrated(f"SELECT * FROM uniques_between(by = 'posts', {between})")
        assert (misspelt.status, b"no such grain" in misspelt.body) == (500, True)
        rows = migrated.rows(f"SELECT link, unique_clicks FROM link_uniques_between({between})")
        of_links = {
            name: counted([one for one in events if one.link == name], (), since, until).get(())
            for name in {one.link for one in events}
        }
        assert {row[0]: int(row[1]) for row in rows} == {
            f"go.example/{name}": n for name, n in of_links.items() if n is not None
        }


@pytest.mark.parametrize(("visitors", "off_by"), [(5_000, 0.0), (65_000, 0.0001), (500_000, 0.02)])
def test_a_day_of_thousands_of_visitors_is_exact_and_a_larger_one_within_two_per_cent(
    migrated: Http, visitors: int, off_by: float
) -> None:
    run_sql(
        migrated,
        "INSERT INTO events (type, time, link, class, visitor, record_offset)"
        " SELECT 'click', toDateTime64('2026-11-03 00:00:00', 3, 'UTC') + number % 86400, concat('go.example/',"
        f" toString(number % 7)), 'human', bitShiftRight(cityHash64(number % {visitors}), 11) + 1, number"
        f" FROM numbers({visitors + visitors // 3})",
    )
    ((found,),) = migrated.rows(
        "SELECT unique_clicks FROM uniques_between(by = 'campaign', since = '2026-11-03 00:00:00',"
        " until = '2026-11-04 00:00:00')"
    )
    assert abs(int(found) - visitors) <= off_by * visitors


def test_the_first_hour_is_the_one_in_which_since_lies(migrated: Http) -> None:
    insert(
        migrated,
        [
            Seen("a", NAMELESS, FIRST + timedelta(minutes=minute), "click", "human", minute + 1, minute)
            for minute in (0, 59, 60, 119, 120)
        ],
    )
    for since, until, visitors in (
        ("00:00:00", "01:00:00", 2),
        ("00:59:00", "01:00:00", 2),
        ("01:00:00", "01:01:00", 2),
        ("02:00:00", "03:00:00", 1),
    ):
        ((found,),) = migrated.rows(
            "SELECT sum(unique_clicks) FROM link_uniques_between("
            f"since = '2026-11-01 {since}', until = '2026-11-01 {until}')"
        )
        assert int(found) == visitors


def test_a_flush_whose_visitors_cannot_be_kept_fails_and_written_again_counts_them(migrated: Http) -> None:
    one = Seen("a", NAMELESS, FIRST, "click", "human", 7, 1)
    run_sql(migrated, "RENAME TABLE visitors_1h TO elsewhere")
    with pytest.raises(AssertionError, match="visitors_1h"):
        insert(migrated, [one])
    run_sql(migrated, "RENAME TABLE elsewhere TO visitors_1h")
    insert(migrated, [one])
    between = "since = '2026-11-01 00:00:00', until = '2026-11-02 00:00:00'"
    assert migrated.rows(f"SELECT * FROM link_uniques_between({between})") == [["go.example/a", "1"]]


def test_visitors_of_events_that_were_there_before_the_table_are_counted_by_the_migration(migrated: Http) -> None:
    events = random_events(migrated, 3)
    run_sql(migrated, "SYSTEM STOP TTL MERGES events")  # these become older than what is kept
    insert(migrated, events)
    run_sql(migrated, "TRUNCATE TABLE visitors_1h")
    (fill,) = (
        statement
        for migration in read_migrations()
        for statement in migration.statements
        if statement.startswith("INSERT INTO visitors_1h")
    )
    run_sql(migrated, fill)
    between = "since = '2026-11-01 00:00:00', until = '2026-11-12 00:00:00'"
    rows = migrated.rows(
        f"SELECT account, campaign, unique_clicks FROM uniques_between(by = 'campaign', {between})"
    )
    everything = counted(events, ("account", "campaign"), FIRST, FIRST + timedelta(days=11))
    assert {tuple(row[:-1]): int(row[-1]) for row in rows} == everything
