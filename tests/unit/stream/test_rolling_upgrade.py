"""Old and new processes side by side: every line that one writes is counted alike by the other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.events import Click, Event, Impression, Routing
from schemas.snapshots import Snapshot
from schemas.topics import CLICKS, IMPRESSIONS
from stream.dead_letters import letter_of
from stream.decode import Poison
from tests import golden
from tests.builders import read_record, record
from tests.golden import first_types

GOLDEN = Path(golden.__file__).parent
RELEASES = ("first", "second")
PLACES = [(CLICKS, "clicks"), (IMPRESSIONS, "impressions")]
AT_MS = 1_795_478_400_000

WHOLE: dict[str, Any] = {
    "time_ms": AT_MS,
    "link": "go.example/launch",
    "seq": 9,
    "visitor": 42,
    "ua": "Mozilla/5.0",
    "referrer": "https://news.example/",
    "purpose": "prefetch",
    "country": "DE",
    "region": "BY",
    "language": "de-at",
    "network": "mail_scanner",
    "utm_source": "news",
    "utm_medium": "email",
    "utm_campaign": "frühling",
    "utm_term": "t",
    "utm_content": "c",
    "destination": 2,
    "click_id": "0123456789abcdef",
    "scan": 1,
}
SECOND: dict[str, list[Event]] = {
    CLICKS: [Click(**WHOLE), Click(time_ms=AT_MS, link="go.example/", country="FR")],
    IMPRESSIONS: [
        Impression(**WHOLE, source="pixel", kind="served"),
        Impression(time_ms=AT_MS, link="go.example/a", source="beacon", kind="viewable", count=3, language="fr"),
    ],
}
FIRST_TYPES: dict[str, Any] = {CLICKS: first_types.Click, IMPRESSIONS: first_types.Impression}


SNAPSHOTS = [
    Snapshot(
        observed_ms=AT_MS,
        platform="facebook",
        post="111_222",
        series="post_media_view@v25.0",
        total=1530,
        link="go.example/launch",
        published_ms=AT_MS - 86_400_000,
        source="api",
        account="acme",
        profile="Spring & Söhne",
        permalink="https://facebook.example/222",
        other_ids=("222",),
        urls=("https://go.example/launch",),
        side={"post_clicks": 58, "post_total_media_view_unique": 900},
        is_retired=True,
        provisional=True,
        seq=7,
        spool="0badc0de",
    ),
    Snapshot(
        observed_ms=AT_MS,
        platform="google-ads",
        post="987",
        series="impressions/day@v26",
        total=0,
        start_ms=AT_MS - 86_400_000,
        end_ms=AT_MS,
    ),
]


def golden_lines(release: str, name: str) -> bytes:
    return (GOLDEN / f"{release}_{name}.ndjson").read_bytes()


def first_fields(event: Any) -> dict[str, Any]:
    """What the first release knew of an event."""
    known = FIRST_TYPES[CLICKS if isinstance(event, Click | first_types.Click) else IMPRESSIONS]
    return {name: getattr(event, name) for name in known.__struct_fields__}


def first_stream(topic: str, value: bytes) -> Iterator[Any]:
    """The lines as the first stream read them: an error where it wrote a dead letter."""
    for line in value.splitlines():
        head = msgspec.json.decode(line, type=first_types.Head)
        assert head.v == first_types.VERSION, "a dead letter: unsupported_version"
        yield msgspec.json.decode(line, type=FIRST_TYPES[topic])


@pytest.mark.parametrize(("topic", "name"), PLACES)
def test_what_this_release_writes_is_what_was_written_when_it_came_out(topic: str, name: str) -> None:
    lines = b"".join(msgspec.json.encode(event) + b"\n" for event in SECOND[topic])
    assert lines == golden_lines("second", name)


@pytest.mark.usefixtures("with_and_without_the_scanner")
@pytest.mark.parametrize(("topic", "name"), PLACES)
@pytest.mark.parametrize("release", RELEASES)
def test_a_new_stream_reads_what_redirectors_of_all_releases_write(release: str, topic: str, name: str) -> None:
    lines = golden_lines(release, name)
    read = read_record(topic, lines)
    assert read.poison == []
    assert [first_fields(event) for event in read.events] == [
        first_fields(one) for one in first_stream(topic, lines)
    ]
    if release == "second":
        assert read.events == SECOND[topic]


@pytest.mark.usefixtures("with_and_without_the_scanner")
@pytest.mark.parametrize(("topic", "name"), PLACES)
def test_lines_of_old_and_new_redirectors_may_lie_in_one_record(topic: str, name: str) -> None:
    first, second = (golden_lines(release, name) for release in RELEASES)
    read = read_record(topic, first + second + first)
    assert read.poison == []
    assert len(read.events) == len((first + second + first).splitlines())


@pytest.mark.parametrize(("topic", "name"), PLACES)
@pytest.mark.parametrize("release", RELEASES)
def test_an_old_stream_counts_what_new_redirectors_write_and_loses_nothing_it_knew(
    release: str, topic: str, name: str
) -> None:
    lines = golden_lines(release, name)
    now = [msgspec.json.decode(line, type=Click | Impression) for line in lines.splitlines()]
    assert [first_fields(one) for one in first_stream(topic, lines)] == [first_fields(event) for event in now]


@pytest.mark.parametrize("name", ["clicks", "impressions"])
@pytest.mark.parametrize("release", RELEASES)
def test_an_old_relay_sends_what_new_redirectors_write_to_the_same_place(release: str, name: str) -> None:
    for line in golden_lines(release, name).splitlines():
        old, new = msgspec.json.decode(line, type=first_types.Routing), msgspec.json.decode(line, type=Routing)
        assert (old.type, old.link, old.seq, old.spool) == (new.__struct_config__.tag, new.link, new.seq, new.spool)


@pytest.mark.usefixtures("with_and_without_the_scanner")
@pytest.mark.parametrize(("topic", "name"), PLACES)
def test_a_meaning_that_this_release_does_not_know_is_kept_for_one_that_does(topic: str, name: str) -> None:
    newer = b"".join(line[:-1] + b',"v":2}\n' for line in golden_lines("second", name).splitlines())
    read = read_record(topic, newer)
    assert read.events == []
    assert {poison.reason for poison in read.poison} == {"unsupported_version"}


def test_snapshots_are_written_and_read_as_they_were_when_they_came_out() -> None:
    lines = golden_lines("second", "snapshots")
    assert b"".join(msgspec.json.encode(one) + b"\n" for one in SNAPSHOTS) == lines
    read = read_record(IMPRESSIONS, golden_lines("second", "impressions") + lines)
    assert read.poison == []
    assert read.snapshots == SNAPSHOTS
    assert read.events == SECOND[IMPRESSIONS]


def test_what_an_old_stream_buries_of_snapshots_counts_when_a_new_one_is_sent_it_again() -> None:
    for line in golden_lines("second", "snapshots").splitlines():
        with pytest.raises(msgspec.ValidationError):
            list(first_stream(IMPRESSIONS, line))
        letter = letter_of(record(line, topic=IMPRESSIONS), Poison(0, "not_an_event", "an old stream", line))
        assert letter.value == line
        assert len(read_record(IMPRESSIONS, letter.value).snapshots) == 1
