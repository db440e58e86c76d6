"""A record of the topic `links` as a row of the table `links`."""

import msgspec
import pyarrow as pa
import pytest

from schemas.links import Link, Rules
from stream.tables.copied import Row
from stream.tables.links import LINKS_TABLE, link_row
from tests.builders import NOW_MS

LINK = Link(domain="go.example", slug="a", destination="https://example.com/", campaign="spring", updated_at_ms=5)


def row_of(link: Link) -> Row:
    return link_row(link.key.encode(), msgspec.json.encode(link), NOW_MS)


def stored(row: Row) -> Row:
    """As Arrow would send it."""
    (row_of_arrow,) = pa.Table.from_pylist([row | {"version": 0}], schema=LINKS_TABLE.schema).to_pylist()
    return dict(row_of_arrow)


def test_a_link_becomes_a_row() -> None:
    row = stored(row_of(LINK))
    assert (row["link"], row["campaign"], row["status"], row["deleted"]) == ("go.example/a", "spring", 302, False)
    assert (row["updated_at"].timestamp(), row["expires_at"]) == (0.005, None)  # type: ignore[attr-defined] # a datetime, from Arrow


def test_a_record_without_a_value_deletes_the_link() -> None:
    row = stored(link_row(b"go.example/a/b", None, NOW_MS))
    assert (row["domain"], row["slug"], row["deleted"], row["destination"]) == ("go.example", "a/b", True, "")


def test_a_link_is_stored_with_its_post_and_how_it_is_judged() -> None:
    link = msgspec.structs.replace(
        LINK,
        tags=("a", "b"),
        post_id="1",
        published_at_ms=7,
        impressions="viewable",
        aim="awareness",
        origins=("https://a.example",),
        rules=Rules(v=1, compiled={"any": ["thing"]}),
        v=2,
    )
    row, gone = stored(row_of(link)), stored(link_row(b"go.example/b", None, NOW_MS))
    assert (row["tags"], row["post_id"], row["origins"]) == (["a", "b"], "1", ["https://a.example"])
    assert (row["ctr_impressions"], row["aim"]) == ("viewable", "awareness")
    assert row["published_at"].timestamp() == 0.007  # type: ignore[attr-defined] # a datetime, from Arrow
    assert row["rules"] == '{"v":1,"compiled":{"any":["thing"]}}'
    assert row.keys() == gone.keys()
    assert (gone["tags"], gone["origins"], gone["rules"], gone["published_at"]) == ([], [], "", None)


def test_a_link_of_a_newer_release_is_stored_for_what_is_known_of_it() -> None:
    newer = msgspec.json.encode(msgspec.structs.replace(LINK, v=9))[:-1] + b',"password":"x"}'
    assert link_row(b"go.example/a", newer, NOW_MS)["link"] == "go.example/a"


DEEP = b'{"q":' + b"[" * 100_000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, msgspec.json.encode(LINK)),
        (b"", None),
        (b"\xff/x", None),
        (b"go.example/b", msgspec.json.encode(LINK)),
        (b"go.example/a", b"garbage"),
        (b"go.example/a", b"{}"),
        (b"go.example/a", b"\xff"),
        (b"go.example/a", b""),
        (b"go.example/a", DEEP),
        (b"go.example/a", msgspec.json.encode(LINK).replace(b"spring", b"\xff")),
    ],
)
def test_a_record_that_is_no_link_is_refused(key: bytes | None, value: bytes | None) -> None:
    with pytest.raises((ValueError, msgspec.DecodeError, RecursionError)):
        link_row(key, value, NOW_MS)


@pytest.mark.parametrize("time_ms", [-(2**63), -1, 2**52, 2**63, 2**64 - 1])
def test_times_that_no_column_holds_are_cut(time_ms: int) -> None:
    row = stored(row_of(msgspec.structs.replace(LINK, expires_at_ms=time_ms, updated_at_ms=time_ms)))
    assert {row["expires_at"].year, row["updated_at"].year} in ({1970}, {2200})  # type: ignore[attr-defined] # datetimes, from Arrow
