"""The scanner takes a subset of what the event types take, and gives it the same meaning."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import (
    FIELDS,
    IMPRESSION_KINDS,
    IMPRESSION_SOURCES,
    NUMBER_LIMIT,
    Click,
    Event,
    Impression,
)
from schemas.fields import Field
from schemas.topics import CLICKS, IMPRESSIONS
from stream import scan_fields
from stream.columns import EventColumns
from stream.scanner import SOURCE, TEXTS, Layout, Scanner, ScannerError, build, scanner
from tests.builders import NOW_MS, click, events_of, impression, ndjson
from tests.fuzz.mutations import Mutator
from tests.fuzz.targets import LINES

TYPES: dict[str, type[Event]] = {CLICKS: Click, IMPRESSIONS: Impression}
CLICK = msgspec.json.encode(click(seq=3))
TABLE = {field.name: field for field in FIELDS}


def scan(value: bytes, topic: str = CLICKS) -> tuple[list[Event], int]:
    """The events that were scanned, and where the scan stopped."""
    built = scanner()
    assert built is not None, "run make setup"
    columns = EventColumns()
    columns.reserve(value.count(b"\n") + 1, len(value))
    stopped = built.scan(value, 0, 0, impressions=topic == IMPRESSIONS, layout=columns.layout)
    return events_of(columns, {}, topic=topic), stopped


def taken(line: bytes, topic: str = CLICKS) -> bool:
    events, stopped = scan(line, topic)
    assert stopped in {0, len(line)}
    assert bool(events) == bool(stopped)
    return bool(events)


USUAL: list[Event] = [
    click(),
    click(seq=NUMBER_LIMIT - 1, visitor=NUMBER_LIMIT - 1, referrer="https://example.com/a", purpose="prefetch"),
    click("ü/ü", ua="", referrer="https://example.com/ä/€/𝄞"),
    Click(time_ms=0, link="a/"),
    click(country="DE", region="BY", language="de-at", network="office", destination=65_535, click_id="0f", scan=1),
    click(utm_source="a", utm_medium="b", utm_campaign="ü", utm_term="t", utm_content="x" * 128),
    impression(),
    impression(country="DE", utm_source="a", scan=1, seq=9),
    impression(source="platform", kind="platform", count=10**9),
    *(impression(source=source, kind=kind) for source in IMPRESSION_SOURCES for kind in IMPRESSION_KINDS),
]


@pytest.mark.parametrize("event", USUAL, ids=repr)
def test_what_the_redirector_writes_is_scanned(event: Event) -> None:
    topic = CLICKS if isinstance(event, Click) else IMPRESSIONS
    assert scan(ndjson([event, event]), topic)[0] == [event, event]


def test_other_producers_may_order_the_fields_and_leave_spaces() -> None:
    line = b'{ "seq" : 7 , "link": "go.example/a","time_ms":1, "type": "click" }'
    assert scan(line)[0] == [Click(time_ms=1, link="go.example/a", seq=7)]


def test_the_last_line_may_lack_its_newline() -> None:
    assert scan(CLICK + b"\n" + CLICK) == ([click(seq=3)] * 2, 2 * len(CLICK) + 1)


@pytest.mark.parametrize(
    "odd",
    [
        b"",
        b" ",
        b"garbage",
        b"{}",
        b"{",
        CLICK[:-1],
        CLICK + b" ",
        CLICK + b"\r",
        b" " + CLICK,
        CLICK.replace(b"3,", b"3.0,"),
        CLICK.replace(b"3,", b"03,"),
        CLICK.replace(b"3,", b"-3,"),
        CLICK.replace(b"3,", b"3e1,"),
        CLICK.replace(b"3,", b'"3",'),
        CLICK.replace(b"3,", b"null,"),
        CLICK.replace(b"3,", b"%d," % 10**25),
        CLICK[:-1] + b',"seq":3}',
        CLICK[:-1] + b',"colour":1}',
        CLICK[:-1] + b',"v":1}',
        CLICK[:-1] + b',"spool":"k1"}',
        CLICK[:-1] + b',"source":"pixel"}',
        CLICK[:-1] + b",}",
        CLICK.replace(b'"seq":', b'"seq""visitor":'),
        CLICK.replace(b'"type":', b'"type"'),
        CLICK.replace(b'"link":', b'"link":"a/b","link":'),
        CLICK.replace(b"launch", b"laun\\u0063h"),
        CLICK.replace(b"launch", b"laun\tch"),
        CLICK.replace(b'"click"', b'"impression"'),
        CLICK.replace(b'"click"', b'"clicks"'),
        msgspec.json.encode({"type": "click", "time_ms": 1}),
        msgspec.json.encode({"type": "click", "link": "a/b"}),
        msgspec.json.encode({"time_ms": 1, "link": "a/b"}),
        msgspec.json.format(CLICK, indent=1),
    ],
    ids=repr,
)
def test_an_odd_line_stops_the_scan_before_it(odd: bytes) -> None:
    before = CLICK + b"\n"
    events, stopped = scan(before + odd + b"\n" + CLICK)
    assert (events, stopped) == ([click(seq=3)], len(before))


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"impression","time_ms":1,"link":"a/b","source":"pixel"}',
        b'{"type":"impression","time_ms":1,"link":"a/b","kind":"served"}',
        b'{"type":"impression","time_ms":1,"link":"a/b","source":"pixel","kind":"seen"}',
        b'{"type":"impression","time_ms":1,"link":"a/b","source":"pix","kind":"served"}',
        b'{"type":"impression","time_ms":1,"link":"a/b","source":"pixel","kind":"served","count":0}',
        b'{"type":"impression","time_ms":1,"link":"a/b","source":"pixel","kind":"served","count":1000000001}',
    ],
)
def test_an_odd_impression_is_left_alone(line: bytes) -> None:
    assert not taken(line, IMPRESSIONS)


@pytest.mark.parametrize("letter", ["a", "ü", "€", "𝄞"])
@pytest.mark.parametrize("field", [TABLE[name] for name in TEXTS], ids=lambda field: field.name)
def test_texts_are_taken_up_to_the_limits_of_the_event_type(field: Field, letter: str) -> None:
    for chars, inside in [
        (field.most, True),
        (field.most + 1, False),
        (field.least, True),
        (field.least - 1, False),
    ]:
        if chars >= 0:
            line: dict[str, Any] = {"type": "click", "time_ms": 1, "link": "a/b"} | {field.name: letter * chars}
            assert taken(msgspec.json.encode(line)) is inside


@pytest.mark.parametrize("name", ["time_ms", "seq", "visitor", "destination", "scan"])
def test_numbers_are_taken_within_the_limits_of_the_event_type(name: str) -> None:
    field = TABLE[name]
    for number, inside in [
        (field.least, True),
        (field.least - 1, False),
        (field.most, True),
        (field.most + 1, False),
    ]:
        line: dict[str, Any] = {"type": "click", "time_ms": 1, "link": "a/b"} | {name: number}
        assert taken(msgspec.json.encode(line)) is inside


def test_a_full_table_stops_the_scan() -> None:
    built, columns = scanner(), EventColumns()
    assert built is not None
    columns.reserve(1, 1 << 16)
    columns.layout.capacity = 1
    value = ndjson([click()] * 3)
    assert built.scan(value, 0, 0, impressions=False, layout=columns.layout) == value.index(b"\n") + 1
    assert len(columns) == 1


def judged_alike(line: bytes, topic: str) -> bool:
    """Whether a line was scanned; if so, its type must read the same."""
    events, _ = scan(line, topic)
    if events:
        assert events == [msgspec.json.decode(line, type=TYPES[topic])]
    return bool(events)


def test_no_mutation_is_scanned_as_anything_but_what_it_is() -> None:
    scanned = 0
    for number, line in enumerate(Mutator(7, LINES).lines(30_000)):
        try:
            line.decode()
        except UnicodeDecodeError:
            continue
        if b"\n" not in line:
            scanned += judged_alike(line, (CLICKS, IMPRESSIONS)[number % 2])
    assert scanned > 1000


fields = st.sampled_from(
    [
        *('"type":"click"', '"time_ms":17', '"link":"a/b"', '"seq":3', '"ua":"x"', '"visitor":0', '"v":1'),
        *('"purpose":""', '"country":"DE"', '"utm_term":"ü"', '"scan":1', '"scan":2', '"destination":0'),
    ]
)
joints = st.sampled_from([",", ", ", " ,", ",,", "", ":", "}", "{"])


@settings(deadline=None, max_examples=300)
@given(st.permutations(['"type":"click"', '"time_ms":17', '"link":"a/b"']), st.lists(st.tuples(joints, fields)))
def test_however_fields_are_put_together_a_scanned_line_reads_the_same(
    needed: list[str], more: list[tuple[str, str]]
) -> None:
    line = "{" + ",".join(needed) + "".join(joint + one for joint, one in more) + "}"
    judged_alike(line.encode(), CLICKS)


@pytest.mark.parametrize("change", ["/* more */", "a field", "a limit"])
def test_a_scanner_built_from_another_source_or_table_is_refused(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.c"
    other.write_text(SOURCE.read_text() + (change if change.startswith("/*") else ""))
    with monkeypatch.context() as patch:
        if change == "a field":
            colour = dataclasses.replace(TABLE["utm_term"], name="colour")
            patch.setattr(scan_fields, "SCANNED", (*scan_fields.SCANNED, colour))
            patch.setattr(scan_fields, "TEXT_FIELDS", (*scan_fields.TEXT_FIELDS, colour))
        elif change == "a limit":
            longer = [dataclasses.replace(one, most=one.most + 1) for one in scan_fields.SCANNED]
            patch.setattr(scan_fields, "SCANNED", longer)
        build(tmp_path / "other.so", source=other)
    with pytest.raises(ScannerError, match="another table of fields: build it again, `make setup`"):
        Scanner(tmp_path / "other.so")


def test_a_library_of_the_time_before_there_was_a_hash_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "older.c"
    source.write_text("long columns_size(void) { return 8; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "older.so", source], check=True)
    with pytest.raises(ScannerError, match="make setup"):
        Scanner(tmp_path / "older.so")


def test_the_same_source_gives_a_scanner_that_is_taken(tmp_path: Path) -> None:
    build(tmp_path / "same.so")
    Scanner(tmp_path / "same.so")
    assert [path.name for path in tmp_path.iterdir()] == ["same.so"]


def test_without_a_compiler_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", str(tmp_path / "no-such-cc"))
    with pytest.raises(ScannerError, match="apt-get install gcc"):
        build(tmp_path / "scan.so")


def test_what_the_compiler_says_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScannerError, match="no-such-flag"):
        build(tmp_path / "scan.so", "--no-such-flag")


def test_nothing_is_read_or_written_beyond_its_room(tmp_path: Path) -> None:
    library = tmp_path / "sanitized.so"
    build(library, "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    compiler = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.stream.sanitized_scan", str(library), "4000"],
        env={**os.environ, "LD_PRELOAD": compiler.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert int(done.stdout.split()[0]) > 1000


def test_the_layout_is_that_of_the_built_library() -> None:
    columns = EventColumns()
    columns.extend([click(), impression(count=5)], [0, 1])
    assert isinstance(columns.layout, Layout)
    assert len(columns) == 2
    assert columns.number("count").tolist() == [1, 5]
    assert columns.number("time_ms").tolist() == [NOW_MS, NOW_MS]
