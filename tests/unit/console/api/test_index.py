"""The index finds what it was told, whatever it was told before; searches are checked against looking at all."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.api import index as index_module
from console.api import index_keys, index_segments
from console.api.index import Index
from console.api.link_search import LinkSearch, read_cursor
from console.api.problems import Problem
from console.api.wire import LinkFilters
from schemas.links import Link

WORDS = ("spring", "sale", "SPRING", "news", 'a"b', "100%", "ünï")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = Index(tmp_path)
    yield opened
    opened.close()


def link(number: int, **fields: object) -> Link:
    return msgspec.convert(
        {"domain": "go.example", "slug": f"s{number}", "destination": f"https://example.com/{number}"} | fields,
        Link,
    )


def put(index: Index, *links: Link, offset: int = 1) -> None:
    index.apply_links([(one.key, msgspec.json.encode(one)) for one in links], next_offset=offset, now_s=1_000.0)


def matching_slugs(index: Index, filters: LinkFilters, *, account: str = "", limit: int = 1000) -> list[str]:
    search, slugs, cursor = LinkSearch(index, within_s=10.0), list[str](), ""
    while True:
        page = search.page(filters, account=account, limit=limit, cursor=cursor)
        slugs += [one.slug for one in page.links]
        if page.cursor is None:
            return slugs
        cursor = page.cursor


def test_a_link_is_read_as_it_was_written_and_gone_once_it_is_deleted(index: Index) -> None:
    one = link(1)
    put(index, one)
    assert (index.link(one.key), index.has_links("go.example"), index.has_links("go.exampl")) == (one, True, False)
    index.apply_links([(one.key, None)], next_offset=2, now_s=1.0)
    assert (index.link(one.key), index.has_links("go.example")) == (None, False)
    assert matching_slugs(index, LinkFilters(search="example")) == []


def test_links_are_looked_up_at_once_whatever_their_names_are(index: Index) -> None:
    odd = [link(number, slug=slug) for number, slug in enumerate(('a"b', "\u00fc", "a\0b", "a", "1"))]
    put(index, *odd)
    values = {one.key: msgspec.json.encode(one) for one in odd}
    assert index.link_values([*values, "go.example/none", "go.example/a\0"]) == values
    assert index.link_values([]) == {}
    index.apply_links([(one.key, None) for one in odd], next_offset=2, now_s=1.0)
    assert index.link_values([*values]) == {}


@pytest.mark.parametrize("length", [3, 9, 10, 11, 12, 13, 14, 26])
def test_a_text_of_any_length_is_found_as_a_whole_and_not_by_its_parts(index: Index, length: int) -> None:
    text = "abcdefghijklmnopqrstuvwxyz"[:length]
    parts = " ".join(text[place : place + 3] for place in range(length - 2))
    put(index, link(1, title=f"x{text}y"), link(2, title=f"{text[:-1]}0 {text[-3:]}", tags=[parts[:60]]))
    assert matching_slugs(index, LinkFilters(search=text)) == (["s2", "s1"] if length == 3 else ["s1"])


def test_the_place_in_a_topic_is_kept_with_what_was_read(tmp_path: Path) -> None:
    index = Index(tmp_path)
    assert index.place("links") is None
    put(index, link(1), offset=7)
    identity = index.identity()
    index.close()
    again = Index(tmp_path)
    assert (again.place("links"), again.place("records")) == ((7, 1_000), None)
    assert (again.identity(), again.link("go.example/s1"), again.made_anew) == (identity, link(1), "")
    again.close()


def test_a_broken_file_and_one_of_another_layout_are_made_anew(tmp_path: Path) -> None:
    index = Index(tmp_path)
    put(index, link(1))
    identity = index.identity()
    index.close()
    (tmp_path / "index.sqlite").write_bytes(b"nonsense" * 1000)
    again = Index(tmp_path)
    assert (again.place("links"), again.link("go.example/s1"), again.made_anew) == (None, None, "damaged")
    assert again.identity() != identity
    again.close()


def test_pages_go_on_where_they_ended_whatever_is_made_meanwhile(index: Index) -> None:
    put(index, *(link(number) for number in range(10)))
    search = LinkSearch(index, within_s=10.0)
    first = search.page(LinkFilters(), account="", limit=4, cursor="")
    put(index, link(99))
    assert first.cursor is not None
    second = search.page(LinkFilters(), account="", limit=6, cursor=first.cursor)
    assert [one.slug for one in (*first.links, *second.links)] == [f"s{number}" for number in reversed(range(10))]
    assert second.cursor is None


def test_a_cursor_of_another_index_goes_by_the_links_name(tmp_path: Path) -> None:
    one, two = Index(tmp_path / "one"), Index(tmp_path / "two")
    put(one, *(link(number) for number in range(6)))
    put(two, link(50), *(link(number) for number in range(6)))
    cursor = LinkSearch(one, within_s=10.0).page(LinkFilters(), account="", limit=3, cursor="").cursor
    assert cursor is not None
    page = LinkSearch(two, within_s=10.0).page(LinkFilters(), account="", limit=2, cursor=cursor)
    assert [listed.slug for listed in page.links] == ["s2", "s1"]
    two.apply_links([(link(3).key, None)], next_offset=2, now_s=1.0)
    with pytest.raises(Problem, match="begin without"):
        LinkSearch(two, within_s=10.0).page(LinkFilters(), account="", limit=2, cursor=cursor)
    one.close()
    two.close()


def test_a_cursor_of_before_the_links_were_read_anew_goes_by_the_links_name(index: Index) -> None:
    put(index, *(link(number) for number in range(6)))
    cursor = LinkSearch(index, within_s=10.0).page(LinkFilters(), account="", limit=3, cursor="").cursor
    assert cursor is not None
    index.forget("records")
    assert len(LinkSearch(index, within_s=10.0).page(LinkFilters(), account="", limit=9, cursor=cursor).links) == 3
    index.forget("links")
    put(index, link(1), link(2), link(3), link(5))
    page = LinkSearch(index, within_s=10.0).page(LinkFilters(), account="", limit=9, cursor=cursor)
    assert [listed.slug for listed in page.links] == ["s2", "s1"]
    index.forget("links")
    put(index, link(1), link(2))
    with pytest.raises(Problem, match="begin without"):
        LinkSearch(index, within_s=10.0).page(LinkFilters(), account="", limit=9, cursor=cursor)


def test_a_page_that_takes_too_long_says_where_to_go_on(index: Index) -> None:
    put(index, *(link(number) for number in range(50)))
    clock = iter(range(10_000))
    slow = LinkSearch(index, within_s=2.0, clock=lambda: float(next(clock)))
    slugs: list[str] = []
    cursor: str | None = ""
    pages = 0
    while cursor is not None:
        page = slow.page(LinkFilters(), account="", limit=50, cursor=cursor)
        slugs += [one.slug for one in page.links]
        cursor, pages = page.cursor, pages + 1
    assert slugs == [f"s{number}" for number in reversed(range(50))]
    assert pages > 10


@pytest.mark.parametrize("text", ["x", "ab", "a\nb"])
def test_what_cannot_be_searched_for_is_said(index: Index, text: str) -> None:
    with pytest.raises(Problem) as raised:
        matching_slugs(index, LinkFilters(search=text))
    assert raised.value.details.parameter == "search"


@pytest.mark.parametrize("cursor", ["x", "ä", "WyJhIl0", "////"])
def test_what_is_no_cursor_is_said(cursor: str) -> None:
    with pytest.raises(Problem) as raised:
        read_cursor(cursor)
    assert raised.value.details.parameter == "cursor"


def test_an_account_finds_its_own_links_alone(index: Index) -> None:
    put(index, link(1, account="acme"), link(2, account="other"), link(3))
    assert matching_slugs(index, LinkFilters(), account="acme") == ["s1"]
    assert matching_slugs(index, LinkFilters(account="")) == ["s3"]
    with pytest.raises(Problem) as raised:
        matching_slugs(index, LinkFilters(account="other"), account="acme")
    assert raised.value.status == 403


def test_archived_links_are_left_out_unless_they_are_asked_for(index: Index) -> None:
    put(index, link(1), link(2, archived_at_ms=5))
    assert [matching_slugs(index, LinkFilters(archived=which)) for which in ("false", "true", "any")] == [
        ["s1"],
        ["s2"],
        ["s2", "s1"],
    ]


LINK = st.builds(
    link,
    st.integers(0, 9),
    title=st.sampled_from(WORDS),
    campaign=st.sampled_from(("", "c1", "c2")),
    channel=st.sampled_from(("", "mail")),
    tags=st.lists(st.sampled_from(("t1", "t2")), unique=True),
    archived_at_ms=st.sampled_from((None, 1)),
)
STEP = st.one_of(LINK, st.integers(0, 9))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.lists(STEP, max_size=6), max_size=6),
    search=st.sampled_from(("", "spring", "SALE", 'a"b', "100%", "ÜNÏ", "example", "zzz")),
    campaign=st.sampled_from((None, "", "c1")),
    tag=st.sampled_from((None, "t1")),
    limit=st.integers(1, 4),
    segment=st.sampled_from((1, 3, 65_536)),
    fresh_most=st.sampled_from((0, 2, 32_768)),
    at_once=st.sampled_from((1, 3, 8_192)),
)
def test_a_search_finds_what_looking_at_all_links_finds(  # noqa: PLR0917 - hypothesis names them
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[list[Link | int]],
    search: str,
    campaign: str | None,
    tag: str | None,
    limit: int,
    segment: int,
    fresh_most: int,
    at_once: int,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_segments, "SEGMENT", segment)
        patch.setattr(index_segments, "_FRESH_MOST", fresh_most)
        patch.setattr(index_segments, "_AT_ONCE", at_once)
        patch.setattr(index_segments, "_KNOWN_BY_NAME", at_once)
        patch.setattr(index_keys, "_NEW_MOST", at_once)
        index = Index(tmp_path_factory.mktemp("index"))
        there: dict[str, Link] = {}
        for batch in batches:
            changes = []
            for step in batch:
                key = step.key if isinstance(step, Link) else f"go.example/s{step}"
                changes.append((key, msgspec.json.encode(step) if isinstance(step, Link) else None))
                there.pop(key, None) if isinstance(step, int) else there.__setitem__(key, step)
            index.apply_links(changes, next_offset=1, now_s=1.0)
        filters = LinkFilters(search=search, campaign=campaign, tag=tag)
        expected = {
            one.slug
            for one in there.values()
            if one.archived_at_ms is None
            and (campaign is None or one.campaign == campaign)
            and (tag is None or tag in one.tags)
            and search.lower()
            in f"{one.slug}\n{one.destination}\n{one.title}\n{one.campaign}\n{one.channel}".lower()
        }
        slugs = matching_slugs(index, filters, limit=limit)
        assert (set(slugs), len(slugs)) == (expected, len(expected))
        assert index.link_values([f"go.example/s{number}" for number in range(10)]) == {
            key: msgspec.json.encode(one) for key, one in there.items()
        }
        assert index.has_links("go.example") == bool(there)
        index.close()


def test_names_that_share_a_hash_are_told_apart(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "hash_of", lambda _: 1)
    put(index, link(1), link(2))
    put(index, link(2, title="x"))
    assert (index.link("go.example/s1"), index.link("go.example/s2")) == (link(1), link(2, title="x"))
    index.apply_links([(link(1).key, None)], next_offset=2, now_s=1.0)
    assert (index.link("go.example/s1"), index.link("go.example/s2")) == (None, link(2, title="x"))


@pytest.mark.parametrize("fresh_most", [0, 32_768])
def test_what_a_broken_transaction_did_is_undone_and_done_again(
    index: Index, monkeypatch: pytest.MonkeyPatch, fresh_most: int
) -> None:
    monkeypatch.setattr(index_segments, "_FRESH_MOST", fresh_most)
    put(index, link(1, title="first"))
    with monkeypatch.context() as broken:
        broken.setattr(index_module, "_mark", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            put(index, link(2, title="second"), link(1, title="changed"))
    assert [matching_slugs(index, LinkFilters(search=text)) for text in ("second", "changed")] == [[], []]
    put(index, link(2, title="second"), link(1, title="changed"))
    assert [matching_slugs(index, LinkFilters(search=text)) for text in ("first", "second", "changed")] == [
        [],
        ["s2"],
        ["s1"],
    ]


def test_what_links_were_found_by_goes_with_the_last_of_a_segment(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_segments, "_FRESH_MOST", 8)
    monkeypatch.setattr(index_segments, "_AT_ONCE", 4)
    monkeypatch.setattr(index_keys, "_NEW_MOST", 10)

    def rows(table: str) -> int:
        return int(index.reader().execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    for turn in range(3):
        links = [link(100 * turn + number, title=f"title {turn} {number}") for number in range(20)]
        put(index, *links)
        index.apply_links([(one.key, None) for one in links[1:]], next_offset=2, now_s=1.0)
        assert matching_slugs(index, LinkFilters(search="title")) == [links[0].slug]
        index.apply_links([(links[0].key, None)], next_offset=3, now_s=1.0)
        assert [rows(table) for table in ("terms", "segments", "fresh", "hashes", "new_hashes")] == [0] * 5
    put(index, link(7))
    assert (rows("hashes"), rows("new_hashes")) == (0, 1), "room was made by those that are gone"
    assert matching_slugs(index, LinkFilters(search="example")) == ["s7"]


def test_what_sqlite_takes_back_by_itself_is_done_again(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_segments, "_FRESH_MOST", 0)
    with monkeypatch.context() as full:
        full.setattr(index_module, "_mark", lambda connection, *_: connection.execute("ROLLBACK"))
        with pytest.raises(sqlite3.OperationalError):
            put(index, link(1, title="first"))
    put(index, link(1, title="first"))
    assert matching_slugs(index, LinkFilters(search="first")) == ["s1"]


def test_an_index_that_is_locked_is_not_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Index(tmp_path)
    identity = first.identity()
    first.close()

    def locked(_: Index) -> sqlite3.Connection:
        raise sqlite3.OperationalError("database is locked")

    with monkeypatch.context() as busy:
        busy.setattr(Index, "_prepared", locked)
        with pytest.raises(sqlite3.OperationalError):
            Index(tmp_path)
    again = Index(tmp_path)
    assert again.identity() == identity
    again.close()


def test_a_topic_that_is_read_anew_is_found_anew(index: Index) -> None:
    put(index, *(link(number) for number in range(5)))
    index.forget("links")
    assert (matching_slugs(index, LinkFilters(search="example")), index.has_links("go.example")) == ([], False)
    put(index, link(7))
    assert matching_slugs(index, LinkFilters(search="example")) == ["s7"]


def test_a_search_reads_entries_of_one_moment_while_they_become_postings(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_segments, "_FRESH_MOST", 2)
    put(index, link(1), link(2))
    looked_for = index_segments._fresh_that_fit

    def after_a_change(*values: object, **named: object) -> list[int]:
        put(index, link(3))  # all become postings
        return looked_for(*values, **named)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(index_segments, "_fresh_that_fit", after_a_change)
    assert matching_slugs(index, LinkFilters(search="example")) == ["s2", "s1"]
