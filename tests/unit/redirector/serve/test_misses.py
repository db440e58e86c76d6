from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirector.serve.misses import NAMED, Misses, TopSlugs, host_of, shown_slug
from schemas.misses import Miss, MissedMinute

MINUTE_MS = 60_000
few_keys = st.lists(st.integers(0, 12).map(lambda number: ("go.example", f"s{number}", "")), max_size=300)


@given(few_keys, st.integers(1, 8), st.integers(1, 8))
def test_no_slug_is_counted_too_often_the_frequent_stay_and_the_sum_is_all_requests(
    keys: list[tuple[str, str, str]], kept: int, told: int
) -> None:
    top = TopSlugs(kept)
    for key in keys:
        top.add(key)
    rows = top.rows("unknown", told)
    truth = Counter(keys)
    named = {(row.domain, row.slug, row.referrer): row.requests for row in rows if row.domain}
    assert sum(row.requests for row in rows) == len(keys)
    assert all(truth[key] - len(keys) // (kept + 1) <= count <= truth[key] for key, count in named.items())
    assert len(rows) <= told + 1
    if told >= kept:
        assert {key for key, count in truth.items() if count > len(keys) // (kept + 1)} <= set(named)


def test_a_million_guesses_hide_no_slug_that_people_ask_for_and_fill_no_memory() -> None:
    misses = Misses(kept=100, named=10)
    for number in range(100_000):
        misses.add("unknown", "go.example", f"/guess{number}", "", 0)
        if number % 50 == 0:
            misses.add("unknown", "go.example", "/sprign", "https://www.a.example/page", 0)
    (minute,) = misses.take(MINUTE_MS)
    first, other = minute.rows[0], minute.rows[-1]
    assert (first.slug, first.referrer) == ("sprign", "a.example")
    assert 2000 - 102_000 // 101 <= first.requests <= 2000
    assert (other.domain, other.slug) == ("", "")
    assert minute.requests == 102_000
    assert len(minute.rows) <= 11


def test_guesses_push_no_expired_link_out() -> None:
    misses = Misses(kept=1, named=5)
    for number in range(100):
        misses.add("unknown", "go.example", f"/guess{number}", "", 0)
        misses.add("expired", "go.example", "/over", "", 0)
    (minute,) = misses.take(MINUTE_MS)
    assert Miss(reason="expired", requests=100, domain="go.example", slug="over") in minute.rows


def test_a_minute_is_taken_once_when_it_is_over_or_when_all_is() -> None:
    misses = Misses(new_id=iter("abc").__next__)
    misses.add("unknown", "GO.example:8080", "/a?q=1", "", MINUTE_MS * 2 - 1)
    assert misses.take(MINUTE_MS * 2 - 1) == []
    misses.add("unknown", "go.example", "/b", "", MINUTE_MS * 2)
    one = Miss(reason="unknown", requests=1, domain="go.example", slug="a")
    assert misses.take(MINUTE_MS * 2) == [MissedMinute(id="a", minute=1, rows=[one])]
    assert [minute.minute for minute in misses.take_all()] == [2]
    assert misses.take_all() == []
    assert misses.take(MINUTE_MS * 9) == []


def test_of_minutes_that_nobody_takes_the_oldest_go_and_are_counted_as_lost() -> None:
    misses = Misses()
    for minute in range(100):
        misses.add("unknown", "go.example", "/a", "", minute * MINUTE_MS)
    assert [minute.minute for minute in misses.take(100 * MINUTE_MS)] == list(range(40, 100))
    assert misses.lost == 40


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("/", ""),
        ("/a/b?x=1", "a/b"),
        ("/%C3%BC", "ü"),
        ("/a%00b%1b[2J", "a\ufffdb\ufffd[2J"),
        ("/a\u202eb", "a\ufffdb"),
        ("/" + "x" * 129, "x" * 128),
        ("/" + "%F0%9F%98%80" * 129, "\U0001f600" * 128),
        ("/%ff%fe", shown_slug("/%ff%fe")),
        ("/\udcff", shown_slug("/\udcff")),
    ],
)
def test_a_slug_is_shown_as_links_write_it_cut_and_without_what_cannot_be_shown(path: str, slug: str) -> None:
    assert shown_slug(path) == slug
    assert slug.isprintable()
    msgspec.json.encode(slug)


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("", ""),
        ("https://www.A.example/page?q#f", "a.example"),
        ("https://user:pass@a.example:8443", "a.example"),
        ("android-app://com.slack/", "com.slack"),
        ("nonsense", ""),
        ("https://" + "x" * 9000, "x" * 253),
        ("https://a\x00b/", "a\ufffdb"),
    ],
)
def test_of_a_referring_page_the_host_is_kept(referrer: str, host: str) -> None:
    assert host_of(referrer) == host


@given(st.text(), st.text())
def test_whatever_is_asked_for_makes_a_record_that_is_read_back(path: str, referrer: str) -> None:
    misses = Misses()
    misses.add("unknown", "go.example", "/" + path, referrer, 0)
    (minute,) = misses.take_all()
    assert msgspec.json.decode(msgspec.json.encode(minute), type=MissedMinute) == minute


def test_a_record_of_the_worst_requests_is_far_below_what_kafka_takes() -> None:
    misses = Misses()
    for reason in ("unknown", "expired"):
        for number in range(2000):
            slug = f"/{number}" + "%F0%9F%98%80" * 500
            misses.add(reason, "x" * 60 + ".example", slug, "https://" + "\u00fc" * 9000, 0)
    (minute,) = misses.take_all()
    assert len(minute.rows) == 2 * (NAMED + 1)
    assert len(msgspec.json.encode(minute)) < 400_000
